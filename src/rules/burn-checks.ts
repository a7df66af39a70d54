import { budgetSpentBy, burnRate } from "../model/burn.ts";
import { formatValue } from "../model/format.ts";
import type { Measure } from "../model/query.ts";
import type { BurnTier } from "../model/rule.ts";
import { formatDuration } from "../support/duration.ts";
import type { Path, Report, Wrong } from "../support/yaml/fault.ts";
import { compileTiers } from "./compile.ts";
import type { BurnInput, UntilInput, WhenInput } from "./schema.ts";

/** What a budget's tiers must fit. */
export interface BurnGround {
  readonly measure: Measure | undefined;
  /** Of the rule's schedule; undefined where that is faulty. */
  readonly stepMs: number | undefined;
}

/** A budget of bad events, and tiers of which each can fire and says something of its own. `path` is that of `when`. */
export function checkBurn({ burn }: WhenInput, path: Path, { measure, stepMs }: BurnGround, report: Report): void {
  if (burn === undefined) return;
  const own = [...path, "burn"];
  if (measure !== undefined && measure.kind !== "ratio") report(own, noBadEvents(measure), { at: "key" });
  for (const part of ["objective", "period"] as const) {
    // An override may begin a burn of its own, and then says all of it; elsewhere the schema has told.
    if (burn[part] !== undefined || path[0] !== "overrides") continue;
    const fix = `add \`${part}: ${part === "objective" ? "99.9%" : "30d"}\``;
    report(own, { message: `\`${part}\` of \`burn\` is missing`, fix }, { at: "key", needs: [["when", "burn"]] });
  }
  const tiers = readTiers(burn);
  const seen = new Set<string>();
  for (const [place, tier] of tiers.entries()) {
    const at = typeof burn.tiers === "object" ? [...own, "tiers", place] : own;
    const windows = `${tier.longMs} ${tier.shortMs}`;
    const wrong = tierFault(tier, burn, stepMs) ?? (seen.has(windows) ? twice(tier) : undefined);
    seen.add(windows);
    const options = { at: typeof burn.tiers === "object" ? "value" : "key", needs: [own, ["schedule"]] } as const;
    if (wrong !== undefined) report(at, wrong, options);
    else if (spentBy(tier, burn) >= 1) report(at, tooLate(tier, burn), { ...options, severity: "warning" });
  }
}

/** In the order in which they are written; none of what is written in part, which was told. */
function readTiers({ objective, period, tiers }: BurnInput): readonly BurnTier[] {
  if (objective === undefined || period === undefined) return [];
  if (typeof tiers !== "object") return compileTiers(tiers);
  const written = tiers as readonly (Partial<(typeof tiers)[number]> | undefined)[];
  const whole = written.every((tier) => (tier?.long && tier.short && tier.factor) !== undefined);
  return whole ? tiers.flatMap((tier) => compileTiers([tier])) : [];
}

function noBadEvents(measure: Measure): Wrong {
  if (measure.kind !== "promql") {
    return {
      message: `\`burn\` spends a budget of bad events, which \`measure: ${measure.kind}\` does not count`,
      fix: "write `measure: ratio` with `bad`",
    };
  }
  return {
    message: "`burn` spends a budget of bad events, and one expression gives no whole and no bad part of it",
    fix: "add `measure: ratio` and `bad`, with `promql` as the whole: both count events over `[$window]`",
  };
}

function tierFault(tier: BurnTier, { objective, period }: BurnInput, stepMs: number | undefined): Wrong | undefined {
  const { longMs, shortMs, factor } = tier;
  const most = fastestBurn(objective);
  if (factor >= most) {
    return {
      message: `${named(tier)} can never fire: with an objective of ${formatValue(objective, "ratio")} the budget burns at ${shown(most)} at the most, when every event is bad`,
      fix: `give \`tiers\` as a list with factors under ${formatValue(most, "number")}, or write a higher objective`,
    };
  }
  if (shortMs >= longMs) {
    return {
      message: `${named(tier)}: its short window is not shorter than its long one`,
      fix: "write a `short` of about a twelfth of `long`, such as `5m` for `1h`",
    };
  }
  if (longMs > period) {
    return {
      message: `${named(tier)}: its long window is longer than the budget's period (${formatDuration(period)})`,
      fix: "write a longer `period`, or give `tiers` as a list with shorter windows",
    };
  }
  if (stepMs !== undefined && shortMs < stepMs) {
    return {
      message: `${named(tier)}: its short window is shorter than the schedule's step (${formatDuration(stepMs)}), so that it would miss events`,
      fix: `write a \`short\` of at least ${formatDuration(stepMs)}, or a tighter \`schedule\``,
    };
  }
  return undefined;
}

/** When every event is bad. */
function fastestBurn(objective: number): number {
  return burnRate(1, objective);
}

function twice(tier: BurnTier): Wrong {
  return {
    message: `${named(tier)}: another tier before it has the same windows`,
    fix: "keep the lower factor: it fires whenever the other does",
  };
}

function spentBy({ factor, longMs }: BurnTier, { period }: BurnInput): number {
  return budgetSpentBy(factor, longMs, period);
}

function tooLate(tier: BurnTier, burn: BurnInput): Wrong {
  return {
    message: `${named(tier)} fires when ${formatValue(spentBy(tier, burn), "ratio")} of the budget of ${formatDuration(burn.period)} is spent: too late to save any`,
    fix: "write a shorter `long`, a lower `factor` or a longer `period`",
  };
}

/** `the tier 14.4x over 1 h and 5 min`. */
function named({ factor, longMs, shortMs }: BurnTier): string {
  return `the tier ${shown(factor)} over ${formatDuration(longMs)} and ${formatDuration(shortMs)}`;
}

function shown(rate: number): string {
  return `${formatValue(rate, "number")}x`;
}

/** `until` of a budget is about burn rates, and asks for more calm than every tier. */
export function checkBurnUntil(burn: BurnInput, until: UntilInput, path: Path, report: Report): void {
  if (until.above !== undefined) {
    const message = "a budget that burns is bad when high, but `until.above` is clear when high";
    report([...path, "above"], { message, fix: "write `until: { below: … }`, a burn rate" }, { at: "key" });
  }
  if (until.below === undefined) return;
  const own = [...path, "below"];
  const { value, percentage } = until.below;
  if (percentage || value <= 0) {
    const message = "`until.below` of `burn` is a burn rate over 0: 1 spends just the whole budget in its period";
    report(own, { message, fix: "write for example `until: { below: 0.5 }`" });
    return;
  }
  const lowest = Math.min(...readTiers(burn).map(({ factor }) => factor));
  if (value > lowest) {
    const message = `a budget that burns between ${shown(lowest)} and ${shown(value)} would be both bad and clear`;
    report(own, { message, fix: `write at most ${formatValue(lowest, "number")}, the lowest factor of its tiers` });
  }
}
