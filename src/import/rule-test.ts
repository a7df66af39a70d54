import { isZeroOfNothing } from "../model/query.ts";
import type { Rule, When } from "../model/rule.ts";
import { durationText } from "./words.ts";

/*
 * Tests for rules that were imported: made of the rule as it is compiled, so that they hold it to its numbers. A value at the limit is
 * no alert, the next one is; what is over before `for` is over is none; a floor that is not reached is none.
 */

/** What a rule test is written from: parts of one entry of `tests`. */
export interface MadeTest {
  readonly name: string;
  readonly rule: string;
  readonly start: string;
  readonly series: readonly Readonly<Record<string, unknown>>[];
  readonly expect: readonly Readonly<Record<string, unknown>>[];
}

export interface RuleTestOptions {
  readonly rule: Rule;
  /** Ticks of its schedule, one after another, oldest first; as many as `ticksNeeded` says. */
  readonly ticks: readonly number[];
}

/** Values of one kind: `value`, or `total` and `bad`. */
type Values = Readonly<Record<string, number>>;

interface Phase {
  readonly values: Values;
  readonly ticks: number;
}

type Threshold = Extract<When, { form: "threshold" }>;
type Change = Extract<When, { form: "change" }>;
type Burn = Extract<When, { form: "burn" }>;
type New = Extract<When, { form: "new" }>;

/** How many steps a span takes, at least. */
function stepsOf(ms: number, stepMs: number): number {
  return Math.ceil(ms / stepMs);
}

/** How many ticks the longest test of a rule has. */
export function ticksNeeded({ limits: { when, until }, signal: { windowMs } }: Rule, stepMs: number): number {
  const window = when.form === "change" ? stepsOf(windowMs, stepMs) : 0;
  return window + stepsOf(when.forMs, stepMs) + stepsOf(until.forMs, stepMs) + 12;
}

/** The tests of a rule; none for forms that imports do not make. */
export function testsFor({ rule, ticks }: RuleTestOptions): readonly MadeTest[] {
  const [first, second] = ticks;
  if (first === undefined || second === undefined) return [];
  const story = new Story(rule, ticks);
  const { when } = rule.limits;
  if (when.form === "threshold") return thresholdTests(rule, when, story);
  if (when.form === "burn") return burnTests(rule, when, story);
  if (when.form === "new" && when.of.kind === "value") return newTests(rule, when, story);
  return when.form === "change" && when.versus === "previous" ? changeTests(rule, when, story) : [];
}

/** Writes tests of one label set as phases of equal values. */
class Story {
  readonly rule: Rule;
  readonly ticks: readonly number[];
  readonly forSteps: number;
  readonly untilSteps: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly #tells: boolean;

  constructor(rule: Rule, ticks: readonly number[]) {
    this.rule = rule;
    this.ticks = ticks;
    this.forSteps = this.#steps(rule.limits.when.forMs);
    this.untilSteps = this.#steps(rule.limits.until.forMs);
    this.labels = Object.fromEntries(rule.signal.by.map((label) => [label, `${label}-1`]));
    // A ticket of these depends on more than the rule.
    this.#tells = rule.limits.severity !== "info" && rule.limits.severity !== "low";
  }

  #steps(ms: number): number {
    const [first = 0] = this.ticks;
    const steps = this.ticks.findIndex((tick) => tick - first >= ms);
    return steps < 0 ? this.ticks.length : steps;
  }

  /** Since the first tick. */
  at(tick: number): string {
    return durationText((this.ticks[tick] ?? 0) - (this.ticks[0] ?? 0));
  }

  /** Nothing at all, up to a tick. */
  quiet(tick: number) {
    return { at: this.at(tick), tickets: [], alerts: [] };
  }

  pending(tick: number) {
    return { at: this.at(tick), tickets: [], alerts: [{ labels: this.labels, state: "pending" }] };
  }

  fires(tick: number, more: Readonly<Record<string, unknown>> = {}) {
    const tickets = this.#tells ? { tickets: [{ action: "create", ...more }] } : {};
    return { at: this.at(tick), ...tickets, alerts: [{ labels: this.labels, state: "firing" }] };
  }

  recovers(tick: number) {
    return { at: this.at(tick), tickets: [], alerts: [{ labels: this.labels, state: "recovering" }] };
  }

  ends(tick: number) {
    const tickets = this.#tells ? { tickets: [{ action: "comment", reason: "all_quiet" }] } : {};
    return { at: this.at(tick), ...tickets, alerts: [] };
  }

  test(name: string, phases: readonly Phase[], expect: MadeTest["expect"], more: Values = {}): MadeTest {
    const keys = Object.keys(phases[0]?.values ?? {});
    const series = Object.fromEntries(keys.map((key) => [key, notation(phases, key)]));
    const start = new Date(this.ticks[0] ?? 0).toISOString().replace(".000Z", "Z");
    return { name, rule: this.rule.id, start, series: [{ labels: this.labels, ...series, ...more }], expect };
  }
}

/** As promtool writes series: what stays the same is said once. */
function notation(phases: readonly Phase[], key: string): string {
  const runs: { value: number | undefined; ticks: number }[] = [];
  for (const { values, ticks } of phases) {
    const last = runs.at(-1);
    if (last !== undefined && last.value === values[key]) last.ticks += ticks;
    else runs.push({ value: values[key], ticks });
  }
  return runs.map(({ value, ticks }) => (ticks === 1 ? `${value}` : `${value}x${ticks - 1}`)).join(" ");
}

interface Border {
  readonly well: Values;
  readonly bad: Values;
  readonly words: string;
}

function thresholdTests(rule: Rule, when: Threshold, story: Story): readonly MadeTest[] {
  const tests: MadeTest[] = [];
  const { forSteps, untilSteps } = story;
  const events: Values = when.minEvents > 1 ? { events: when.minEvents } : {};
  for (const side of ["above", "below"] as const) {
    const limit = when[side];
    if (limit === undefined) continue;
    const { well, bad, words } = borderOf(rule, when, side, limit);
    const fires = 3 + forSteps;
    const phases = [
      { values: well, ticks: 3 },
      { values: bad, ticks: forSteps + 1 },
      { values: well, ticks: untilSteps + 1 },
    ];
    const expect = [
      story.quiet(2),
      ...(forSteps > 0 ? [story.pending(fires - 1)] : []),
      story.fires(fires),
      ...(untilSteps > 0 ? [story.recovers(fires + untilSteps)] : []),
      story.ends(fires + untilSteps + 1),
    ];
    tests.push(story.test(`${rule.id}: ${words}`, phases, expect, events));
    const few = tooFew(rule, when, side, bad);
    if (few !== undefined) {
      const name = `${rule.id}: too few events ${side === "above" ? "over" : "under"} the limit are nothing`;
      tests.push(
        story.test(name, [{ values: few.values, ticks: forSteps + 2 }], [story.quiet(forSteps + 1)], few.more),
      );
    }
    if (forSteps > 0) {
      const short = [
        { values: well, ticks: 1 },
        { values: bad, ticks: forSteps },
        { values: well, ticks: 2 },
      ];
      tests.push(
        story.test(
          `${rule.id}: what ${side === "above" ? "is over" : "is under"} for less than its time is nothing`,
          short,
          [story.quiet(forSteps + 2)],
          events,
        ),
      );
    }
  }
  return tests;
}

/** What is bad and just under a floor on events, where there is one. */
function tooFew(
  { signal: { measure } }: Rule,
  when: Threshold,
  side: "above" | "below",
  bad: Values,
): { readonly values: Values; readonly more: Values } | undefined {
  if (measure.kind === "ratio") {
    const events = when.minBadEvents - 1;
    // As many as there are at all are over every limit.
    return side === "above" && events > 0 ? { values: { total: events, bad: events }, more: {} } : undefined;
  }
  return when.minEvents > 1 ? { values: bad, more: { events: when.minEvents - 1 } } : undefined;
}

/** The last value that is well and the first that is bad, or two near ones where values are no whole numbers. */
function borderOf({ signal: { measure } }: Rule, when: Threshold, side: "above" | "below", limit: number): Border {
  const more = side === "above" ? 1 : -1;
  if (measure.kind === "ratio") return ratioBorder(when, side, limit);
  if (isZeroOfNothing(measure) && measure.kind !== "sum" && measure.kind !== "rate") {
    const well = side === "above" ? Math.floor(limit) : Math.ceil(limit);
    return border(well, well + more);
  }
  // The number beside 0 is too small to be written with.
  const round = Math.abs(limit) < 1e-300 ? 0 : Number(limit.toPrecision(12));
  // A limit just beside a round number was written as `>=`: the round number itself is bad.
  if ((round - limit) * more > 0) return border(beside(round, -more), round);
  return border(limit, beside(limit, more));
}

function border(well: number, bad: number): Border {
  return { well: { value: well }, bad: { value: bad }, words: `${well} is well, and ${bad} is an alert` };
}

/** Half a percent further. */
function beside(value: number, direction: number): number {
  const step = value === 0 ? 0.005 : Math.abs(value) * 0.005;
  return Number((value + direction * step).toPrecision(8));
}

function ratioBorder(when: Threshold, side: "above" | "below", limit: number): Border {
  for (let total = 1_000; ; total *= 10) {
    let well = side === "above" ? Math.floor(limit * total) : Math.ceil(limit * total);
    if (side === "above" ? well / total > limit : well / total < limit) well += side === "above" ? -1 : 1;
    const bad = side === "above" ? well + 1 : well - 1;
    const isNear = Math.abs(bad / total - limit) < limit * 0.009 && bad >= when.minBadEvents && bad >= 0;
    if (!isNear && total < 1e9) continue;
    return {
      well: { total, bad: well },
      bad: { total, bad },
      words: `${well} of ${total} are well, and ${bad} are an alert`,
    };
  }
}

function changeTests(rule: Rule, when: Change, story: Story): readonly MadeTest[] {
  const { ticks } = story;
  const [first = 0] = ticks;
  const steps = ticks.findIndex((tick) => tick - first === rule.signal.windowMs);
  // The first bad value must have the same value before it as the last good one.
  if (steps < 2 || story.forSteps > 0) return [];
  const tests: MadeTest[] = [];
  let reference = 1_000;
  while (reference < when.floor) reference *= 10;
  const told = (well: number, bad: number, word: string) => {
    const values = [...Array<number>(steps).fill(reference), well, bad];
    // Well again: each value is that of the window before.
    for (let tick = 0; tick <= story.untilSteps; tick += 1) values.push(values[values.length - steps] ?? reference);
    const fires = steps + 1;
    const name = `${rule.id}: after ${reference}, ${well} is well, and ${bad} is a ${word}`;
    const phases = values.map((value) => ({ values: { value }, ticks: 1 }));
    const over = [
      ...(story.untilSteps > 0 ? [story.recovers(fires + story.untilSteps)] : []),
      story.ends(fires + story.untilSteps + 1),
    ];
    return story.test(name, phases, [story.quiet(steps), story.fires(fires), ...over]);
  };
  if (when.up !== undefined) {
    const well = Math.floor(reference * when.up);
    tests.push(told(well, well + 1, "rise"));
  }
  if (when.down !== undefined) {
    const well = Math.ceil(reference * (1 - when.down));
    tests.push(told(well, well - 1, "fall"));
  }
  if (when.floor > 1) tests.push(underFloor(rule, when, story, steps));
  return tests;
}

/** What burns as fast from the first event on burns so in every window: the lowest tier, and the first of each severity. */
function burnTests(rule: Rule, when: Burn, story: Story): readonly MadeTest[] {
  const tests: MadeTest[] = [];
  const { untilSteps } = story;
  const total = 1_000_000;
  const budget = 1 - when.objective;
  const rising = [...when.tiers].sort((a, b) => a.factor - b.factor);
  const severityOf = (tier: Burn["tiers"][number]) => tier.severity ?? rule.limits.severity;
  for (const [position, tier] of rising.entries()) {
    const before = rising[position - 1];
    if (before !== undefined && severityOf(before) === severityOf(tier)) continue;
    const well = Math.floor(tier.factor * budget * total * (1 + 1e-9));
    const bad = well + 1;
    const told = { severity: severityOf(tier) };
    const phase = (values: number, ticks: number) => ({ values: { total, bad: values }, ticks });
    if (before === undefined) {
      tests.push(
        story.test(`${rule.id}: ${well} of ${total} burn no budget too fast`, [phase(well, 3)], [story.quiet(2)]),
      );
      const over = [...(untilSteps > 0 ? [story.recovers(untilSteps)] : []), story.ends(untilSteps + 1)];
      const phases = [phase(bad, 1), phase(0, untilSteps + 1)];
      tests.push(story.test(`${rule.id}: ${bad} of ${total} do`, phases, [story.fires(0, told), ...over]));
    } else {
      const lower = { severity: severityOf(before) };
      const name = `${rule.id}: at ${tier.factor} times the budget it is ${lower.severity}`;
      tests.push(story.test(name, [phase(well, 1)], [story.fires(0, lower)]));
      const next = `${rule.id}: over ${tier.factor} times the budget it is ${told.severity}`;
      tests.push(story.test(next, [phase(bad, 1)], [story.fires(0, told)]));
    }
  }
  return tests;
}

/** What is there at the first tick is learned; a value that comes later is new until it is not there any more. */
function newTests(rule: Rule, when: New, story: Story): readonly MadeTest[] {
  const { field } = when.of;
  const { untilSteps, forSteps } = story;
  if (forSteps > 0) return [];
  const known = { ...story.labels, [field]: "known-1" };
  const fresh = { ...story.labels, [field]: "new-1" };
  const test = story.test(
    `${rule.id}: a value of ${field} that comes later is an alert`,
    [],
    [
      story.quiet(2),
      { ...story.fires(3), alerts: [{ labels: fresh, state: "firing" }] },
      ...(untilSteps > 0
        ? [{ ...story.recovers(3 + untilSteps), alerts: [{ labels: fresh, state: "recovering" }] }]
        : []),
      story.ends(4 + untilSteps),
    ],
  );
  const series = [
    { labels: known, value: `1x${4 + untilSteps}` },
    { labels: fresh, value: `_x3 1 _x${untilSteps + 1}` },
  ];
  return [{ ...test, series }];
}

/** The larger of the two is just under the floor. */
function underFloor(rule: Rule, when: Change, story: Story, steps: number): MadeTest {
  const larger = Math.ceil(when.floor) - 1;
  const smaller = 0;
  const [earlier, now] = when.up === undefined ? [larger, smaller] : [smaller, larger];
  const phases = [
    { values: { value: earlier }, ticks: steps },
    { values: { value: now }, ticks: 1 },
  ];
  return story.test(`${rule.id}: ${earlier} and then ${now} is nothing, since neither reaches the floor`, phases, [
    story.quiet(steps),
  ]);
}
