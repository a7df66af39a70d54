import { z } from "zod";
import type { DeployOutcome } from "../model/deploy.ts";
import { canonicalJson, sha256 } from "../support/hashing.ts";
import { forgeDeploy, type ReadDeployContext, type ToldDeploy, versionOf } from "./told-deploy.ts";

const text = z.string().nullish().catch(undefined);
const id = z.union([z.number(), z.string()]).nullish().catch(undefined);
const delivery = z.object({
  status: z.string(),
  status_changed_at: text,
  deployment_id: id,
  deployable_id: id,
  deployable_url: text,
  environment: text,
  project: z.object({ id, name: text, path_with_namespace: text, web_url: text }),
  ref: text,
  short_sha: text,
  commit_url: text,
  user: z.object({ name: text, username: text }).nullish().catch(undefined),
});

/** `created`, `blocked` and `skipped` are before anything happens. */
const outcomes: Readonly<Record<string, DeployOutcome>> = {
  running: "started",
  success: "succeeded",
  failed: "failed",
  canceled: "failed",
};

/** GitLab's deployment events. The service is the project's name in its address. Pure. */
export function readGitlabDeploy(body: unknown, context: ReadDeployContext): ToldDeploy {
  const kind = z.object({ object_kind: text }).catch({ object_kind: undefined }).parse(body).object_kind;
  if (kind != null && kind !== "deployment") return { kind: "ignored", why: "only deployment events are looked at" };
  const read = delivery.safeParse(body);
  if (!read.success || kind == null) {
    const issues = read.error?.issues ?? [{ path: ["object_kind"] }];
    return {
      kind: "faulty",
      faults: issues.map(({ path }) => ({ at: path.join("."), message: "this is not as GitLab sends it" })),
    };
  }
  const { data } = read;
  const outcome = Object.hasOwn(outcomes, data.status) ? outcomes[data.status] : undefined;
  if (outcome === undefined) return { kind: "ignored", why: "in this state nothing has gone out" };
  const { project, user } = data;
  const at = instantOf(data.status_changed_at ?? "");
  const [, commit] = /\/commit\/([0-9a-f]{7,64})/.exec(data.commit_url ?? "") ?? [];
  return forgeDeploy(
    {
      origin: "gitlab",
      key: sha256(
        canonicalJson(["gitlab", project.web_url ?? `${project.id}`, `${data.deployment_id ?? data.deployable_id}`]),
      ),
      service: project.path_with_namespace?.split("/").at(-1) ?? project.name,
      environment: data.environment,
      version: versionOf(data.ref, data.short_sha ?? commit),
      commit: commit ?? data.short_sha,
      author: user?.name ?? user?.username,
      url: data.deployable_url ?? data.commit_url,
      at: Number.isNaN(at) ? context.now : at,
      outcome,
    },
    context,
  );
}

/** GitLab writes `2021-04-28 21:50:00 +0200`. NaN for what is no time. */
function instantOf(written: string): number {
  const [, date, clock, hours, minutes] = /^(\S+) (\S+) ([+-]\d\d):?(\d\d)$/.exec(written) ?? [];
  return Date.parse(
    date === undefined ? written.replace(/^(\S+) (\S+) UTC$/, "$1T$2Z") : `${date}T${clock}${hours}:${minutes}`,
  );
}
