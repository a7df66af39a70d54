/*
 * What forges send, in the shape of their documents (docs.github.com: webhook events and payloads, `deployment` and
 * `deployment_status`; docs.gitlab.com: webhook events, deployment events), with the members that we do not read among them.
 */

const commit = "a10867b14bb761a232cd80139fbd4c0d33264240";
const repositoryUrl = "https://github.com/acme/checkout";

const githubDeployment = {
  url: "https://api.github.com/repos/acme/checkout/deployments/145988746",
  id: 145988746,
  node_id: "MDEwOkRlcGxveW1lbnQxNDU5ODg3NDY=",
  sha: commit,
  ref: "refs/tags/v1.4.2",
  task: "deploy",
  payload: {} as unknown,
  original_environment: "production",
  environment: "production",
  description: null,
  creator: { login: "anna", id: 21031067, type: "User", site_admin: false },
  created_at: "2026-01-05T09:40:00Z",
  updated_at: "2026-01-05T09:48:00Z",
  statuses_url: "https://api.github.com/repos/acme/checkout/deployments/145988746/statuses",
  repository_url: "https://api.github.com/repos/acme/checkout",
};

const githubRepository = {
  id: 186853002,
  name: "checkout",
  full_name: "acme/checkout",
  private: true,
  html_url: repositoryUrl,
  default_branch: "main",
};

const githubSender = { login: "github-actions[bot]", id: 41898282, type: "Bot" };

/** `X-GitHub-Event: deployment`. */
export function githubDeploymentEvent(deployment: Record<string, unknown> = {}) {
  return {
    action: "created",
    deployment: { ...githubDeployment, ...deployment },
    workflow: null,
    workflow_run: null,
    repository: githubRepository,
    sender: githubSender,
  };
}

/** `X-GitHub-Event: deployment_status`. */
export function githubStatusEvent(status: Record<string, unknown> = {}, deployment: Record<string, unknown> = {}) {
  return {
    ...githubDeploymentEvent(deployment),
    deployment_status: {
      url: "https://api.github.com/repos/acme/checkout/deployments/145988746/statuses/209916254",
      id: 209916254,
      state: "success",
      creator: { login: "github-actions[bot]" },
      description: "",
      environment: "production",
      target_url: `${repositoryUrl}/actions/runs/4711`,
      log_url: `${repositoryUrl}/actions/runs/4711/job/1`,
      created_at: "2026-01-05T09:48:00Z",
      updated_at: "2026-01-05T09:48:00Z",
      ...status,
    },
  };
}

/** `X-Gitlab-Event: Deployment Hook`. */
export function gitlabDeploymentEvent(more: Record<string, unknown> = {}) {
  return {
    object_kind: "deployment",
    status: "success",
    status_changed_at: "2026-01-05 10:48:00 +0100",
    deployment_id: 15,
    deployable_id: 796,
    deployable_url: "https://gitlab.example.com/shop/checkout/-/jobs/796",
    environment: "production",
    environment_tier: "production",
    environment_slug: "production",
    environment_external_url: "https://shop.example.com",
    project: {
      id: 30,
      name: "Checkout Service",
      description: "",
      web_url: "https://gitlab.example.com/shop/checkout",
      avatar_url: null,
      namespace: "shop",
      visibility_level: 0,
      path_with_namespace: "shop/checkout",
      default_branch: "main",
    },
    short_sha: "279484c0",
    user: { id: 1, name: "Anna Weber", username: "anna", avatar_url: null, email: "[REDACTED]" },
    user_url: "https://gitlab.example.com/anna",
    commit_url: "https://gitlab.example.com/shop/checkout/-/commit/279484c09fbe69ededfced8c1bb6e6d24616b468",
    commit_title: "Round the sum later",
    ref: "main",
    ...more,
  };
}
