import { expect } from "chai";
import type { InfraRequest, SectionEvidence, SectionRequest } from "../../../src/model/evidence.ts";
import type { Sample, SeriesPoint } from "../../../src/model/query.ts";
import type { Window } from "../../../src/model/time.ts";
import type { Source } from "../../../src/sources/source.ts";
import { ManualClock } from "../../../src/support/clock.ts";
import { BackfeedError } from "../../../src/support/errors.ts";
import { sha256 } from "../../../src/support/hashing.ts";
import { createRedactor } from "../../../src/support/redaction.ts";
import type { ChartSpec } from "../../../src/triage/chart/chart-spec.ts";
import { createEvidenceCollector, type RenderChart } from "../../../src/triage/collect.ts";
import { start } from "../../support/alerts.ts";
import { buildFinding, buildRequest, sectionOf } from "../../support/findings.ts";
import { buildRule } from "../../support/rules.ts";

const day = 86_400_000;
const deadlineMs = 10_000;
const points: readonly SeriesPoint[] = [{ at: start, value: 1 }];
const samples: readonly Sample[] = [{ at: start, fields: [["message", "card declined"]] }];
const png = new Uint8Array([1, 2, 3]);
const never = <Value>() => new Promise<Value>(() => undefined);
const request = sectionOf(buildRequest(buildFinding(buildRule()), buildRule(), start));
const drawn = { name: `backfeed-${sha256(png).slice(0, 16)}.png`, png };

interface Parts {
  readonly series?: Source["series"];
  readonly samples?: Source["samples"];
  readonly lines?: Source["lines"];
  readonly renderChart?: RenderChart;
}

function collecting(parts: Parts = {}) {
  const clock = new ManualClock(start);
  const source: Source = {
    name: "logs",
    answer: never,
    series: parts.series ?? (async () => points),
    samples: parts.samples ?? (async () => samples),
    messages: async () => ({ messages: [], more: false }),
    lines: parts.lines ?? never,
    check: async () => [],
    close: async () => undefined,
  };
  const rendered: Parameters<RenderChart>[] = [];
  const renderChart: RenderChart = (...given) => {
    rendered.push(given);
    return parts.renderChart?.(...given) ?? Promise.resolve(png);
  };
  const stop = new AbortController();
  const { redact } = createRedactor();
  const collect = createEvidenceCollector({
    sources: new Map([["logs", source]]),
    renderChart,
    redact,
    clock,
    deadlineMs,
  });
  const section = async (asked: SectionRequest = request): Promise<SectionEvidence> => {
    const { sections } = await collect({ sections: [asked], moreRules: [] }, stop.signal);
    const [found] = sections;
    if (found === undefined || sections.length > 1) throw new Error("one section was asked for");
    return found;
  };
  return { clock, rendered, stop, collect: section };
}

/** Lets everything that can go on without the clock go on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("collect", () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown) => unhandled.push(reason);
  before(() => process.on("unhandledRejection", onUnhandled));
  after(async () => {
    await settled();
    process.off("unhandledRejection", onUnhandled);
    expect(unhandled).to.deep.equal([]);
  });

  it("gives series, samples and chart, and leaves nothing asleep", async () => {
    const { collect, clock } = collecting();
    expect(await collect()).to.deep.equal({ series: points, samples, missing: [], chart: drawn, infra: [] });
    expect(clock.sleeping).to.equal(0);
  });

  it("asks for the same time before where the limit follows it, and draws it where it is compared", async () => {
    const windows: Window[] = [];
    const reference = { backMs: day, limits: [{ direction: "above", factor: 3 } as const] };
    const asked = { ...request, chart: { ...request.chart, reference } };
    const series: Source["series"] = async ({ window }) => {
      windows.push(window);
      return [{ at: window.from, value: window.from === request.chart.window.from ? 9 : 2 }];
    };
    const { collect, rendered } = collecting({ series });
    const evidence = await collect(asked);
    const { from, to } = request.chart.window;
    expect(windows).to.have.deep.members([
      { from, to },
      { from: from - day, to: to - day },
    ]);
    expect(evidence.series).to.deep.equal([{ at: from, value: 9 }]);
    expect(rendered[0]?.[0].reference).to.deep.equal({
      title: "1 d before",
      points: [{ at: from, value: 2 }],
      limits: [{ title: "limit: above 3x of it", factor: 3 }],
    });
  });

  it("draws the chart without what it is compared with where that cannot be had, and says so", async () => {
    const reference = { backMs: day, limits: [] };
    const series: Source["series"] = async ({ window }) => {
      if (window.from < request.chart.window.from) throw new BackfeedError("unavailable", "no shards");
      return points;
    };
    const { collect, rendered } = collecting({ series });
    const evidence = await collect({ ...request, chart: { ...request.chart, reference } });
    expect(evidence.chart).to.deep.equal(drawn);
    expect(rendered[0]?.[0].reference).to.equal(undefined);
    expect(evidence.missing).to.have.length(1);
    expect(evidence.missing[0]).to.contain("chart: the values of 1 d before");
  });

  it("draws no chart of an empty series, nor of one without values, and misses nothing then", async () => {
    for (const series of [[], [{ at: start, value: undefined }]]) {
      const { collect, rendered } = collecting({ series: async () => series });
      const evidence = await collect();
      expect([evidence.chart, evidence.missing, rendered.length]).to.deep.equal([undefined, [], 0]);
    }
  });

  it("asks for no samples where none are wanted", async () => {
    const { collect } = collecting({ samples: () => Promise.reject(new Error("asked")) });
    expect((await collect({ ...request, samples: { ...request.samples, limit: 0 } })).missing).to.deep.equal([]);
  });

  it("names what failed, without its secrets, and keeps the rest", async () => {
    const { collect } = collecting({
      samples: () => Promise.reject(new BackfeedError("unavailable", "no answer from https://u:hunter2secret@host")),
    });
    const evidence = await collect();
    expect(evidence.chart).to.deep.equal(drawn);
    expect(evidence.missing).to.have.length(1);
    expect(evidence.missing[0]).to.match(/^sample events: no answer from/);
    expect(evidence.missing[0]).to.not.include("hunter2secret");
  });

  it("names a part that throws before it is asynchronous", async () => {
    const { collect } = collecting({
      series: () => {
        throw new TypeError("broken");
      },
    });
    expect((await collect()).missing).to.deep.equal(["chart: broken"]);
  });

  it("names the chart that could not be drawn, and keeps the series", async () => {
    const { collect } = collecting({ renderChart: () => Promise.reject(new Error("no font")) });
    const evidence = await collect();
    expect(evidence).to.deep.include({ series: points, chart: undefined, missing: ["chart: no font"] });
  });

  it("waits for a source that never answers until the deadline, and keeps the rest", async () => {
    const { collect, clock } = collecting({ series: never });
    const evidence = collect();
    await settled();
    clock.advance(deadlineMs);
    expect(await evidence).to.deep.include({ samples, missing: ["chart: took too long"] });
    expect(clock.sleeping).to.equal(0);
  });

  it("has one deadline for everything: what is drawn after a slow answer has only what is left of it", async () => {
    let answer: (series: readonly SeriesPoint[]) => void = () => undefined;
    const { collect, clock } = collecting({
      series: () => new Promise((resolve) => (answer = resolve)),
      renderChart: never,
    });
    const evidence = collect();
    await settled();
    clock.advance(deadlineMs - 1);
    answer(points);
    await settled();
    clock.advance(1);
    expect(await evidence).to.deep.include({ series: points, missing: ["chart: took too long"] });
  });

  it("tells the source to stop at the deadline, and does not mind how it then fails", async () => {
    let seen: AbortSignal | undefined;
    const { collect, clock } = collecting({
      series: (_request, signal) => {
        seen = signal;
        return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("late"))));
      },
    });
    const evidence = collect();
    await settled();
    clock.advance(deadlineMs);
    expect((await evidence).missing).to.deep.equal(["chart: took too long"]);
    expect(seen?.aborted).to.equal(true);
  });

  it("returns at once when it is stopped mid-way, though the source does not heed it", async () => {
    const { collect, clock, stop } = collecting({ series: never, samples: never });
    const evidence = collect();
    await settled();
    stop.abort();
    expect((await evidence).missing).to.deep.equal(["chart: stopped", "sample events: stopped"]);
    expect(clock.sleeping).to.equal(0);
  });

  it("asks nobody when it was stopped before", async () => {
    let asked = 0;
    const count = async () => {
      asked += 1;
      return points;
    };
    const { collect, stop } = collecting({ series: count });
    stop.abort();
    expect((await collect()).missing).to.have.length(2);
    expect(asked).to.equal(0);
  });

  it("takes secrets out of samples, by the name of a field too, and out of the chart's title", async () => {
    const token = "ghp_0123456789abcdefghijklmnopqrstuvwxyz";
    const fields: Sample["fields"] = [
      ["message", `login with ${token}`],
      ["password", "correct-horse-battery"],
    ];
    const { collect, rendered } = collecting({ samples: async () => [{ at: start, fields }] });
    const evidence = await collect({ ...request, chart: { ...request.chart, title: `failing ${token}` } });
    expect(JSON.stringify([evidence.samples, rendered]))
      .to.not.include(token)
      .and.to.not.include("correct-horse");
    expect(evidence.samples[0]?.fields.map(([name]) => name)).to.deep.equal(["message", "password"]);
  });

  it("cuts long values after secrets were taken out, so that none is cut in two and left half", async () => {
    let longest = 0;
    const secret = `ghp_${"a1B2".repeat(9)}`;
    const { collect } = collecting({
      samples: async ({ maxValueLength }) => {
        longest = maxValueLength;
        const text = `${"x ".repeat(493)}${secret} tail ${"y".repeat(20_000)}`;
        return [{ at: start, fields: [["message", text.slice(0, maxValueLength)]] }];
      },
    });
    const value = (await collect()).samples[0]?.fields[0]?.[1] ?? "";
    expect(longest).to.be.above(1_000);
    expect(value.length).to.be.at.most(1_000);
    expect(value).to.not.include("ghp_");
  });

  it("says that the source is gone, and is silent for findings that never had one", async () => {
    const { collect } = collecting();
    const gone = { ...request, source: "gone" };
    expect((await collect(gone)).missing).to.deep.equal(["evidence: the source gone is no longer configured"]);
    expect((await collect({ ...gone, samples: { ...request.samples, limit: 0 } })).missing).to.deep.equal([]);
  });

  describe("of infrastructure", () => {
    const window = { from: start - 60_000, to: start };
    const query = {
      target: "hosts",
      where: {},
      filters: [],
      measure: { kind: "count" },
      by: [],
      maxGroups: 1,
    } as const;
    const infra = (title: string, parts: Partial<InfraRequest> = {}): InfraRequest => ({
      title,
      source: "logs",
      unit: "number",
      window,
      stepMs: 60_000,
      ask: query,
      ...parts,
    });
    const asking = (...of: readonly InfraRequest[]): SectionRequest => ({ ...request, infra: of });

    it("draws each on the time axis and with the episode of the chart it stands beside", async () => {
      const lines = ["web-1", "web-2"].map((host) => ({ labels: { host }, points }));
      const { collect, rendered } = collecting({ lines: async () => ({ lines, more: 3 }) });
      const section = await collect(asking(infra("CPU")));
      const [, [spec]] = rendered as [unknown, [ChartSpec]];
      expect(spec).to.deep.include({ window: request.chart.window, episode: request.chart.episode, several: true });
      expect([spec.seriesTitle, spec.lines?.map(({ title }) => title)]).to.deep.equal(["web-1", ["web-2"]]);
      expect(section.infra).to.deep.equal([{ title: "CPU", words: section.infra[0]?.words, chart: drawn }]);
      expect(section.missing).to.deep.equal([]);
    });

    it("names what is refused, has no source, fails or asks for what was redacted, and keeps the rest", async () => {
      const { collect } = collecting({ lines: () => Promise.reject(new BackfeedError("refused", "no such index")) });
      const {
        infra: found,
        missing,
        chart,
        samples: own,
      } = await collect(
        asking(
          infra("refused", { ask: { refused: "a value is glued to other text" } }),
          infra("PromQL", { source: "metrics", ask: { promql: "up" } }),
          infra("secret", { ask: { ...query, where: { host: ["token=<secret>"] } } }),
          infra("broken"),
        ),
      );
      expect([found, chart, own]).to.deep.equal([[], drawn, samples]);
      expect(missing).to.deep.equal([
        "refused: a value is glued to other text",
        "PromQL: there is no source metrics to ask",
        "secret: a secret was taken out of a label, so it cannot be asked for",
        "broken: no such index",
      ]);
    });

    it("shares the deadline: a source that never answers costs only its own chart", async () => {
      const { collect, clock } = collecting({ lines: never });
      const section = collect(asking(infra("CPU")));
      await settled();
      clock.advance(deadlineMs);
      expect((await section).missing).to.include("CPU: took too long");
      expect((await section).samples).to.deep.equal(samples);
    });

    it("says so where there is no data, and draws nothing of it", async () => {
      const { collect, rendered } = collecting({ lines: async () => ({ lines: [], more: 0 }) });
      const section = await collect(asking(infra("CPU")));
      expect(section.infra).to.deep.equal([{ title: "CPU", words: "no data in this time", chart: undefined }]);
      expect([rendered.length, section.missing]).to.deep.equal([1, []]);
    });

    it("draws twenty charts of a ticket at most and three megabytes, the application's first, and names what it left out", async () => {
      const many = Array.from({ length: 22 }, (_, place) => infra(`chart ${place}`));
      const lines = async () => ({ lines: [{ labels: {}, points }], more: 0 });
      const { missing, infra: found } = await collecting({ lines }).collect(asking(...many));
      expect(found.filter(({ chart }) => chart !== undefined)).to.have.length(20);
      expect(missing).to.have.length(2);
      expect(missing[0]).to.equal("chart of chart 20: left out, a ticket has at most 20 of them");

      const large = async () => new Uint8Array(1_400_000);
      const heavy = await collecting({ lines, renderChart: large }).collect(asking(infra("one"), infra("two")));
      expect([heavy.chart, ...heavy.infra.map(({ chart }) => chart)].map((chart) => chart !== undefined)).to.deep.equal(
        [true, true, false],
      );
      expect(heavy.missing).to.deep.equal(["chart of two: left out, the charts of a ticket have at most 3 MB"]);
    });

    it("takes secrets out of titles, of the names of lines and of words", async () => {
      const token = "ghp_0123456789abcdefghijklmnopqrstuvwxyz";
      const lines = [{ labels: { host: token }, points }];
      const { collect, rendered } = collecting({ lines: async () => ({ lines, more: 0 }) });
      const section = await collect(asking(infra(`CPU ${token}`)));
      expect(JSON.stringify([section, rendered])).to.not.include(token);
    });
  });
});
