/** What a request is for: filing comes before what is said on a ticket, and that before looking around. */
export type Urgency = "create" | "deliver" | "background";

/** A request that wants to go. */
export interface PaceAsk {
  readonly urgency: Urgency;
  /** The issue that it writes to. */
  readonly writesTo: string | undefined;
}

/** Why a request waits: our own bucket, the limit of writes to one issue, or Jira's word. */
export type PaceReason = "bucket" | "issue" | "rest";

/** What an answer says about limits; see rate-signal.ts. */
export interface RateSignal {
  /** Jira refused the request for now. */
  readonly isRefused: boolean;
  /** Nothing is to be sent for so long, in milliseconds. */
  readonly waitMs: number | undefined;
  /** The wait is for writes to one issue only. */
  readonly isOfIssue: boolean;
  /** Little is left. */
  readonly isNear: boolean;
  /** So many more may go at once. */
  readonly remaining: number | undefined;
  /** So many a minute come back (Data Center tells). */
  readonly perMinute: number | undefined;
}

/** The pace towards one Jira. A value: every function here gives a new one. */
export interface PaceState {
  readonly perMinute: number;
  readonly tokens: number;
  readonly at: number;
  /** The newest instant that was seen: an earlier one means that the clock was put back. */
  readonly seenAt: number;
  /** The pace that the site itself allows, and when it said so last. */
  readonly site: { readonly perMinute: number; readonly at: number } | undefined;
  /** Of the pace that is configured, the part that is used since Jira last asked us to slow down: 0.1..1. */
  readonly share: number;
  readonly slowedAt: number | undefined;
  /** Until when nothing is sent. */
  readonly rest: number | undefined;
  /** Until when nothing is written to an issue. */
  readonly issueRests: ReadonlyMap<string, number>;
  /** Writes of the last half minute, oldest first. */
  readonly writes: readonly { readonly issueId: string; readonly at: number }[];
}

/**
 * Cloud allows 20 writes to one issue in 2 s and 100 in 30 s, people's and other programs' among them (JIRA.md 2.4): a fifth is
 * left to them.
 */
const issueLimits = [
  { writes: 16, perMs: 2_000 },
  { writes: 80, perMs: 30_000 },
] as const;
const writesKeptMs = 30_000;
/** Remembered at most: what is older than these was long enough ago at any pace that is allowed. */
const mostWrites = 5_000;
const mostIssueRests = 1_000;
/** After Jira asked us to slow down: half the pace, once for all answers of a second, back by a tenth every ten seconds. */
const slowing = { factor: 0.5, least: 0.1, onceIn: 1_000, recovery: 0.1, recoversIn: 10_000 } as const;
/** A refusal that does not say for how long, or says 0. */
const restWithoutWord = 2_000;
/** What the site said of its own pace counts for so long: an administrator may have switched the limit off. */
const siteKeptMs = 10 * 60_000;

/** A full bucket: half a minute's requests may go at once. */
export function initialPace(perMinute: number, now: number): PaceState {
  const tokens = capacityOf(perMinute);
  const none = { site: undefined, rest: undefined, slowedAt: undefined, issueRests: new Map(), writes: [] };
  return { perMinute, tokens, at: now, seenAt: now, share: 1, ...none };
}

/**
 * The state as a clock sees it that may have been put back: all instants move with it, so that a rest is neither cut short
 * nor made longer, and nothing is gained.
 */
export function follow(state: PaceState, now: number): PaceState {
  const back = state.seenAt - now;
  if (back <= 0) return back === 0 ? state : { ...state, seenAt: now };
  const moved = (instant: number): number => instant - back;
  return {
    ...state,
    seenAt: now,
    at: moved(state.at),
    site: state.site && { ...state.site, at: moved(state.site.at) },
    slowedAt: state.slowedAt === undefined ? undefined : moved(state.slowedAt),
    rest: state.rest === undefined ? undefined : moved(state.rest),
    issueRests: new Map(Array.from(state.issueRests, ([issue, until]) => [issue, moved(until)])),
    writes: state.writes.map(({ issueId, at }) => ({ issueId, at: moved(at) })),
  };
}

/** How long the request has to wait and why; 0 when it may go. `ahead`: requests that go before it. */
export function waitOf(given: PaceState, ask: PaceAsk, options: { now: number; ahead?: number }): Wait {
  const { now, ahead = 0 } = options;
  const state = follow(given, now);
  const rest = leftOf(state.rest, now);
  if (rest > 0) return { waitMs: rest, reason: "rest" };
  const issue = ask.writesTo === undefined ? 0 : issueWait(state, ask.writesTo, now);
  if (issue > 0) return { waitMs: issue, reason: "issue" };
  const missing = 1 + ahead - tokensAt(state, now);
  if (missing <= 0) return { waitMs: 0, reason: "bucket" };
  return { waitMs: Math.ceil((missing * 60_000) / rateAt(state, now)), reason: "bucket" };
}

export interface Wait {
  /** Milliseconds. */
  readonly waitMs: number;
  readonly reason: PaceReason;
}

/** After a request has gone. */
export function spend(given: PaceState, ask: PaceAsk, now: number): PaceState {
  const state = follow(given, now);
  const recent = state.writes.filter(({ at }) => now - at < writesKeptMs);
  const writes = ask.writesTo === undefined ? recent : [...recent, { issueId: ask.writesTo, at: now }];
  return { ...state, tokens: tokensAt(state, now) - 1, at: now, writes: writes.slice(-mostWrites) };
}

/** After an answer. */
export function heed(
  given: PaceState,
  signal: RateSignal,
  options: { now: number; writesTo: string | undefined },
): PaceState {
  const { now, writesTo } = options;
  const state = within(follow(given, now), signal, now);
  const said = signal.waitMs ?? 0;
  const waitMs = said === 0 && signal.isRefused ? restWithoutWord : said;
  if (signal.isOfIssue && writesTo !== undefined) {
    const issueRests = new Map(
      [...state.issueRests].filter(([, until]) => leftOf(until, now) > 0).slice(-mostIssueRests),
    );
    issueRests.set(writesTo, now + waitMs);
    return { ...state, issueRests };
  }
  const rested = waitMs > leftOf(state.rest, now) ? { ...state, rest: now + waitMs } : state;
  return signal.isNear || signal.isRefused ? slower(rested, now) : rested;
}

/** Not faster than the site fills its own bucket, and not more at once than is in it. */
function within(state: PaceState, { perMinute, remaining }: RateSignal, now: number): PaceState {
  const paced = perMinute === undefined ? state : { ...state, ...levelAt(state, now), site: { perMinute, at: now } };
  if (remaining === undefined || remaining >= tokensAt(paced, now)) return paced;
  return { ...paced, tokens: remaining, at: now };
}

/** The order in which those who wait may go: creates, then deliveries, then looks; at a look's turn, that one before deliveries. */
export function urgencyOrder(a: PaceAsk, b: PaceAsk, isLooksTurn: boolean): number {
  const rankOf = ({ urgency }: PaceAsk): number => (isLooksTurn && urgency === "background" ? 0.5 : ranks[urgency]);
  return rankOf(a) - rankOf(b);
}

const ranks: Readonly<Record<Urgency, number>> = { create: 0, deliver: 1, background: 2 };

function slower(state: PaceState, now: number): PaceState {
  const { slowedAt } = state;
  if (slowedAt !== undefined && now - slowedAt < slowing.onceIn) return state;
  const share = Math.max(slowing.least, shareAt(state, now) * slowing.factor);
  // What was saved up at the old pace is not spent at the new one.
  const tokens = Math.min(tokensAt(state, now), capacityOf(fullRateAt(state, now)) * share);
  return { ...state, tokens, at: now, share, slowedAt: now };
}

function capacityOf(perMinute: number): number {
  return Math.max(1, perMinute / 2);
}

function shareAt({ share, slowedAt }: PaceState, now: number): number {
  if (slowedAt === undefined) return 1;
  const steps = Math.floor((now - slowedAt) / slowing.recoversIn);
  return Math.min(1, share + steps * slowing.recovery);
}

/** A minute, when nobody asked us to slow down. */
function fullRateAt({ perMinute, site }: PaceState, now: number): number {
  return site === undefined || now - site.at > siteKeptMs ? perMinute : Math.min(perMinute, site.perMinute);
}

/** A minute. */
function rateAt(state: PaceState, now: number): number {
  return fullRateAt(state, now) * shareAt(state, now);
}

function tokensAt(state: PaceState, now: number): number {
  const rate = rateAt(state, now);
  return Math.min(state.tokens + ((now - state.at) * rate) / 60_000, capacityOf(rate));
}

/** The bucket as it is now, so that what comes is counted at another pace. */
function levelAt(state: PaceState, now: number): Pick<PaceState, "tokens" | "at"> {
  return { tokens: tokensAt(state, now), at: now };
}

function leftOf(until: number | undefined, now: number): number {
  return until === undefined ? 0 : Math.max(0, until - now);
}

function issueWait(state: PaceState, issueId: string, now: number): number {
  const times = state.writes.flatMap((write) => (write.issueId === issueId ? [write.at] : []));
  const waits = issueLimits.map(({ writes, perMs }) => {
    const first = times.at(-writes);
    return first === undefined ? 0 : first + perMs - now;
  });
  return Math.max(0, leftOf(state.issueRests.get(issueId), now), ...waits);
}
