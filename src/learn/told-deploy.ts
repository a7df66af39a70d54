import type { Deploy, DeployOutcome } from "../model/deploy.ts";
import { cleanText } from "../support/clean-text.ts";
import { cleanUrl } from "../support/clean-url.ts";
import { minute } from "../support/duration.ts";

/** What can become of one delivery about a deploy, before it is stored. */
export type ToldDeploy =
  | { readonly kind: "deploy"; readonly deploy: Deploy; readonly note?: string }
  /** Genuine, and of no use: why. */
  | { readonly kind: "ignored"; readonly why: string }
  /** It can never be taken: what is wrong, member by member. */
  | { readonly kind: "faulty"; readonly faults: readonly DeployFault[] };

export interface DeployFault {
  readonly at: string;
  readonly message: string;
}

export interface ReadDeployContext {
  readonly now: number;
  /** Takes secrets out of one text. */
  readonly redact: (text: string) => string;
  /** An older one would be deleted at once. Milliseconds. */
  readonly keptForMs: number;
}

/** Two clocks may differ by this much; what is further ahead is a mistake. */
export const mostAheadMs = 10 * minute;

/** In characters: names stand in a sentence of a ticket. */
const longestName = 100;

/** A text of anybody's as one clean, short line without secrets; undefined when nothing is left. */
export function cleanName(text: string | null | undefined, redact: (text: string) => string): string | undefined {
  // Redacted before it is cut: half a secret is not seen as one.
  const clean = cleanText(redact(text ?? ""), { maxLength: longestName, singleLine: true });
  return clean === "" ? undefined : clean;
}

/** What a forge's payload says, as it says it. */
export interface ForgeWords {
  readonly origin: "github" | "gitlab";
  readonly key: string;
  readonly service: string | null | undefined;
  readonly environment: string | null | undefined;
  readonly version: string | null | undefined;
  readonly commit: string | null | undefined;
  readonly author: string | null | undefined;
  readonly url: string | null | undefined;
  readonly at: number;
  readonly outcome: DeployOutcome;
}

/** A forge's words as a deploy: a time to come is taken as now, and said so; one of long ago is ignored. */
export function forgeDeploy(words: ForgeWords, { now, redact, keptForMs }: ReadDeployContext): ToldDeploy {
  const service = cleanName(words.service, redact);
  const version = cleanName(words.version, redact);
  if (service === undefined || version === undefined) {
    return { kind: "ignored", why: "it names neither a repository nor a commit that could be told apart" };
  }
  if (words.at < now - keptForMs)
    return { kind: "ignored", why: "it is older than deploys are kept (retention.deploys)" };
  const at = Math.min(words.at, now);
  const deploy: Deploy = {
    key: words.key,
    origin: words.origin,
    service,
    environment: cleanName(words.environment, redact),
    version,
    commit: cleanName(words.commit, redact),
    author: cleanName(words.author, redact),
    url: cleanUrl(words.url, redact),
    startedAt: words.outcome === "started" ? at : undefined,
    at,
    outcome: words.outcome,
    receivedAt: now,
  };
  const ahead = words.at > now + mostAheadMs;
  return { kind: "deploy", deploy, ...(ahead ? { note: "its time is to come: taken as of now" } : {}) };
}

/** A tag or branch that carries a version's number says more than a commit, and a branch less. */
export function versionOf(ref: string | null | undefined, commit: string | null | undefined): string | undefined {
  const name = (ref ?? "").replace(/^refs\/(heads|tags)\//, "");
  if (/\d+\.\d+/.test(name)) return name;
  return commit == null || commit === "" ? name : commit.slice(0, 7);
}
