import { expect } from "chai";
import fc from "fast-check";
import { labelsKey } from "../../src/model/labels.ts";
import { type Answer, isZeroOfNothing, type Measure } from "../../src/model/query.ts";
import { type Dataset, hostileNames, muteService } from "../support/source-dataset.ts";
import {
  type ExpectedAnswer,
  type ExpectedGroup,
  expectedAnswer,
  type PlainMeasure,
  type PlainQuestion,
  plainQuestion,
} from "../support/source-expectation.ts";

/** Brute force is slow: once for each question, however often it is asked. */
const expectations = new WeakMap<PlainQuestion, ExpectedAnswer>();

/** Compares an answer with brute force: counts exact, means 1e-9, unique 1 %, percentiles 2 %. */
export function expectRight(answer: Answer | undefined, dataset: Dataset, plain: PlainQuestion): void {
  const expected = expectations.get(plain) ?? expectedAnswer(dataset, plain);
  expectations.set(plain, expected);
  if (answer?.kind !== "answered")
    throw new Error(`not answered: ${JSON.stringify(answer)} to ${describeQuestion(plain)}`);
  const keys = answer.observations.map((observation) => labelsKey(observation.labels)).sort();
  expect(keys, `groups of ${describeQuestion(plain)}`).to.deep.equal([...expected.groups.keys()].sort());
  for (const observation of answer.observations) {
    const key = labelsKey(observation.labels);
    const group = expected.groups.get(key) as ExpectedGroup;
    const where = `${key} of ${describeQuestion(plain)}`;
    expect(observation.events, `events of ${where}`).to.equal(group.events);
    expect(observation.badEvents, `bad events of ${where}`).to.equal(group.badEvents);
    expectValue(observation.value, group, plain.measure, where);
  }
  if (expected.notAnswered === 0) expect(answer.notAnswered, describeQuestion(plain)).to.equal(0);
  else expect(answer.notAnswered, describeQuestion(plain)).to.be.within(1, expected.notAnswered);
}

export function expectValue(
  actual: number | undefined,
  { value, values }: Pick<ExpectedGroup, "value" | "values">,
  measure: PlainMeasure,
  where: string,
): void {
  if (value === undefined || actual === undefined) {
    expect(actual, `value of ${where}`).to.equal(value);
  } else if (measure.kind === "percentile") {
    // Few values: definitions of a percentile differ by one rank, so the neighbours bound it.
    const position = (measure.percent / 100) * (values.length - 1);
    const low = values[Math.max(0, Math.floor(position) - 1)] ?? value;
    const high = values[Math.min(values.length - 1, Math.ceil(position) + 1)] ?? value;
    expect(actual, `value of ${where}`).to.be.within(Math.min(low, value * 0.98), Math.max(high, value * 1.02));
  } else {
    const tolerance = measure.kind === "unique" ? 0.01 : measure.kind === "count" ? 0 : 1e-9;
    expect(actual, `value of ${where}`).to.be.closeTo(value, tolerance * Math.max(1, Math.abs(value)));
  }
}

/** Two answers to the same question say the same; `unique` and percentiles within what they may err. */
export function expectSame(actual: Answer | undefined, alone: Answer | undefined, plain: PlainQuestion): void {
  if (actual?.kind !== "answered" || alone?.kind !== "answered") {
    expect(actual, describeQuestion(plain)).to.deep.equal(alone);
    return;
  }
  const others = new Map(alone.observations.map((observation) => [labelsKey(observation.labels), observation]));
  expect(actual.observations).to.have.length(others.size);
  for (const { labels, events, badEvents, value } of actual.observations) {
    const other = others.get(labelsKey(labels));
    expect({ events, badEvents }, labelsKey(labels)).to.deep.equal({
      events: other?.events,
      badEvents: other?.badEvents,
    });
    if (value === undefined || other?.value === undefined) expect(value).to.equal(other?.value);
    else expect(value).to.be.closeTo(other.value, 0.02 * Math.abs(other.value) + 1e-9);
  }
  expect(actual.notAnswered === 0).to.equal(alone.notAnswered === 0);
}

function describeQuestion(plain: PlainQuestion): string {
  return JSON.stringify(plain);
}

const names = ["checkout", "cart", "search", "payments", "profile", "mail", muteService, "nobody", ...hostileNames];
const numberFields = ["duration_ms", "bytes", "timings", "http.response.status_code"];

const anyMeasure: fc.Arbitrary<PlainMeasure> = fc.oneof(
  fc.constantFrom<PlainMeasure>({ kind: "count" }, { kind: "rate" }),
  fc.record({
    kind: fc.constantFrom<"sum" | "avg" | "min" | "max">("sum", "avg", "min", "max"),
    field: fc.constantFrom(...numberFields),
  }),
  fc.record({
    kind: fc.constant("unique" as const),
    field: fc.constantFrom("user.id", "session.id", "tags", "http.response.status_code", "sampled"),
  }),
  fc.record({
    kind: fc.constant("percentile" as const),
    field: fc.constantFrom("duration_ms", "bytes", "timings"),
    percent: fc.constantFrom(50, 95, 99),
  }),
  fc.record({ kind: fc.constant("ratio" as const), bad: fc.constantFrom("slow" as const, "server_error" as const) }),
);

/** Batches in which equal questions, families and loners are mixed, as in a tick of many rules. */
export function anyBatch(dataset: Dataset): fc.Arbitrary<PlainQuestion[]> {
  const { busy, edge, empty } = dataset;
  const windows = [
    busy,
    { from: busy.from, to: busy.from + 300_000 },
    { from: busy.from + 1, to: busy.from + 299_999 },
  ];
  const where = fc.oneof(
    { weight: 4, arbitrary: fc.record({ "service.name": fc.tuple(fc.constantFrom(...names)) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        "service.name": fc.tuple(fc.constantFrom(...names)),
        "service.environment": fc.constantFrom(["production"], ["staging"], ["production", "staging"]),
      }),
    },
    fc.record({ "http.response.status_code": fc.constantFrom([500], [200], [502, 503], [999]) }),
    fc.record({ sampled: fc.constantFrom([true], [false]) }),
    fc.record({ tags: fc.constantFrom(["red"], ["red", "eu"], ["nothing"]) }),
    fc.constant({}),
  );
  const one = fc.record({
    where,
    filters: fc.subarray<"slow" | "server_error" | "not_health">(["slow", "server_error", "not_health"], {
      maxLength: 1,
    }),
    measure: anyMeasure,
    by: fc.constantFrom(
      ...[[], [], [], ["service.name"], ["http.response.status_code"], ["sampled"], ["tags"]],
      ...[
        ["service.name", "http.request.method"],
        ["tags", "sampled"],
      ],
    ),
    window: fc.constantFrom(...windows, edge, empty),
  });
  return fc.array(
    one.map(({ window, ...parts }) => plainQuestion(window, parts)),
    { minLength: 1, maxLength: 40 },
  );
}

/** The same rule for each of some services: what a planner should share. */
export function family(dataset: Dataset, measure: PlainMeasure): PlainQuestion[] {
  return names.map((name) => plainQuestion(dataset.busy, { where: { "service.name": [name] }, measure }));
}

export function zeroOrNothing(measure: Measure): 0 | undefined {
  return isZeroOfNothing(measure) ? 0 : undefined;
}
