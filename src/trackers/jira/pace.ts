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
}

interface Rest {
  readonly from: number;
  readonly until: number;
}

/** The pace towards one Jira. A value: every function here gives a new one. */
export interface PaceState {
  readonly perMinute: number;
  readonly tokens: number;
  readonly at: number;
  /** Of the pace that is configured, the part that is used since Jira last asked us to slow down: 0.1..1. */
  readonly share: number;
  readonly slowedAt: number | undefined;
  readonly rest: Rest | undefined;
  readonly issueRests: ReadonlyMap<string, Rest>;
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

/** A full bucket: half a minute's requests may go at once. */
export function initialPace(perMinute: number, now: number): PaceState {
  const tokens = capacityOf(perMinute);
  const none = { rest: undefined, slowedAt: undefined, issueRests: new Map(), writes: [] };
  return { perMinute, tokens, at: now, share: 1, ...none };
}

/** How long the request has to wait and why; 0 when it may go. `ahead`: requests that go before it. */
export function waitOf(state: PaceState, ask: PaceAsk, options: { now: number; ahead?: number }): Wait {
  const { now, ahead = 0 } = options;
  const rest = leftOf(state.rest, now);
  if (rest > 0) return { waitMs: rest, reason: "rest" };
  const issue = ask.writesTo === undefined ? 0 : issueWait(state, ask.writesTo, now);
  if (issue > 0) return { waitMs: issue, reason: "issue" };
  const missing = 1 + ahead - tokensAt(state, now);
  if (missing <= 0) return { waitMs: 0, reason: "bucket" };
  return { waitMs: Math.ceil((missing * 60_000) / (state.perMinute * shareAt(state, now))), reason: "bucket" };
}

export interface Wait {
  /** Milliseconds. */
  readonly waitMs: number;
  readonly reason: PaceReason;
}

/** After a request has gone. */
export function spend(state: PaceState, ask: PaceAsk, now: number): PaceState {
  const recent = state.writes.filter(({ at }) => now - at < writesKeptMs && at <= now);
  const writes = ask.writesTo === undefined ? recent : [...recent, { issueId: ask.writesTo, at: now }];
  return { ...state, tokens: tokensAt(state, now) - 1, at: now, writes: writes.slice(-mostWrites) };
}

/** After an answer. */
export function heed(
  state: PaceState,
  signal: RateSignal,
  options: { now: number; writesTo: string | undefined },
): PaceState {
  const { now, writesTo } = options;
  const said = signal.waitMs ?? 0;
  const waitMs = said === 0 && signal.isRefused ? restWithoutWord : said;
  if (signal.isOfIssue && writesTo !== undefined) {
    const issueRests = new Map(
      [...state.issueRests].filter(([, rest]) => leftOf(rest, now) > 0).slice(-mostIssueRests),
    );
    issueRests.set(writesTo, { from: now, until: now + waitMs });
    return { ...state, issueRests };
  }
  const rested = waitMs > leftOf(state.rest, now) ? { ...state, rest: { from: now, until: now + waitMs } } : state;
  return signal.isNear || signal.isRefused ? slower(rested, now) : rested;
}

/** The order in which those who wait may go: urgent ones first, else who came first. */
export function urgencyOrder(a: PaceAsk, b: PaceAsk): number {
  return ranks[a.urgency] - ranks[b.urgency];
}

const ranks: Readonly<Record<Urgency, number>> = { create: 0, deliver: 1, background: 2 };

function slower(state: PaceState, now: number): PaceState {
  const { slowedAt } = state;
  if (slowedAt !== undefined && Math.abs(now - slowedAt) < slowing.onceIn) return state;
  const share = Math.max(slowing.least, shareAt(state, now) * slowing.factor);
  // What was saved up at the old pace is not spent at the new one.
  const tokens = Math.min(tokensAt(state, now), capacityOf(state.perMinute) * share);
  return { ...state, tokens, at: now, share, slowedAt: now };
}

function capacityOf(perMinute: number): number {
  return Math.max(1, perMinute / 2);
}

function shareAt({ share, slowedAt }: PaceState, now: number): number {
  if (slowedAt === undefined) return 1;
  const steps = Math.floor(Math.max(0, now - slowedAt) / slowing.recoversIn);
  return Math.min(1, share + steps * slowing.recovery);
}

function tokensAt(state: PaceState, now: number): number {
  const { tokens, at, perMinute } = state;
  // A clock that was put back gives nothing, and takes nothing.
  const share = shareAt(state, now);
  const filled = tokens + (Math.max(0, now - at) * perMinute * share) / 60_000;
  return Math.min(filled, Math.max(1, capacityOf(perMinute) * share));
}

/** A clock that was put back does not make a rest longer. */
function leftOf(rest: Rest | undefined, now: number): number {
  return rest === undefined || now < rest.from ? 0 : Math.max(0, rest.until - now);
}

function issueWait(state: PaceState, issueId: string, now: number): number {
  const times = state.writes.flatMap((write) => (write.issueId === issueId && write.at <= now ? [write.at] : []));
  const waits = issueLimits.map(({ writes, perMs }) => {
    const first = times.at(-writes);
    return first === undefined ? 0 : first + perMs - now;
  });
  return Math.max(0, leftOf(state.issueRests.get(issueId), now), ...waits);
}
