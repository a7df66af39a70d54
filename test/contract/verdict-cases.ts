import fc from "fast-check";

/** Values of one label set, one a minute; undefined where nothing was reported. */
export interface VerdictSeries {
  readonly service: string;
  readonly values: readonly (number | undefined)[];
}

/** Events of one label set, one pair a minute; a whole of 0 is no event at all. */
export interface RequestSeries {
  readonly service: string;
  readonly minutes: readonly { readonly total: number; readonly bad: number }[];
}

/** A rule without its signal, as it is written. A new form of `when` adds its cases here, and a series that tells it apart. */
export interface VerdictCase {
  readonly name: string;
  /** `when`, `until`, `no_data`, overrides: the keys of a rule. */
  readonly rule: string;
  /** Verdicts that must occur over all series, so that a case that says nothing is seen. */
  readonly kinds: readonly ("breached" | "between" | "clear" | "no_data")[];
  /** What it is judged on; default the values. */
  readonly over?: "requests";
}

/** Minutes that are judged; each series has as many values. */
export const verdictMinutes = 40;

const flat = (value: number | undefined, times: number) => Array.from({ length: times }, () => value);
const upTo = (values: readonly (number | undefined)[]) =>
  [...values, ...flat(undefined, verdictMinutes)].slice(0, verdictMinutes);

/** Steps, edges that equal a limit, gaps, what ends and what begins late, what is zero, negative or hardly a number. */
export const verdictSeries: readonly VerdictSeries[] = [
  { service: "steady", values: flat(5, verdictMinutes) },
  { service: "spike", values: upTo([...flat(5, 12), ...flat(80, 6), ...flat(5, 22)]) },
  { service: "edge", values: upTo([...flat(10, 10), 10.000_000_1, ...flat(10, 10), 9.999_999_9, ...flat(10, 18)]) },
  { service: "fall", values: upTo([...flat(100, 15), ...flat(3, 10), ...flat(100, 15)]) },
  {
    service: "gap",
    values: upTo([...flat(30, 10), ...flat(undefined, 8), ...flat(30, 5), ...flat(undefined, 2), ...flat(5, 15)]),
  },
  { service: "ends", values: upTo([...flat(30, 14)]) },
  { service: "late", values: upTo([...flat(undefined, 20), ...flat(50, 20)]) },
  { service: "zero", values: upTo([...flat(0, 15), 7, ...flat(0, 24)]) },
  { service: "below-zero", values: upTo([...flat(-5, 10), ...flat(-50, 10), ...flat(-5, 20)]) },
  { service: "grows", values: Array.from({ length: verdictMinutes }, (_, minute) => 1.1 ** minute) },
  { service: 'host"ile {x} \\ 50%', values: upTo([...flat(5, 5), ...flat(60, 10), ...flat(5, 25)]) },
  ...randomSeries(6),
];

function randomSeries(count: number): readonly VerdictSeries[] {
  const value = fc.oneof(
    { weight: 1, arbitrary: fc.constant(undefined) },
    { weight: 6, arbitrary: fc.double({ min: -20, max: 120, noNaN: true }) },
    { weight: 2, arbitrary: fc.constantFrom(0, 10, 20, 1e9, 1e-9) },
  );
  const values = fc.array(value, { minLength: verdictMinutes, maxLength: verdictMinutes });
  return fc
    .sample(values, { seed: 20260105, numRuns: count })
    .map((each, place) => ({ service: `random-${place}`, values: each }));
}

const calm = (times: number, total = 10) => Array.from({ length: times }, () => ({ total, bad: 0 }));
const failing = (times: number, bad: number, total = 10) => Array.from({ length: times }, () => ({ total, bad }));

/** A short outage, one just at a factor, a slow leak, an end of all traffic while it fails, one that begins late, few events. */
export const requestSeries: readonly RequestSeries[] = [
  { service: "calm", minutes: calm(verdictMinutes) },
  { service: "outage", minutes: [...calm(14), ...failing(6, 10), ...calm(20)] },
  { service: "at-the-factor", minutes: [...calm(14), ...failing(26, 5)] },
  { service: "leak", minutes: [...calm(5), ...failing(30, 2), ...calm(5)] },
  { service: "falls-silent", minutes: [...calm(10), ...failing(8, 9), ...calm(22, 0)] },
  { service: "late", minutes: [...calm(18, 0), ...failing(3, 3, 3), ...calm(19, 7)] },
  {
    service: "rare",
    minutes: Array.from({ length: verdictMinutes }, (_, at) => ({
      total: at % 7 === 0 ? 1 : 0,
      bad: at % 14 === 0 ? 1 : 0,
    })),
  },
];

export const verdictCases: readonly VerdictCase[] = [
  {
    name: "above",
    rule: "when: { above: 10 }\nuntil: { below: 6, for: 3m }\nno_data: keep",
    kinds: ["breached", "between", "clear", "no_data"],
  },
  {
    name: "above, held",
    rule: "when: { above: 20, for: 3m }\nno_data: keep",
    kinds: ["breached", "clear", "no_data"],
  },
  { name: "below", rule: "when: { below: 10 }\nno_data: clear", kinds: ["breached", "clear"] },
  {
    name: "above and below",
    rule: "when: { above: 40, below: 0 }\nuntil: { above: 4, below: 35, for: 2m }\nno_data: breach",
    kinds: ["breached", "between", "clear"],
  },
  {
    name: "above, other limits for some",
    rule: "when: { above: 10 }\noverrides: [ { where: { service: [spike, grows] }, when: { above: 30 } } ]\nno_data: keep",
    kinds: ["breached", "clear", "no_data"],
  },
  {
    name: "change, up against the window before",
    rule: "when: { change: { versus: previous, up: 3x, floor: 20 } }\nno_data: keep",
    kinds: ["breached", "clear", "no_data"],
  },
  {
    name: "change, down against ten minutes before",
    rule: "when: { change: { versus: 10m, down: 50% } }\nno_data: keep",
    kinds: ["breached", "clear", "no_data"],
  },
  {
    name: "change, up and down",
    rule: "when: { change: { versus: 5m, up: +50%, down: 20%, floor: 10 } }\nno_data: clear",
    kinds: ["breached", "clear"],
  },
  {
    name: "baseline",
    rule: "when: { baseline: { history: 1h, season: none, deviations: 4, min_change: 10% }, for: 2m }\nno_data: keep",
    kinds: ["breached", "clear", "no_data"],
  },
  {
    name: "baseline, up, with an `until` of its own",
    rule: "when: { baseline: { history: 1h, season: none, direction: up } }\nuntil: { below: 50, for: 1m }\nno_data: clear",
    kinds: ["breached", "between", "clear"],
  },
  {
    name: "burn, two tiers",
    over: "requests",
    rule: "when: { burn: { objective: 90%, period: 1d, tiers: [{ long: 10m, short: 2m, factor: 5 }, { long: 30m, short: 5m, factor: 1 }] } }\nno_data: keep",
    kinds: ["breached", "clear", "no_data"],
  },
  {
    name: "burn, with a floor, more calm to end, another objective for some",
    over: "requests",
    rule: "when: { burn: { objective: 90%, period: 1d, tiers: [{ long: 10m, short: 2m, factor: 4, severity: critical }] }, min_bad_events: 4, for: 1m }\nuntil: { below: 1, for: 3m }\nno_data: clear\noverrides: [ { where: { service: leak }, when: { burn: { objective: 96% } } } ]",
    kinds: ["breached", "between", "clear"],
  },
  {
    name: "ratio",
    over: "requests",
    rule: "when: { above: 20%, min_bad_events: 4 }\nuntil: { below: 10% }\nno_data: keep",
    kinds: ["breached", "between", "clear", "no_data"],
  },
  {
    name: "new, a value of a label",
    rule: "when: { new: { field: service, learned_from: 10m, settle: 8m } }\nuntil: { for: 2m }",
    kinds: ["breached", "clear"],
  },
  { name: "absent", rule: "when: { absent: { known_for: 1h }, for: 2m }", kinds: ["breached", "clear"] },
];
