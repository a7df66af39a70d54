import { z } from "zod";
import { serviceKey } from "../model/deploy.ts";
import { cleanUrl } from "../support/clean-url.ts";
import { day, formatDuration } from "../support/duration.ts";
import { canonicalJson, sha256 } from "../support/hashing.ts";
import { cleanName, type DeployFault, mostAheadMs, type ReadDeployContext, type ToldDeploy } from "./told-deploy.ts";

const most = 300;
const example = "2026-01-05T09:48:00Z";

const name = (what: string) =>
  z
    .string({ error: `write ${what} as text` })
    .max(most, { error: `at most ${most} characters` })
    .regex(/\S/, { error: `write ${what}` });
/** A pipeline's variable that is not set is an empty text. */
const maybe = (what: string) =>
  z
    .union([z.literal(""), z.null(), name(what)], { error: `write ${what} as text, at most ${most} characters` })
    .optional();

const timeFault = {
  error: `write an ISO 8601 time with its offset, such as ${example}, or milliseconds since 1970`,
};
const time = z.union([z.iso.datetime({ offset: true, ...timeFault }), z.number().int(timeFault)], timeFault);

const urlFault = { error: "write an address that begins with https:// or http://, at most 2,000 characters" };
const address = z
  .string()
  .max(2_000, urlFault)
  .regex(/^https?:\/\//i, urlFault);

/** DESIGN.md section 8. Strict: it is our users' own writing. */
const ownDeploy = z.strictObject({
  service: name("the service's name"),
  environment: maybe("the environment's name"),
  version: name("the version"),
  commit: maybe("the commit"),
  author: maybe("who did it"),
  at: time,
  url: z.union([z.literal(""), z.null(), address], urlFault).optional(),
});

/** Our own form, `{ service, environment, version, commit, author, at, url }`: all that is wrong with it at once. Pure. */
export function readOwnDeploy(body: unknown, context: ReadDeployContext): ToldDeploy {
  const read = ownDeploy.safeParse(body);
  if (!read.success) return { kind: "faulty", faults: read.error.issues.flatMap(faultsOf) };
  const { now, redact } = context;
  const { data } = read;
  const told = typeof data.at === "number" ? data.at : Date.parse(data.at);
  const service = cleanName(data.service, redact);
  const version = cleanName(data.version, redact);
  const url = cleanUrl(data.url, redact);
  const faults = [
    ...timeFaults(told, context),
    ...(service === undefined ? [{ at: "service", message: "nothing readable is in it" }] : []),
    ...(version === undefined ? [{ at: "version", message: "nothing readable is in it" }] : []),
    ...(data.url && url === undefined ? [{ at: "url", message: "this is no web address" }] : []),
  ];
  if (faults.length > 0 || service === undefined || version === undefined) return { kind: "faulty", faults };
  const environment = cleanName(data.environment, redact);
  const identity = ["backfeed", serviceKey(service), environment?.toLowerCase(), version, told];
  const deploy = {
    // Of the time as it was told: sent again, it is the same deploy.
    key: sha256(canonicalJson(identity)),
    origin: "backfeed",
    service,
    environment,
    version,
    commit: cleanName(data.commit, redact),
    author: cleanName(data.author, redact),
    url,
    startedAt: undefined,
    at: Math.min(told, now),
    outcome: "succeeded",
    receivedAt: now,
  } as const;
  return { kind: "deploy", deploy };
}

function timeFaults(at: number, { now, keptForMs }: ReadDeployContext): readonly DeployFault[] {
  if (!Number.isFinite(at)) return [{ at: "at", message: `write a time that there is, such as ${example}` }];
  if (at > now + mostAheadMs) {
    return [
      {
        at: "at",
        message: `this is ${formatDuration(at - now)} ahead of this server's clock: write when the deploy was`,
      },
    ];
  }
  if (at >= now - keptForMs) return [];
  const seconds = at > 0 && at < 400 * day ? "; a number is milliseconds since 1970, and this reads as seconds" : "";
  return [
    {
      at: "at",
      message: `this is older than deploys are kept (${formatDuration(keptForMs)}, retention.deploys)${seconds}`,
    },
  ];
}

function faultsOf(issue: z.core.$ZodIssue): readonly DeployFault[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.slice(0, 20).map((key) => ({ at: key.slice(0, most), message: "this is no member of a deploy" }));
  }
  const at = issue.path.join(".");
  const missing = issue.code === "invalid_type" || issue.code === "invalid_union" ? issue.input === undefined : false;
  return [{ at, message: missing && at !== "" ? `it is missing: ${issue.message}` : issue.message }];
}
