import { expect } from "chai";
import fc from "fast-check";
import { createPrometheusSource } from "../../src/sources/prometheus/prometheus-source.ts";
import type { Source } from "../../src/sources/source.ts";
import { promqlQuery, promqlRatio } from "../support/promql-query.ts";
import { type HistorySeries, type Prometheus, startPrometheus } from "../support/services/prometheus.ts";
import { startOrSkip } from "../support/services/service-missing.ts";
import { expectAsAlone, regular } from "./source-history.contract.ts";

const never = new AbortController().signal;
const minute = 60_000;
/** The night before a day border, and the day after it. */
const start = Date.parse("2026-01-05T20:00:00Z");
const minutes = 600;

const wave = (place: number, length = minutes) =>
  Array.from({ length }, (_, at) => Math.round(1_000 * (place + 1) * (1.2 + Math.sin(at / (7 + place)))) / 10);
const counter = (place: number) => {
  let total = 0;
  return wave(place).map((step, at) => {
    // Restarts begin anew at zero.
    total = at % (97 + place) === 0 ? 0 : total + Math.abs(step);
    return total;
  });
};
/** Between three and four hours there is nothing. */
const withGap = (values: readonly number[]) => values.map((value, at) => (at >= 180 && at < 240 ? undefined : value));
const series = (
  name: string,
  labels: Record<string, string>,
  values: readonly (number | undefined)[],
): HistorySeries => ({
  name,
  labels,
  from: start,
  stepMs: minute,
  values,
});

const history: readonly HistorySeries[] = [
  series("up", { job: "shop" }, withGap(wave(0).map(() => 1))),
  ...["cart", "mail", "search"].flatMap((service, place) => [
    series("load", { service, instance: "a" }, withGap(wave(place))),
    series("requests_total", { service }, withGap(counter(place))),
    series("latency_bucket", { service, le: "0.1" }, counter(place)),
    series(
      "latency_bucket",
      { service, le: "+Inf" },
      counter(place).map((value) => value * 1.5),
    ),
  ]),
  // Two instances of one service, for an hour: an expression that takes one for granted fails then, and only then.
  series("load", { service: "mail", instance: "b" }, [...Array.from({ length: 300 }, () => undefined), ...wave(5, 60)]),
  series(
    "odd",
    { service: "nan" },
    wave(1).map((value, at) => (at % 3 === 0 ? Number.NaN : value)),
  ),
];

const expressions = [
  "load",
  'load{instance="a"} > 150',
  "avg by (service) (load)",
  "sum(rate(requests_total[5m]))",
  "sum by (service) (increase(requests_total[17m]))",
  "histogram_quantile(0.95, sum by (le, service) (rate(latency_bucket[10m])))",
  "odd",
  "max_over_time(load[1h:1m])",
  "load offset 1d",
  "timestamp(load)",
  "topk(2, load)",
  "scalar(sum(load))",
  "absent(load)",
  "load @ end()",
  "load / on (service) odd",
  "load / ignoring (instance) group_left load",
];

/** What the contract of sources says of many windows at once, in PromQL. */
describe("source contract: prometheus, many windows at once", function () {
  this.timeout(200_000);
  let prometheus: Prometheus;
  let source: Source;

  before(async function () {
    prometheus = await startOrSkip(this, () => startPrometheus({ history }));
    source = createPrometheusSource({ name: "metrics", url: prometheus.url, timeoutMs: 60_000, maxConcurrency: 4 });
  });
  after(async () => {
    await source?.close();
    await prometheus?.stop();
  });

  it("answers each as an instant query does: random expressions and schedules, a gap, a day border, failing instants", async () => {
    const schedule = fc.record({
      from: fc.integer({ min: -10, max: minutes }),
      stepMs: fc.constantFrom(minute, 2 * minute, 5 * minute, 17 * minute, 3_600_000),
      windowMs: fc.constantFrom(minute, 5 * minute),
      count: fc.integer({ min: 1, max: 60 }),
    });
    const by = fc.constantFrom([], ["service"], ["service", "instance"]);
    let total = { answered: 0, leftOut: 0 };
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...expressions), by, schedule, async (expression, labels, times) => {
        const windows = regular(start + times.from * minute, times.stepMs, times.windowMs, times.count);
        const query = promqlQuery(expression, labels, 3);
        const { answered, leftOut } = await expectAsAlone(source, { questions: [{ query, windows }] });
        total = { answered: total.answered + answered, leftOut: total.leftOut + leftOut };
      }),
      { numRuns: 60, seed: process.env["SEED"] === "random" ? Date.now() : 20_260_105 },
    );
    expect(total.answered).to.be.greaterThan(3 * total.leftOut);
  });

  it("answers ratios of two expressions as a tick does, over windows of several lengths", async () => {
    const increase = (of: string) => `sum by (service) (increase(requests_total${of}[$window]))`;
    const query = promqlRatio(increase(""), increase('{service!="mail"}'), ["service"]);
    const windows = [...regular(start, 5 * minute, 5 * minute, 100), ...regular(start, 5 * minute, 60 * minute, 100)];
    const { answered, leftOut } = await expectAsAlone(source, { questions: [{ query, windows }] });
    expect([answered, leftOut]).to.deep.equal([200, 0]);
  });

  it("answers a day of minutes in one request, and leaves out an expression that speaks of its range", async () => {
    const windows = regular(start, minute, minute, 1_440);
    const ask = (expression: string) =>
      source.history?.(
        {
          questions: [{ query: promqlQuery(expression, ["service"]), windows }],
          probes: [],
        },
        never,
      );
    const plain = await ask("avg by (service) (load)");
    expect(plain?.requests).to.equal(1);
    expect(plain?.answers[0]).to.have.property("windows").that.has.length(1_440).and.does.not.include(undefined);
    const own = await ask("avg by (service) (load @ end())");
    expect(own?.requests).to.equal(0);
    expect(own?.answers[0]).to.deep.equal({ kind: "answered", windows: windows.map(() => undefined) });
  });

  it("says of each window whether anything was scraped", async () => {
    const windows = [...regular(start, 5 * minute, minute, 120), ...regular(start, 5 * minute, 30 * minute, 120)];
    const past = await source.history?.({ questions: [], probes: [{ target: "", windows }] }, never);
    const alone = await source.answer(
      { questions: [], probes: windows.map((window) => ({ target: "", window })) },
      never,
    );
    expect(past?.probes[0]).to.deep.equal({ kind: "answered", windows: alone.probes });
    expect(past?.requests).to.equal(2);
  });
});
