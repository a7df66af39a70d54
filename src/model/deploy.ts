/** Who told of a deploy: our own form, or a forge's webhook. */
export const deployOrigins = ["backfeed", "github", "gitlab"] as const;
export type DeployOrigin = (typeof deployOrigins)[number];

/** `started`: nobody has said how it ended. */
export type DeployOutcome = "started" | "succeeded" | "failed";

/** A version of a service that went out. Texts were anybody's: they are clean and cut, and whoever renders them escapes them. */
export interface Deploy {
  /** What makes it this deploy, however often and in whichever order it is told. */
  readonly key: string;
  readonly origin: DeployOrigin;
  readonly service: string;
  /** Undefined where deploys of a service go to one place. */
  readonly environment: string | undefined;
  readonly version: string;
  readonly commit: string | undefined;
  readonly author: string | undefined;
  /** `http:` or `https:`. */
  readonly url: string | undefined;
  /** When it began, where that was told. */
  readonly startedAt: number | undefined;
  /** When it ended; or, as long as that is not known, when it began. */
  readonly at: number;
  readonly outcome: DeployOutcome;
  readonly receivedAt: number;
}

/**
 * What is known of one deploy after another word about it, in whichever order the words come: its begin is the latest begin
 * told (who waits for an approval is queued first), its end the latest end. The same object when nothing is new. Pure.
 */
export function mergeDeploys(known: Deploy, told: Deploy): Deploy {
  const ended = [known, told].filter(({ outcome }) => outcome !== "started");
  const end = ended.reduce<Deploy | undefined>(
    (latest, each) => (latest && latest.at >= each.at ? latest : each),
    undefined,
  );
  const begins = [known, told].flatMap(({ startedAt }) => startedAt ?? []);
  const startedAt = begins.length === 0 ? undefined : Math.max(...begins);
  const outcome = end?.outcome ?? "started";
  const at = end?.at ?? startedAt ?? known.at;
  if (outcome === known.outcome && at === known.at && startedAt === known.startedAt) return known;
  const words = end === told ? told : known;
  return { ...words, key: known.key, startedAt, at, outcome, receivedAt: known.receivedAt };
}

/** Names of services are compared without case and outer blanks: `Checkout` of a log is `checkout` of a pipeline. */
export function serviceKey(service: string): string {
  return service.trim().toLowerCase();
}

/** What ran before a suspect, and whether the problem was seen with it. Spans in milliseconds. */
export interface VersionBefore {
  readonly version: string;
  /** From its first deploy in a row to the suspect. */
  readonly ranMs: number;
  /** How much of that the rule is known to have watched; 0: none, so that nothing can be said. */
  readonly watchedMs: number;
  /** Episodes of this finding in the time watched. */
  readonly episodes: number;
  /** Nothing new went out: the suspect is the same version again. */
  readonly same: boolean;
}

/** A deploy that went out shortly before a finding's onset. */
export interface SuspectDeploy {
  readonly deploy: Deploy;
  /** From the deploy (of one under way at the onset: from its begin) to the onset, 0 or more; under 0 only by the skew of two clocks. */
  readonly beforeMs: number;
  /** It had begun and not ended. */
  readonly underWay: boolean;
  /** Undefined where no deploy before it is known. */
  readonly before: VersionBefore | undefined;
  /** This version ran before the one before: most likely a rollback. */
  readonly again: boolean;
}

/** The deploys that may have to do with a finding, judged for its onset. */
export interface SuspectDeploys {
  /** The services it is about, as its labels or its rule name them. */
  readonly services: readonly string[];
  readonly onset: number;
  readonly windowMs: number;
  /** Newest first, at most five. */
  readonly suspects: readonly SuspectDeploy[];
  /** How many more there were in the window. */
  readonly more: number;
  /** The last one before the onset, where none is a suspect. */
  readonly last: { readonly deploy: Deploy; readonly beforeMs: number } | undefined;
  /** Of a finding that came back after its ticket was done: the deploys from then to the onset, newest first, at most five. */
  readonly sinceDone:
    | { readonly doneAt: number; readonly deploys: readonly SuspectDeploy[]; readonly more: number }
    | undefined;
}

/** What a rule says of deploys: `none`, or templates of service and environment and how far to look back. */
export type DeployPolicy =
  | "none"
  | { readonly service?: string; readonly environment?: string; readonly windowMs: number };

/** How far before the onset a deploy is a suspect, where the rule says nothing. Milliseconds. */
export const defaultDeployWindowMs = 86_400_000;
