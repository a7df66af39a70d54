import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { infinite } from "../../src/model/infinity.ts";
import { labelsKey } from "../../src/model/labels.ts";
import type { Answer, Query, Question } from "../../src/model/query.ts";
import { renderInfra } from "../../src/rules/infra.ts";
import { sampleText } from "../../src/rules/templates.ts";
import { createPrometheusSource, type PrometheusOptions } from "../../src/sources/prometheus/prometheus-source.ts";
import type { Source } from "../../src/sources/source.ts";
import { ManualClock } from "../../src/support/clock.ts";
import { BackfeedError } from "../../src/support/errors.ts";
import { promqlQuery, promqlRatio } from "../support/promql-query.ts";
import { runCommand } from "../support/services/command.ts";
import { type HistorySeries, type Prometheus, startPrometheus } from "../support/services/prometheus.ts";
import { startOrSkip } from "../support/services/service-missing.ts";
import { hostileNames } from "../support/source-dataset.ts";

const never = new AbortController().signal;
const minute = 60_000;
const start = Date.parse("2026-01-05T10:00:00Z");
const at = (minutes: number) => start + minutes * minute;
const window = (minutes: number) => ({ from: at(minutes - 1), to: at(minutes) });

const gauge = (
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
const rising = (by: number) => Array.from({ length: 31 }, (_, place) => place * by);

const history: readonly HistorySeries[] = [
  gauge(
    "up",
    { job: "shop", instance: "web-1" },
    Array.from({ length: 31 }, () => 1),
  ),
  gauge("load", { service: "cart", instance: "web-1" }, rising(1)),
  gauge("load", { service: "cart", instance: "web-2" }, rising(2)),
  gauge("load", { service: "mail", instance: "web-1" }, rising(3)),
  gauge("load", { instance: "web-9" }, rising(100)),
  gauge("odd", { service: "nan" }, rising(Number.NaN)),
  gauge(
    "odd",
    { service: "high" },
    Array.from({ length: 31 }, () => Number.POSITIVE_INFINITY),
  ),
  gauge(
    "odd",
    { service: "low" },
    Array.from({ length: 31 }, () => Number.NEGATIVE_INFINITY),
  ),
  gauge("gone", { service: "a" }, [5, 5]),
  ...(
    [
      ["asked", { service: "cart" }, 10],
      ["asked", { service: "mail" }, 2],
      ["failed", { service: "cart", code: "500" }, 1],
    ] as const
  ).map(([name, labels, value]) => ({
    ...gauge(
      name,
      labels,
      Array.from({ length: 31 }, () => value),
    ),
    // Between the borders of windows, which Prometheus 2 counts on both sides.
    from: start + minute / 2,
  })),
  ...hostileNames.map((service, place) => gauge("named", { service }, rising(place + 1))),
  ...Array.from({ length: 300 }, (_, place) => gauge("many", { key: `k${place}` }, [place])),
];

/** What the contract of sources says of windows, groups, limits, evidence, failures and `check`, in PromQL. */
describe("source contract: prometheus", function () {
  this.timeout(120_000);
  let prometheus: Prometheus;
  let source: Source;
  const made: Source[] = [];

  const make = (options: Partial<PrometheusOptions> = {}): Source => {
    const clock = new ManualClock(at(10));
    const common = { name: "metrics", url: prometheus.url, timeoutMs: 60_000, maxConcurrency: 4, clock };
    const given = createPrometheusSource({ ...common, ...options });
    made.push(given);
    return given;
  };
  const question = (query: Query, minutes = 10, more: Partial<Question> = {}): Question => ({
    query,
    window: window(minutes),
    mustAnswer: [],
    ...more,
  });
  const ask = async (...questions: Question[]) => (await source.answer({ questions, probes: [] }, never)).answers;
  const values = (answer: Answer | undefined) =>
    answer?.kind === "answered"
      ? answer.observations.map(({ labels, value }) => [...Object.values(labels), value].join(" "))
      : answer?.failure.code;

  before(async function () {
    prometheus = await startOrSkip(this, () => startPrometheus({ history }));
    source = make();
  });
  after(async () => {
    await Promise.all(made.map((each) => each.close()));
    await prometheus?.stop();
  });

  it("gives the value of each series at the window's end, whatever the window's length", async () => {
    const query = promqlQuery("sum by (service) (load)", ["service"]);
    const long = { from: at(0), to: at(20) };
    const [ten, twenty, none] = await ask(question(query), question(query, 20, { window: long }), question(query, -60));
    expect(values(ten)).to.have.members(["cart 30", "mail 30"]);
    expect(values(twenty)).to.have.members(["cart 60", "mail 60"]);
    expect(none).to.deep.equal({ kind: "answered", observations: [], notAnswered: 0 });
  });

  describe("a ratio of two expressions", () => {
    const sum = (name: string) => `sum by (service) (sum_over_time(${name}[$window]))`;
    const ratio = promqlRatio(sum("asked"), sum("failed"), ["service"]);
    const over = (minutes: number, query = ratio): Question => ({
      query,
      window: { from: at(10 - minutes), to: at(10) },
      mustAnswer: [],
    });

    it("counts whole and bad part over the window that is asked, each asked once", async () => {
      const { answers, requests } = await source.answer({ questions: [over(1), over(5), over(5)], probes: [] }, never);
      const counts = answers.map((answer) =>
        answer.kind === "answered"
          ? answer.observations.map(({ labels, ...rest }) => [labels["service"], rest])
          : answer,
      );
      const five = [
        ["cart", { events: 50, badEvents: 5, value: 0.1 }],
        ["mail", { events: 10, badEvents: 0, value: 0 }],
      ];
      expect(counts[0]).to.have.deep.members([
        ["cart", { events: 10, badEvents: 1, value: 0.1 }],
        ["mail", { events: 2, badEvents: 0, value: 0 }],
      ]);
      expect(counts[1]).to.have.deep.members(five);
      expect(counts[2]).to.have.deep.members(five);
      expect(requests).to.equal(4);
    });

    it("is no ratio of no events, and fails with either side", async () => {
      const none = promqlRatio("sum(asked * 0)", "sum(failed)");
      const [empty, broken] = await ask(over(1, none), over(1, promqlRatio("sum(asked)", "sum(asked) by (")));
      expect(empty).to.deep.equal({
        kind: "answered",
        observations: [{ labels: {}, value: undefined, events: 0 }],
        notAnswered: 0,
      });
      expect(broken?.kind).to.equal("failed");
    });

    it("is drawn as the ratio of each step", async () => {
      const where = { service: ["cart"] };
      const request = { query: { ...ratio, where, by: [] }, labels: {}, window: { from: at(0), to: at(10) } };
      const points = await source.series({ ...request, stepMs: 5 * minute }, never);
      expect(points).to.deep.equal([
        { at: at(0), value: 0.1 },
        { at: at(5), value: 0.1 },
      ]);
    });

    it("is checked on both sides", async () => {
      const faults = await source.check([promqlRatio("sum(asked)", "sum(nowhere)")], never);
      expect(faults.map(({ message }) => message)).to.include("the source has had no metric `nowhere` for a day");
    });
  });

  it("gives one observation of nothing without `by`, and the one series there is", async () => {
    const [nothing, one, number] = await ask(
      question(promqlQuery("load > 1e9")),
      question(promqlQuery('load{service="mail"}')),
      question(promqlQuery("1 + 1")),
    );
    expect(nothing).to.have.deep.property("observations", [{ labels: {}, value: undefined, events: 0 }]);
    expect(one).to.have.deep.property("observations", [{ labels: {}, value: 30, events: 1 }]);
    expect(values(number)).to.deep.equal(["2"]);
  });

  it("takes NaN for no value and infinities for values", async () => {
    const [odd] = await ask(question(promqlQuery("odd", ["service"])));
    if (odd?.kind !== "answered") throw new Error(JSON.stringify(odd));
    const byService = new Map(odd.observations.map(({ labels, value }) => [labels["service"], value]));
    expect([...byService].sort()).to.deep.equal([
      ["high", infinite],
      ["low", -infinite],
      ["nan", undefined],
    ]);
  });

  it("keeps hostile label values apart, in groups and as conditions of infrastructure signals", async () => {
    const [named] = await ask(question(promqlQuery("named", ["service"])));
    if (named?.kind !== "answered") throw new Error(JSON.stringify(named));
    expect(named.observations.map(({ labels }) => labels["service"])).to.have.members([...hostileNames]);
    const range = { window: { from: at(5), to: at(10) }, stepMs: minute, limit: 5 };
    for (const matcher of ['service="', 'service=~"x|']) {
      for (const service of hostileNames) {
        const promql = `named{${matcher}{{ labels["service"] }}"}`;
        const rendered = renderInfra({ source: "s", title: "t", ask: { promql } }, sampleText({ service }));
        const { lines } = await source.lines({ query: rendered, ...range }, never);
        const last = lines[0]?.points.at(-1)?.value;
        expect([lines.length, last], JSON.stringify(rendered)).to.deep.equal([
          1,
          10 * (hostileNames.indexOf(service) + 1),
        ]);
      }
    }
  });

  it("answers the largest of too many, those it must before them, and counts the rest", async () => {
    const must = { key: "k3" };
    const [answer] = await ask(question(promqlQuery("many", ["key"], 10), 1, { mustAnswer: [must] }));
    if (answer?.kind !== "answered") throw new Error(JSON.stringify(answer));
    expect(answer.observations.map(({ labels }) => labels["key"]).sort()).to.deep.equal(
      ["k3", ...Array.from({ length: 9 }, (_, place) => `k${299 - place}`)].sort(),
    );
    expect(answer.notAnswered).to.equal(290);
  });

  it("finds what was there at any time of a window", async () => {
    const query = promqlQuery("gone", ["service"]);
    const long = { from: at(0), to: at(60) };
    const [end, any] = await ask(
      question(query, 60, { window: long }),
      question(query, 60, { window: long, anyTime: true }),
    );
    expect(values(end)).to.deep.equal([]);
    expect(values(any)).to.deep.equal(["a 5"]);
  });

  it("lets one bad expression fail alone, with the place of its fault", async () => {
    const good = promqlQuery("sum(up)");
    const bad = [
      'up{job="shop"',
      "load",
      "up[5m]",
      "no_such_function(up)",
      'sum(load) + on (service) group_left load{instance=~"web-[12]"} + on (service) load',
    ];
    const answers = await ask(
      question(good),
      ...bad.map((expression) => question(promqlQuery(expression))),
      question(good),
    );
    expect([values(answers[0]), values(answers.at(-1))]).to.deep.equal([["1"], ["1"]]);
    for (const answer of answers.slice(1, -1)) {
      expect(answer).to.have.nested.property("failure.retryable", false);
      expect(values(answer)).to.equal("refused");
    }
    const message = (place: number) => {
      const answer = answers[place];
      return answer?.kind === "failed" ? answer.failure.message : "";
    };
    expect(message(1)).to.match(/1:\d+: parse error: unexpected end of input/);
    expect(message(2)).to.match(/fall together without `by`/);
    expect(message(3)).to.contain("last_over_time");
    expect(message(4)).to.match(/1:1: parse error: unknown function/);
  });

  it("probes whether anything was scraped in a window", async () => {
    const windows = [window(10), window(500), { from: at(29), to: at(33) }, { from: at(31), to: at(33) }];
    const { probes } = await source.answer(
      { questions: [], probes: windows.map((each) => ({ target: "", window: each })) },
      never,
    );
    expect(probes.map((probe) => probe.kind === "answered" && probe.any)).to.deep.equal([true, false, true, false]);
  });

  it("draws each step as a tick at its end would have seen it", async () => {
    const range = { from: at(4), to: at(12) };
    const query = { ...promqlQuery("sum by (service) (load)"), where: { service: ["cart"] } };
    const points = await source.series({ query, labels: {}, window: range, stepMs: 2 * minute }, never);
    expect(points.map((point) => [(point.at - start) / minute, point.value])).to.deep.equal([
      [4, 18],
      [6, 24],
      [8, 30],
      [10, 36],
    ]);
    const alone = await ask(...[6, 8, 10, 12].map((end) => question(query, end)));
    expect(alone.map((answer) => values(answer))).to.deep.equal([["18"], ["24"], ["30"], ["36"]]);
    const gone = await source.series(
      { query: promqlQuery("gone"), labels: {}, window: { from: at(-2), to: at(9) }, stepMs: minute },
      never,
    );
    // Prometheus looks five minutes back, and no further.
    expect(gone.map(({ value }) => value)).to.deep.equal([
      undefined,
      5,
      5,
      5,
      5,
      5,
      5,
      5,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("draws in any number of steps that a chart may have, and refuses more before it asks", async () => {
    const series = (steps: number) => {
      const range = { from: at(0), to: at(0) + steps * 1_000 };
      return source.series({ query: promqlQuery("sum(up)"), labels: {}, window: range, stepMs: 1_000 }, never);
    };
    expect(await series(10_000)).to.have.length(10_000);
    const thrown: unknown = await series(10_001).catch((error: unknown) => error);
    expect(thrown).to.be.instanceOf(BackfeedError).with.property("kind", "limit");
  });

  it("gives the lines of the largest mean, named by what tells them apart, and counts the rest", async () => {
    const range = { window: { from: at(0), to: at(10) }, stepMs: minute };
    const { lines, more } = await source.lines({ query: { promql: "load" }, ...range, limit: 2 }, never);
    expect(lines.map(({ labels }) => labelsKey(labels))).to.deep.equal([
      '{"instance":"web-9"}',
      '{"instance":"web-1","service":"mail"}',
    ]);
    expect(more).to.equal(2);
    const one = await source.lines({ query: { promql: "sum(load)" }, ...range, limit: 2 }, never);
    expect(one.lines.map(({ labels }) => labels)).to.deep.equal([{}]);
    const none = await source.lines({ query: { promql: "nothing_at_all" }, ...range, limit: 2 }, never);
    expect(none).to.deep.equal({ lines: [], more: 0 });
    const thrown: unknown = await source
      .lines({ query: { promql: "sum(" }, ...range, limit: 2 }, never)
      .catch((error: unknown) => error);
    expect(thrown).to.be.instanceOf(BackfeedError).with.property("kind", "refused");
  });

  it("checks good queries without a word, and names what is wrong with others", async () => {
    const good = [promqlQuery("sum by (service) (load)", ["service"]), promqlQuery("sum(up)")];
    expect(await source.check(good, never)).to.deep.equal([]);
    const bad = [
      promqlQuery("sum(load"),
      promqlQuery("load", ["service"]),
      promqlQuery("up[5m]"),
      promqlQuery("sum by (service) (laod)", ["service"]),
      promqlQuery("sum by (instance) (load)", ["host"]),
    ];
    const faults = await source.check([...good, ...bad], never);
    const told = bad.map((query) =>
      faults.filter((fault) => fault.query === query).map(({ severity, message }) => `${severity} ${message}`),
    );
    expect(told.map((each) => each.length)).to.deep.equal([1, 1, 1, 1, 1]);
    expect(told.flat()).to.satisfy((texts: string[]) =>
      [
        /^error .*parse error/,
        /^error .*fall together/,
        /^error .*ranges/,
        /^warning .*no metric `laod`/,
        /^warning none of the 3 series .* `host`/,
      ].every((expected, place) => expected.test(texts[place] ?? "")),
    );
    expect(faults.filter(({ query }) => good.includes(query))).to.deep.equal([]);
  });

  it("tells at the check that nothing is scraped", async () => {
    const query = promqlQuery("1");
    const of = (minutes: number) =>
      make({ staleAfterMs: 5 * minute, clock: new ManualClock(at(minutes)) }).check([query], never);
    expect(await of(10)).to.deep.equal([]);
    expect((await of(600)).map(({ severity, message }) => `${severity} ${message}`).join()).to.match(
      /^warning .*no `up`/,
    );
  });

  it("stops when it is told to", async () => {
    const thrown: unknown = await source
      .answer({ questions: [question(promqlQuery("up"))], probes: [] }, AbortSignal.abort())
      .catch((error: unknown) => error);
    expect(thrown).to.be.instanceOf(BackfeedError).with.property("kind", "aborted");
  });

  it("signs in over TLS with an authority of the operator's own, and trusts no other", async function () {
    const web = async (folder: string) => {
      const [key, certificate] = [join(folder, "key.pem"), join(folder, "cert.pem")];
      const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
      const request = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-keyout",
        key,
        "-out",
        certificate,
      ];
      await runCommand("openssl", [...request, ...subject]);
      // bcrypt of `metrics-password`, with the smallest cost.
      const hash = "$2b$04$abcdefghijklmnopqrstuu1vRNNX1zSZ/qpxi5Y0K1BGZO/q3xABq";
      return `tls_server_config: { cert_file: cert.pem, key_file: key.pem }\nbasic_auth_users: { ada: "${hash}" }\n`;
    };
    const secured = await startOrSkip(this, () => startPrometheus({ history: history.slice(0, 1), web }));
    try {
      const ca = await readFile(join(secured.folder, "cert.pem"), "utf8");
      const url = `https://${secured.address}`;
      const auth = { user: "ada", password: "metrics-password" };
      const answers: unknown[] = [];
      for (const options of [
        { auth, tls: { ca } },
        { auth, tls: { rejectUnauthorized: false } },
        { auth },
        { auth: { ...auth, password: "wrong-password" }, tls: { ca } },
        { tls: { ca } },
      ]) {
        const { answers: found } = await make({ url, ...options }).answer(
          { questions: [question(promqlQuery("up"))], probes: [] },
          never,
        );
        answers.push(values(found[0]));
      }
      expect(answers).to.deep.equal([["1"], ["1"], "unreachable", "unauthorized", "unauthorized"]);
    } finally {
      await secured.stop();
    }
  });
});
