import type { AlertState } from "../model/alert.ts";
import { burnRate } from "../model/burn.ts";
import type { Observation } from "../model/query.ts";
import type { BurnTier, Until, When } from "../model/rule.ts";
import type { Verdict } from "../model/verdict.ts";

/** What the windows that end at one tick gave for one label set. */
export interface BurnEvaluated {
  readonly when: Extract<When, { form: "burn" }>;
  readonly until: Until;
  readonly state: AlertState;
  /** Of a window of this length; undefined when it had no event of this label set. */
  readonly over: (windowMs: number) => Observation | undefined;
}

/** One tier as its two windows have it; a window without events has no burn rate. */
interface Burning {
  readonly tier: BurnTier;
  readonly long: number | undefined;
  readonly short: number | undefined;
  /** The slower of those that are known: the tier fires when it is over the factor. */
  readonly slower: number | undefined;
  readonly badEvents: number;
}

type BurnVerdict = Pick<Verdict, "kind" | "reason" | "value" | "threshold" | "direction" | "burn">;

/**
 * A tier fires when both of its windows burn strictly faster than its factor, and its long one holds `min_bad_events`; the
 * highest that fires speaks. A window without events says nothing: its tier counts as calm only where the other window says
 * so, and else the answer is `undetermined`, since the end of all traffic must not look like a recovery. Pure.
 * Source: Google, The Site Reliability Workbook, chapter 5, multiwindow, multi-burn-rate alerts.
 */
export function evaluateBurn(input: BurnEvaluated): BurnVerdict | "undetermined" {
  const { when, until, state } = input;
  const tiers = when.tiers.map((tier) => burning(tier, input));
  const over = tiers.filter((each) => isFaster(each, each.tier.factor) === true);
  const firing = over.find(({ badEvents }) => badEvents >= when.minBadEvents);
  if (firing !== undefined) return told("breached", firing);
  const [few] = over;
  if (few !== undefined) {
    const active = state === "firing" || state === "recovering";
    return { ...told(active ? "between" : "clear", few), reason: "below_floor" };
  }
  if (tiers.some((each) => isFaster(each, each.tier.factor) === undefined)) return "undetermined";
  const nearest = tiers.reduce((best, each) => (nearness(each) > nearness(best) ? each : best));
  return told(isCalm(tiers, until) ? "clear" : "between", nearest);
}

function burning(tier: BurnTier, { when, over }: BurnEvaluated): Burning {
  const inLong = over(tier.longMs);
  const rateOf = (seen: Observation | undefined) =>
    seen?.value === undefined ? undefined : burnRate(seen.value, when.objective);
  const [long, short] = [rateOf(inLong), rateOf(over(tier.shortMs))];
  const known = [long, short].filter((rate) => rate !== undefined);
  const slower = known.length === 0 ? undefined : Math.min(...known);
  return { tier, long, short, slower, badEvents: inLong?.badEvents ?? 0 };
}

/** Whether both windows burn faster than a rate; undefined where nobody can know. */
function isFaster({ long, short, slower }: Burning, rate: number): boolean | undefined {
  if (slower !== undefined && slower <= rate) return false;
  return long === undefined || short === undefined ? undefined : true;
}

/** `until.below` stands for the factors: of every tier one window is under it. Without it, that no tier fires is enough. */
function isCalm(tiers: readonly Burning[], { below }: Until): boolean {
  return below === undefined || tiers.every(({ slower }) => slower !== undefined && slower < below);
}

function nearness({ slower = 0, tier }: Burning): number {
  return slower / tier.factor;
}

function told(kind: Verdict["kind"], { tier, long, short, slower, badEvents }: Burning): BurnVerdict {
  const { longMs, shortMs, factor } = tier;
  return {
    kind,
    ...(slower === undefined ? {} : { value: slower }),
    threshold: factor,
    direction: "above",
    burn: {
      longMs,
      shortMs,
      ...(long === undefined ? {} : { long }),
      ...(short === undefined ? {} : { short }),
      badEvents,
    },
  };
}
