import type { Rule, Until, When } from "../../model/rule.ts";

/** One limit of a rule that can be set higher or lower. */
export interface Knob {
  readonly name: "above" | "below" | "up" | "down";
  readonly current: number;
  /** How far a measured value is on the bad side: the larger, the worse. Undefined where there is nothing to compare. */
  badness(value: number, reference: number | undefined): number | undefined;
  /** The limit that everything of more badness is over: the inverse of `badness`. */
  limitOf(badness: number): number;
  /** The same limit with fewer digits, rather less sensitive than more. */
  rounded(limit: number): number;
  /** The rule with that limit, and no other one of the same form beside it. */
  withLimit(limit: number): Rule;
}

const digits = 3;

/** What of a rule can be turned, or why nothing can. Pure. */
export function knobsOf(rule: Rule): readonly Knob[] | { readonly refused: string } {
  const { when } = rule.limits;
  switch (when.form) {
    case "threshold":
      return [
        ...(when.above === undefined ? [] : [aboveKnob(rule, when, when.above)]),
        ...(when.below === undefined ? [] : [belowKnob(rule, when, when.below)]),
      ];
    case "change":
      return [
        ...(when.up === undefined ? [] : [upKnob(rule, when, when.up)]),
        ...(when.down === undefined ? [] : [downKnob(rule, when, when.down)]),
      ];
    case "absent":
      return {
        refused: "`absent` has no threshold: what reports nothing is absent; replay it with another `window` or `for`",
      };
    case "baseline":
      return { refused: "a `baseline` follows what is usual; replay it with other `deviations` by --try" };
    case "burn":
      return { refused: "the limits of `burn` follow from its objective, which is a promise and no matter of noise" };
    case "new":
      return {
        refused:
          "`new` has no threshold: what was not known is bad; replay it with another `learned_from` or `settle` by --try, or narrow what it looks at",
      };
  }
}

type Threshold = Extract<When, { form: "threshold" }>;
type Change = Extract<When, { form: "change" }>;

function aboveKnob(rule: Rule, when: Threshold, current: number): Knob {
  const { below: _, ...rest } = when;
  return {
    name: "above",
    current,
    badness: (value) => value,
    limitOf: (badness) => badness,
    rounded: (limit) => roundedAway(limit, "up"),
    withLimit: (above) => withWhen(rule, { ...rest, above }, scaled(rule.limits.until, above / current)),
  };
}

function belowKnob(rule: Rule, when: Threshold, current: number): Knob {
  const { above: _, ...rest } = when;
  return {
    name: "below",
    current,
    badness: (value) => -value,
    limitOf: (badness) => -badness,
    rounded: (limit) => roundedAway(limit, "down"),
    withLimit: (below) => withWhen(rule, { ...rest, below }, scaled(rule.limits.until, below / current)),
  };
}

function upKnob(rule: Rule, when: Change, current: number): Knob {
  const { down: _, ...rest } = when;
  return {
    name: "up",
    current,
    badness: (value, reference) => ratioOf(value, reference),
    limitOf: (badness) => badness,
    rounded: (limit) => roundedAway(limit, "up"),
    withLimit: (up) => withWhen(rule, { ...rest, up }, rule.limits.until),
  };
}

function downKnob(rule: Rule, when: Change, current: number): Knob {
  const { up: _, ...rest } = when;
  return {
    name: "down",
    current,
    badness(value, reference) {
      const ratio = ratioOf(value, reference);
      return ratio === undefined ? undefined : 1 - ratio;
    },
    limitOf: (badness) => badness,
    // Nothing falls by more than all of it.
    rounded: (limit) => Math.min(1, roundedAway(limit, "up")),
    withLimit: (down) => withWhen(rule, { ...rest, down }, rule.limits.until),
  };
}

function ratioOf(value: number, reference: number | undefined): number | undefined {
  return reference === undefined || reference <= 0 ? undefined : value / reference;
}

function withWhen(rule: Rule, when: When, until: Until): Rule {
  return { ...rule, limits: { ...rule.limits, when, until } };
}

/** What ends an episode keeps its distance from what begins it, as a share of that. */
function scaled(until: Until, by: number): Until {
  if (!Number.isFinite(by) || by <= 0) return until;
  const { above, below, forMs } = until;
  return {
    forMs,
    ...(above === undefined ? {} : { above: above * by }),
    ...(below === undefined ? {} : { below: below * by }),
  };
}

/** To three digits, away from what would be more sensitive. */
function roundedAway(limit: number, towards: "up" | "down"): number {
  if (limit === 0 || !Number.isFinite(limit)) return limit;
  const unit = 10 ** (Math.floor(Math.log10(Math.abs(limit))) - digits + 1);
  // A power of ten under 1 is no exact number: the division may miss a whole number by its last digit.
  const steps = Number((limit / unit).toPrecision(12));
  const whole = towards === "up" ? Math.ceil(steps) : Math.floor(steps);
  return Number((whole * unit).toPrecision(digits));
}
