import type { RuleTestRun } from "../../src/app/rule-tests/run-rule-test.ts";
import { type BurnTier, type Limits, limitsFor, type Rule, type Until, type When } from "../../src/model/rule.ts";

/** A rule as it would be with one number of it wrong. */
export interface Mutation {
  readonly what: string;
  readonly rule: Rule;
}

/** What a rule's tests show of it: the numbers that its limits stand against. */
interface Shown {
  readonly measured: number;
  readonly badEvents: number | undefined;
  /** Of which tier of `burn` that is. */
  readonly windows: string | undefined;
  /** Whether the alert fired or recovered before: `until` is asked then. */
  readonly alive: boolean;
}

/**
 * Each limit of a rule moved 1 % past the data of its tests, to either side: to where the nearest value that is over it no
 * longer is, and to where the nearest that is not over it is. And each time to hold, and each floor, dropped. Tests that hold
 * a rule to its numbers fail with every one of them.
 */
export function mutationsOf(rule: Rule, runs: readonly RuleTestRun[]): readonly Mutation[] {
  const { limits, overrides } = rule;
  const own = mutateLimits(limits, shownOf(rule, limits, runs)).map(({ what, limits: changed }) => ({
    what,
    rule: { ...rule, limits: changed },
  }));
  const overridden = overrides.flatMap((override, position) =>
    mutateLimits(override.limits, shownOf(rule, override.limits, runs)).map(({ what, limits: changed }) => ({
      what: `override ${position + 1}: ${what}`,
      rule: {
        ...rule,
        overrides: overrides.map((each, index) => (index === position ? { ...each, limits: changed } : each)),
      },
    })),
  );
  return [...own, ...overridden];
}

function shownOf(rule: Rule, limits: Limits, runs: readonly RuleTestRun[]): readonly Shown[] {
  const evaluations = runs
    .flatMap(({ ticks }) => ticks.flatMap(({ judged }) => judged))
    .filter(({ judgement }) => judgement.rule.id === rule.id)
    .flatMap(({ judgement }) => judgement.evaluations)
    .filter(({ labels }) => limitsFor(rule, labels) === limits);
  return evaluations.flatMap(({ verdict: { value, reference, usual, badEvents, burn }, stateBefore }): Shown[] => {
    if (value === undefined) return [];
    const distance = usual === undefined ? Number.NaN : Math.abs(value - usual.median) / usual.deviation;
    const isChange = limits.when.form === "change";
    const isBaseline = limits.when.form === "baseline";
    const measured = isBaseline ? distance : isChange ? value / (reference ?? Number.NaN) : value;
    if (!Number.isFinite(measured)) return [];
    const windows = burn === undefined ? undefined : `${burn.longMs} ${burn.shortMs}`;
    return [{ measured, badEvents, windows, alive: stateBefore === "firing" || stateBefore === "recovering" }];
  });
}

interface MutatedLimits {
  readonly what: string;
  readonly limits: Limits;
}

function mutateLimits(limits: Limits, shown: readonly Shown[]): readonly MutatedLimits[] {
  const { when, until } = limits;
  const withWhen = (what: string, changed: Partial<When>): MutatedLimits => ({
    what: `when.${what}`,
    limits: { ...limits, when: { ...when, ...changed } as When },
  });
  const withUntil = (what: string, changed: Partial<Until>): MutatedLimits => ({
    what: `until.${what}`,
    limits: { ...limits, until: { ...until, ...changed } },
  });
  const values = shown.map(({ measured }) => measured);
  const alive = shown.filter((each) => each.alive).map(({ measured }) => measured);
  const mutated: MutatedLimits[] = [];
  for (const side of ["above", "below"] as const) {
    const limit = when.form === "threshold" ? when[side] : undefined;
    if (limit !== undefined) {
      for (const each of pastTheData(limit, values, side)) {
        mutated.push(withWhen(named(side, limit, each), { [side]: each.to }));
      }
    }
    const calm = until[side];
    if (calm === undefined) continue;
    for (const each of pastTheData(calm, alive, side))
      mutated.push(withUntil(named(side, calm, each), { [side]: each.to }));
  }
  if (when.form === "change") {
    const { up, down } = when;
    if (up !== undefined) {
      for (const each of pastTheData(up, values, "above")) {
        mutated.push(withWhen(named("change.up", up, each), { up: each.to }));
      }
    }
    if (down !== undefined) {
      for (const each of pastTheData(1 - down, values, "below")) {
        mutated.push(withWhen(named("change.down", 1 - down, each), { down: 1 - each.to }));
      }
    }
    if (when.floor > 0) mutated.push(withWhen("change.floor is dropped", { floor: 0 }));
  }
  if (when.form === "new") mutated.push(withWhen("new.settle is dropped", { settleMs: 0 }));
  if (when.form === "burn") mutated.push(...mutateTiers(when, shown, (what, tiers) => withWhen(what, { tiers })));
  if (when.form === "baseline") {
    for (const each of pastTheData(when.deviations, values, "above")) {
      mutated.push(withWhen(named("baseline.deviations", when.deviations, each), { deviations: each.to }));
    }
  }
  if (when.forMs > 0) mutated.push(withWhen("for is dropped", { forMs: 0 }));
  if (when.minEvents > 0) mutated.push(withWhen("min_events is dropped", { minEvents: 0 }));
  if (when.minBadEvents > 0) mutated.push(withWhen("min_bad_events is dropped", { minBadEvents: 0 }));
  if (until.forMs > 0) mutated.push(withUntil("for is dropped", { forMs: 0 }));
  return mutated;
}

/** Each factor moved past the burn rates that its tier was seen with, and each tier dropped. */
function mutateTiers(
  { tiers }: Extract<When, { form: "burn" }>,
  shown: readonly Shown[],
  withTiers: (what: string, tiers: readonly BurnTier[]) => MutatedLimits,
): readonly MutatedLimits[] {
  return tiers.flatMap((tier, place) => {
    const own = shown.filter(({ windows }) => windows === `${tier.longMs} ${tier.shortMs}`);
    const name = `burn.tiers[${place}]`;
    const moved = pastTheData(
      tier.factor,
      own.map(({ measured }) => measured),
      "above",
    ).map((each) => {
      const changed = tiers.map((other) => (other === tier ? { ...tier, factor: each.to } : other));
      return withTiers(named(`${name}.factor`, tier.factor, each), changed);
    });
    const others = tiers.filter((other) => other !== tier);
    return others.length === 0 ? moved : [...moved, withTiers(`${name} is dropped`, others)];
  });
}

/**
 * A limit 1 % beyond the nearest value on either side of it, each side with its name. A side that no test shows gives the
 * limit as it is: that survives, and is told.
 */
function pastTheData(limit: number, values: readonly number[], strictly: "above" | "below"): readonly Moved[] {
  const isBeyond = (value: number) => (strictly === "above" ? value > limit : value < limit);
  const beyond = values.filter(isBeyond);
  const within = values.filter((value) => !isBeyond(value));
  const least = (all: readonly number[]) => Math.min(...all);
  const most = (all: readonly number[]) => Math.max(...all);
  const [nearestBeyond, nearestWithin] =
    strictly === "above" ? [least(beyond), most(within)] : [most(beyond), least(within)];
  return [
    beyond.length === 0 ? { to: limit, shows: `no value ${strictly} it` } : moved(nearestBeyond, strictly, limit),
    within.length === 0
      ? { to: limit, shows: `no value that is not ${strictly} it` }
      : moved(nearestWithin, strictly === "above" ? "below" : "above", limit),
  ];
}

interface Moved {
  readonly to: number;
  /** Set where the tests show nothing on this side. */
  readonly shows?: string;
}

/** 1 % of nothing is nothing: then 1 % of the limit, and of one where that is nothing, too. */
function moved(value: number, towards: "above" | "below", limit: number): Moved {
  const step = 0.01 * Math.abs(value || limit || 1);
  return { to: towards === "above" ? value + step : value - step };
}

function named(what: string, limit: number, { to, shows }: Moved): string {
  return shows === undefined ? `${what} ${limit} moved to ${to}` : `${what} ${limit}: the tests show ${shows}`;
}
