import type { Secret } from "../config/secret.ts";
import { showsToken } from "../learn/deploy-proof.ts";
import { readGithubDeploy } from "../learn/read-github-deploy.ts";
import { readGitlabDeploy } from "../learn/read-gitlab-deploy.ts";
import { readOwnDeploy } from "../learn/read-own-deploy.ts";
import type { ReadDeployContext, ToldDeploy } from "../learn/told-deploy.ts";
import { RequestFault } from "../server/faults.ts";
import type { Delivery, WebhookReceiver } from "../server/webhooks/receiver.ts";
import type { Store } from "../store/store.ts";
import { BackfeedError } from "../support/errors.ts";
import type { Logger } from "../support/logging.ts";

/** A forge's payload carries its repository and, from Actions, a whole workflow run: some 30 kB. */
const maxBodyBytes = 512 * 1024;
const deliveriesPerMinute = 600;

export interface DeployReceiverOptions {
  readonly token: Secret | undefined;
  readonly store: Pick<Store, "deploys">;
  /** Takes secrets out of one text, before it is stored. */
  readonly redact: (text: string) => string;
  readonly logger: Pick<Logger, "warn">;
  /** As `retention.deploys` says. */
  readonly keptForMs: number;
}

/** `POST /webhooks/deploys`: our own form, and GitHub's and GitLab's webhooks about deployments. */
export function deployReceiver({ token, store, redact, logger, keptForMs }: DeployReceiverOptions): WebhookReceiver {
  return {
    name: "deploys",
    operation: "receiveDeploy",
    summary:
      "A version went out: `{ service, environment, version, commit, author, at, url }`, or GitHub's or GitLab's deployment event.",
    proof:
      "`server.webhooks.deploys.token` as bearer token; as the secret of GitHub's webhook (`X-Hub-Signature-256`); as the secret " +
      "token (`X-Gitlab-Token`) or the signing token (`webhook-signature`) of GitLab's.",
    parameters: {},
    notConfigured:
      token === undefined
        ? "`server.webhooks.deploys.token` is not configured; docs/deploys.md says how to"
        : undefined,
    maxBodyBytes,
    deliveriesPerMinute,
    verify: ({ headers, body, now }) =>
      token !== undefined && showsToken({ headers, body, now }, token.reveal()) ? ["deploys"] : [],
    async take(delivery) {
      const told = read(delivery, { now: delivery.now, redact, keptForMs });
      if (told.kind === "ignored") return { outcome: "ignored", note: told.why };
      if (told.kind === "faulty") {
        const faults = told.faults.slice(0, 50).map((fault) => ({ in: "body", ...fault }));
        throw new RequestFault(400, "invalid_request", "the deploy is not as documented", { details: { faults } });
      }
      const { outcome, dropped } = await store.deploys.receive(told.deploy);
      if (dropped > 0) {
        // `DEPLOYS_DROPPED`: somebody tells of very many; what findings of long ago had before them is no longer known.
        logger.warn("DEPLOYS_DROPPED", "more deploys are told of than are kept; the oldest went", { dropped });
      }
      const taken = outcome === "repeated" ? "repeated" : "stored";
      return told.note === undefined ? taken : { outcome: taken, note: told.note };
    },
  };
}

function read({ headers, body }: Delivery, context: ReadDeployContext): ToldDeploy {
  const github = headers["x-github-event"];
  const payload = jsonOf(body);
  if (typeof github === "string") return readGithubDeploy(github, payload, context);
  return headers["x-gitlab-event"] === undefined ? readOwnDeploy(payload, context) : readGitlabDeploy(payload, context);
}

function jsonOf(body: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch (cause) {
    throw new BackfeedError("invalid_request", "the body is not UTF-8", { cause });
  }
  if (text.startsWith("payload=")) {
    throw new RequestFault(415, "unsupported_media_type", "set the webhook's content type to application/json");
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BackfeedError("invalid_request", "the body is not JSON", { cause });
  }
}
