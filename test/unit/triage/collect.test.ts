import { expect } from "chai";
import type { SectionEvidence, SectionRequest } from "../../../src/model/evidence.ts";
import type { Sample, SeriesPoint } from "../../../src/model/query.ts";
import type { Source } from "../../../src/sources/source.ts";
import { ManualClock } from "../../../src/support/clock.ts";
import { BackfeedError } from "../../../src/support/errors.ts";
import { sha256 } from "../../../src/support/hashing.ts";
import { createRedactor } from "../../../src/support/redaction.ts";
import { createEvidenceCollector, type RenderChart } from "../../../src/triage/collect.ts";
import { start } from "../../support/alerts.ts";
import { buildFinding, buildRequest, sectionOf } from "../../support/findings.ts";
import { buildRule } from "../../support/rules.ts";

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
  readonly renderChart?: RenderChart;
}

function collecting(parts: Parts = {}) {
  const clock = new ManualClock(start);
  const source: Source = {
    name: "logs",
    answer: never,
    series: parts.series ?? (async () => points),
    samples: parts.samples ?? (async () => samples),
    lines: never,
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
});
