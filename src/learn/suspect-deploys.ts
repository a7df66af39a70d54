import {
  type Deploy,
  type SuspectDeploy,
  type SuspectDeploys,
  serviceKey,
  type VersionBefore,
} from "../model/deploy.ts";
import type { Finding, FindingEpisode } from "../model/finding.ts";
import type { DeploySubject } from "./deploy-subject.ts";

const minuteMs = 60_000;
/** The clocks of a pipeline and of production differ, and a job reports when it has ended. */
export const clockSkewMs = 5 * minuteMs;
const mostSuspects = 5;
/** Episodes before are known of this time (Finding.pastEpisodes). */
const episodesKnownMs = 30 * 86_400_000;

export interface SuspectInput {
  readonly finding: Pick<Finding, "episode" | "pastEpisodes">;
  readonly subject: DeploySubject;
  readonly windowMs: number;
  /** Deploys of the subject's services until a little after the onset, in any order. */
  readonly deploys: readonly Deploy[];
  /** Since when the rule is known to have watched; undefined when that is not known. */
  readonly watchedSince: number | undefined;
  /** When the finding's ticket was done, where it was and the onset is later. */
  readonly doneAt?: number | undefined;
}

/**
 * The deploys that may have to do with a finding: those from `windowMs` before its onset to a little after it, newest first,
 * each with the version before it and whether that showed the problem. Undefined when the finding is about no service, or
 * no deploy of it is known. Pure.
 */
export function judgeDeploys(input: SuspectInput): SuspectDeploys | undefined {
  const { subject, windowMs, doneAt } = input;
  const onset = input.finding.episode.startedAt;
  const concerned = concernedDeploys(subject, input.deploys)
    .filter((deploy) => beginOf(deploy) <= onset + clockSkewMs)
    .sort(newestFirst);
  if (concerned.length === 0) return undefined;
  const judge = (deploy: Deploy) => judgeOne(deploy, concerned, onset, input);
  const inWindow = concerned.filter(({ at }) => at >= onset - windowMs);
  const [newest] = concerned;
  const since = doneAt === undefined || doneAt > onset ? undefined : concerned.filter(({ at }) => at >= doneAt);
  return {
    services: subject.services,
    onset,
    windowMs,
    suspects: inWindow.slice(0, mostSuspects).map(judge),
    more: Math.max(0, inWindow.length - mostSuspects),
    last: inWindow.length > 0 || newest === undefined ? undefined : { deploy: newest, beforeMs: onset - newest.at },
    sinceDone:
      since === undefined || doneAt === undefined
        ? undefined
        : {
            doneAt,
            deploys: since.slice(0, mostSuspects).map(judge),
            more: Math.max(0, since.length - mostSuspects),
          },
  };
}

function judgeOne(deploy: Deploy, concerned: readonly Deploy[], onset: number, input: SuspectInput): SuspectDeploy {
  const underWay = deploy.at > onset && beginOf(deploy) < onset;
  // What failed did not run. What went out at the same instant to another place is no version before.
  const earlier = concerned.filter(
    (other) =>
      other !== deploy && other.outcome !== "failed" && sameTarget(other, deploy) && newestFirst(deploy, other) < 0,
  );
  return {
    deploy,
    beforeMs: onset - (underWay ? beginOf(deploy) : deploy.at),
    underWay,
    before: versionBefore(deploy, earlier, input),
    again: earlier[0]?.version !== deploy.version && earlier.some(({ version }) => version === deploy.version),
  };
}

/** The version that ran until the deploy, from the first of its deploys in a row. `earlier` is newest first. */
function versionBefore(deploy: Deploy, earlier: readonly Deploy[], input: SuspectInput): VersionBefore | undefined {
  const version = earlier[0]?.version;
  if (version === undefined) return undefined;
  const other = earlier.findIndex((each) => each.version !== version);
  const first = (other === -1 ? earlier : earlier.slice(0, other)).at(-1);
  const until = beginOf(deploy);
  const from = Math.min(first?.at ?? until, until);
  const { episode, pastEpisodes } = input.finding;
  const watchedFrom = Math.max(from, input.watchedSince ?? until, episode.startedAt - episodesKnownMs);
  const episodes = pastEpisodes.filter((past) => overlaps(past, from, until)).length;
  return {
    version,
    ranMs: until - from,
    // An episode that was seen proves that it was watched.
    watchedMs: Math.max(0, until - watchedFrom),
    episodes,
    same: version === deploy.version,
  };
}

/** One that began while the version ran: what had begun before it was another version's matter. */
function overlaps({ startedAt }: FindingEpisode, from: number, until: number): boolean {
  return startedAt >= from && startedAt < until;
}

function concernedDeploys({ services, environment }: DeploySubject, deploys: readonly Deploy[]): readonly Deploy[] {
  const keys = new Set(services.map(serviceKey));
  const own = deploys.filter(({ service }) => keys.has(serviceKey(service)));
  if (environment === undefined) return own;
  const wanted = environmentKey(environment);
  const there = own.filter(
    (deploy) => deploy.environment !== undefined && environmentKey(deploy.environment) === wanted,
  );
  const anywhere = own.filter((deploy) => deploy.environment === undefined);
  // An environment that no deploy of the service names is called otherwise there (a namespace, a cluster): all may concern it.
  return there.length === 0 && !isWellKnown(wanted) ? own : [...there, ...anywhere];
}

const sameWord: Readonly<Record<string, string>> = {
  prod: "production",
  prd: "production",
  live: "production",
  stage: "staging",
  stg: "staging",
  dev: "development",
  test: "testing",
  qa: "testing",
};

function environmentKey(name: string): string {
  const key = name.trim().toLowerCase();
  return Object.hasOwn(sameWord, key) ? (sameWord[key] ?? key) : key;
}

/** A word that means an environment wherever it stands. */
function isWellKnown(key: string): boolean {
  return Object.values(sameWord).includes(key);
}

function sameTarget(a: Deploy, b: Deploy): boolean {
  return (
    serviceKey(a.service) === serviceKey(b.service) &&
    environmentKey(a.environment ?? "") === environmentKey(b.environment ?? "")
  );
}

function beginOf({ startedAt, at }: Deploy): number {
  return Math.min(startedAt ?? at, at);
}

/** By the key among equal times, so that the order does not hang on how they are stored. */
function newestFirst(a: Deploy, b: Deploy): number {
  return b.at - a.at || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}
