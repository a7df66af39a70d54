import { z } from "zod";
import type { DeployOutcome } from "../model/deploy.ts";
import { canonicalJson, sha256 } from "../support/hashing.ts";
import { forgeDeploy, type ReadDeployContext, type ToldDeploy, versionOf } from "./told-deploy.ts";

/** Only the members we need, and none but the identity is asked for: what is missing or of another kind is not there. */
const text = z.string().nullish().catch(undefined);
const account = z.object({ login: text }).nullish().catch(undefined);
const delivery = z.object({
  deployment: z.object({
    id: z.union([z.number(), z.string()]),
    sha: text,
    ref: text,
    task: text,
    environment: text,
    created_at: text,
    creator: account,
    payload: z.unknown(),
  }),
  deployment_status: z
    .object({ state: text, created_at: text, log_url: text, target_url: text, environment: text })
    .nullish(),
  repository: z.object({ name: z.string(), full_name: text, html_url: text }),
  workflow_run: z.object({ actor: account, triggering_actor: account }).nullish().catch(undefined),
  sender: account,
});

/** `pending`, `queued` and `waiting` are before anything happens, `inactive` is after another took its place. */
const outcomes: Readonly<Record<string, DeployOutcome>> = {
  in_progress: "started",
  success: "succeeded",
  failure: "failed",
  error: "failed",
};

/**
 * GitHub's `deployment` and `deployment_status`, by the event that `X-GitHub-Event` names. The service is the deployment's
 * payload member `service`, or what follows `deploy:` in its task, else the repository's name. Pure.
 */
export function readGithubDeploy(event: string, body: unknown, context: ReadDeployContext): ToldDeploy {
  if (event === "ping") return { kind: "ignored", why: "GitHub's ping: the webhook is set up" };
  if (event !== "deployment" && event !== "deployment_status") {
    return { kind: "ignored", why: "only the events deployment and deployment_status are looked at" };
  }
  const read = delivery.safeParse(body);
  if (!read.success) {
    return {
      kind: "faulty",
      faults: read.error.issues.map(({ path }) => ({ at: path.join("."), message: "this is not as GitHub sends it" })),
    };
  }
  const { deployment, deployment_status: status, repository, workflow_run: run, sender } = read.data;
  const state = status?.state ?? "";
  const outcome = status == null ? "started" : Object.hasOwn(outcomes, state) ? outcomes[state] : undefined;
  if (outcome === undefined) return { kind: "ignored", why: "in this state nothing has gone out" };
  const at = Date.parse(status?.created_at ?? deployment.created_at ?? "");
  const payload = payloadOf(deployment.payload);
  const [, task] = /^deploy:(.+)$/.exec(deployment.task ?? "") ?? [];
  const commitUrl =
    repository.html_url && deployment.sha ? `${repository.html_url}/commit/${deployment.sha}` : undefined;
  return forgeDeploy(
    {
      origin: "github",
      key: sha256(
        canonicalJson(["github", repository.html_url ?? repository.full_name ?? repository.name, `${deployment.id}`]),
      ),
      service: payload.service ?? task ?? repository.name,
      environment: deployment.environment ?? status?.environment,
      version: payload.version ?? versionOf(deployment.ref, deployment.sha),
      commit: deployment.sha,
      author: run?.triggering_actor?.login ?? run?.actor?.login ?? deployment.creator?.login ?? sender?.login,
      url: firstText(status?.log_url, status?.target_url, commitUrl),
      at: Number.isNaN(at) ? context.now : at,
      outcome,
    },
    context,
  );
}

/** What whoever made the deployment put with it: an object, or one as text. */
function payloadOf(payload: unknown): {
  readonly service?: string | null | undefined;
  readonly version?: string | null | undefined;
} {
  let value = payload;
  if (typeof value === "string") {
    try {
      value = JSON.parse(value);
    } catch {
      return {};
    }
  }
  return z.object({ service: text, version: text }).catch({}).parse(value);
}

function firstText(...texts: readonly (string | null | undefined)[]): string | undefined {
  return texts.find((each) => each != null && each !== "") ?? undefined;
}
