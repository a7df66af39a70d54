import { expect } from "chai";
import { BackfeedError } from "../../../../src/support/errors.ts";
import { sha256 } from "../../../../src/support/hashing.ts";
import { type ChartRenderer, createChartRenderer } from "../../../../src/triage/chart/chart-renderer.ts";
import type { ChartSpec } from "../../../../src/triage/chart/chart-spec.ts";

const from = Date.parse("2026-01-05T09:30:00Z");
const spec: ChartSpec = {
  title: "checkout: 8.0% of requests fail",
  unit: "ratio",
  series: Array.from({ length: 60 }, (_, at) => ({ at: from + at * 60_000, value: at === 30 ? undefined : at / 600 })),
  threshold: 0.05,
  episode: { from: from + 1_800_000, to: from + 3_000_000 },
};

const kindOf = (work: Promise<unknown>) =>
  work.then(
    () => "done",
    (error: unknown) => (error instanceof BackfeedError ? error.kind : String(error)),
  );

describe("the chart renderer", function () {
  this.timeout(300_000);
  let renderer: ChartRenderer;

  before(() => {
    renderer = createChartRenderer({ maxConcurrent: 1, timeoutMs: 250_000 });
  });
  after(async () => {
    await renderer.close();
  });

  it("draws a PNG of 900 x 320", async () => {
    const png = Buffer.from(await renderer.renderPng(spec));
    expect(png.subarray(1, 4).toString()).to.equal("PNG");
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).to.eql([900, 320]);
    expect(png.length).to.be.within(5_000, 200_000);
  });

  it("draws the same bytes for the same spec, whatever was drawn between, in whichever thread", async () => {
    const first = [sha256(await renderer.renderPng(spec)), sha256(await renderer.renderSvg(spec))];
    await renderer.renderSvg({ ...spec, title: "another" });
    const other = createChartRenderer({ maxConcurrent: 2, timeoutMs: 250_000 });
    const [png, svg, again] = await Promise.all([
      other.renderPng(spec),
      other.renderSvg(spec),
      renderer.renderSvg(spec),
    ]);
    await other.close();
    expect([sha256(png), sha256(svg)]).to.eql(first);
    expect(sha256(again)).to.equal(first[1]);
  });

  it("draws the threshold at its value, however small: a line of that value lies on it", async () => {
    for (const threshold of [0.005, 0.000_123, 0.05, 1_234.567]) {
      const series = [from, from + 60_000].map((at) => ({ at, value: threshold }));
      const svg = await renderer.renderSvg({ ...spec, series, threshold, episode: undefined });
      const heightOf = (colour: string) =>
        Number(new RegExp(`<path d="M[\\d.]+ ([\\d.]+)[^"]*"[^>]*stroke="${colour}"`).exec(svg)?.[1]);
      // Lines lie on whole pixels.
      expect(heightOf("#b91c1c"), String(threshold)).to.be.closeTo(heightOf("#1d4ed8"), 1);
    }
  });

  it("keeps hostile text text", async () => {
    const hostile = `</text><script>alert(1)</script>&amp;"' ]]> \u0000\ufffe {a|b} id="zr0-" ${"<".repeat(300)}`;
    const line = { title: hostile, unit: "number" as const, points: spec.series };
    const svg = await renderer.renderSvg({ ...spec, title: hostile, seriesTitle: hostile, lines: [line] });
    for (const never of ["<script", "\0", "\ufffe"]) expect(svg).not.to.contain(never);
    expect(svg).to.contain("&lt;/text&gt;&lt;script&gt;");
    expect((await renderer.renderPng({ ...spec, title: hostile, lines: [line] })).length).to.be.greaterThan(5_000);
  });

  it("draws what holds nothing, one point, or numbers of any size", async () => {
    for (const values of [[], [5], [0, 0], [-3, 1e300], [Number.NaN, Number.POSITIVE_INFINITY]]) {
      const series = values.map((value, at) => ({ at: from + at * 60_000, value }));
      expect((await renderer.renderSvg({ ...spec, unit: "number", series })).startsWith("<svg")).to.equal(true);
    }
  });

  it("refuses more points than it can show, and reports what cannot be drawn", async () => {
    const series = Array.from({ length: 5_001 }, (_, at) => ({ at, value: 1 }));
    expect(await kindOf(renderer.renderPng({ ...spec, series }))).to.equal("limit");
    expect(await kindOf(renderer.renderPng({ ...spec, series: [null] as never }))).to.equal("internal");
    expect(await kindOf(renderer.renderSvg(spec))).to.equal("done");
  });

  it("gives up a chart that takes too long, and draws the next one in a new thread", async () => {
    const hasty = createChartRenderer({ timeoutMs: 1, maxQueued: 1 });
    const drawn = [hasty.renderPng(spec), hasty.renderPng(spec), hasty.renderPng(spec)].map(kindOf);
    expect(await Promise.all(drawn)).to.eql(["unavailable", "unavailable", "limit"]);
    await hasty.close();
  });

  it("ends what runs and waits when it is closed, and takes nothing more", async () => {
    const closing = createChartRenderer();
    const drawn = [closing.renderPng(spec), closing.renderPng(spec)].map(kindOf);
    await closing.close();
    expect(await Promise.all(drawn)).to.eql(["aborted", "aborted"]);
    expect(await kindOf(closing.renderPng(spec))).to.equal("aborted");
  });
});
