import { expect } from "chai";
import type { LineSeriesOption } from "echarts";
import fc from "fast-check";
import { infinite } from "../../../../src/model/infinity.ts";
import { formatTick, niceAxis, timeTicks } from "../../../../src/triage/chart/axis.ts";
import { chartOption } from "../../../../src/triage/chart/chart-option.ts";
import type { ChartSpec } from "../../../../src/triage/chart/chart-spec.ts";

const from = Date.parse("2026-01-05T09:30:00Z");
const minute = 60_000;

function spec(parts: Partial<ChartSpec> = {}): ChartSpec {
  const values = [0.01, 0.02, undefined, 0.08, null, 0.03];
  return {
    title: "t",
    unit: "ratio",
    series: values.map((value, at) => ({ at: from + at * minute, value })),
    ...parts,
  };
}

// Options are read as the plain data they are.
const option = (parts: Partial<ChartSpec> = {}) => JSON.parse(JSON.stringify(chartOption(spec(parts))));

describe("what a chart shows", () => {
  it("draws infinity at the edge of the other values, says that it was there, and has an axis that can be read", () => {
    const values = [1, infinite, 3, -infinite, undefined];
    const series = values.map((value, at) => ({ at: from + at * minute, value }));
    const { series: drawn, yAxis, title } = option({ unit: "number", series, threshold: 5 });
    expect(drawn[0].data.map((point: { value: unknown[] }) => point.value[1])).to.eql([1, 6.25, 3, -1.25, null]);
    expect(yAxis[0]).to.include({ min: -2, max: 8 });
    expect(title.subtext).to.contain("lowest -∞, highest ∞");
    const only = option({ unit: "number", series: series.slice(1, 2), threshold: infinite });
    expect(only.yAxis[0].max).to.be.within(0.25, 1);
    expect(only.series[0]).to.not.have.property("markLine");
  });

  it("keeps gaps as gaps, and shows a point that stands between two of them", () => {
    const [measured] = option().series;
    expect(measured.connectNulls).to.equal(false);
    expect(measured.data.map((point: { value: unknown[] }) => point.value[1])).to.eql([
      0.01,
      0.02,
      null,
      0.08,
      null,
      0.03,
    ]);
    expect(measured.data.map((point: { symbolSize: number }) => point.symbolSize > 0)).to.eql([
      false,
      false,
      false,
      true,
      false,
      true,
    ]);
  });

  it("says the day, the extremes and the shading", () => {
    const episode = { from: from + minute, to: from + 2 * minute };
    expect(option({ episode }).title.subtext).to.equal(
      "5 Jan 2026, UTC  ·  lowest 1.0%, highest 8.0%  ·  shaded: the episode",
    );
    expect(option({ series: [] }).title.subtext).to.contain("no data in this time");
    const window = { from, to: from + 86_400_000 };
    expect(option({ window }).title.subtext).to.contain("5 Jan 2026 to 6 Jan 2026, UTC");
  });

  it("draws lines of one kind alike, names each under a number of its own, and says the extremes of all", () => {
    const line = (title: string) => ({ title, unit: "ratio" as const, points: [{ at: from, value: 0.5 }] });
    const long = "a name that goes on and on";
    const drawn = option({ several: true, seriesTitle: long, lines: [line(long), line("web-2")] });
    const names = drawn.series.map(({ name }: { name: string }) => name);
    expect(names[0])
      .to.match(/^1: a name that goes/)
      .and.have.length.of.at.most(23);
    expect([names[1]?.slice(0, 3), names[2]]).to.eql(["2: ", "3: web-2"]);
    expect(drawn.series.map(({ lineStyle }: { lineStyle: object }) => "type" in lineStyle)).to.eql([
      false,
      false,
      false,
    ]);
    expect(drawn.title.subtext).to.contain("lowest 1.0%, highest 50.0%");
    // In a row of its own: five names beside the subtitle would lie over it.
    expect(drawn.legend.top).to.be.above(option({ lines: [line("web-2")] }).legend.top);
    expect(option({ several: true, seriesTitle: "sda" }).legend).to.not.equal(undefined);
    expect(option().legend).to.equal(undefined);
  });

  it("shades only what of the episode lies in the window", () => {
    const window = { from, to: from + 5 * minute };
    const shaded = (episode: ChartSpec["episode"]) => option({ window, episode }).series[0].markArea?.data;
    expect(shaded({ from: from - minute, to: from + minute })).to.eql([[{ xAxis: from }, { xAxis: from + minute }]]);
    expect(shaded({ from: from - 2 * minute, to: from - minute })).to.equal(undefined);
  });

  it("labels the threshold and leaves room for it", () => {
    const drawn = chartOption(spec({ threshold: 0.2 }));
    expect(JSON.stringify(drawn)).to.contain('"yAxis":0.2');
    const axis = option({ threshold: 0.2 }).yAxis[0];
    expect(axis.max).to.be.greaterThan(0.2);
  });

  it("draws what a value is compared with in grey, and the limits as its multiples instead of one level", () => {
    const points = [0.02, undefined, 0.04].map((value, at) => ({ at: from + at * minute, value }));
    const limits = [{ title: "limit: above 3x of it", factor: 3 }];
    const drawn = option({ threshold: 0.12, reference: { title: "1 d before", points, limits } });
    expect(JSON.stringify(drawn)).to.not.contain('"yAxis":0.12');
    const [, earlier, limit] = drawn.series;
    const values = (line: { data: { value: unknown[] }[] }) => line.data.map(({ value }) => value[1]);
    expect([earlier.name, earlier.lineStyle.color, values(earlier)]).to.eql([
      "1 d before",
      "#6b7280",
      [0.02, null, 0.04],
    ]);
    expect([limit.name, limit.lineStyle.type]).to.eql(["limit: above 3x of it", [6, 4]]);
    expect(values(limit).map((value) => (typeof value === "number" ? Number(value.toFixed(6)) : value))).to.eql([
      0.06,
      null,
      0.12,
    ]);
    expect(drawn.legend.show).to.not.equal(false);
    expect(drawn.yAxis[0].max).to.be.at.least(0.12);
  });

  it("cuts off a limit that is far over everything measured, so that the values are still seen", () => {
    const points = [{ at: from, value: 0.08 }];
    const reference = { title: "r", points, limits: [{ title: "l", factor: 10 }] };
    expect(option({ reference }).yAxis[0].max).to.be.within(0.12, 0.2);
  });

  it("marks deploys that lie in the window, at most five, with clean names", () => {
    const at = from + minute;
    const window = { from, to: from + 5 * minute };
    const marks = [
      { at, label: "1.4.2\n\u0000<b>" },
      { at: from - 1, label: "before" },
    ];
    const drawn = option({ window, marks, threshold: undefined });
    expect(drawn.series[0].markLine.data.map((each: { xAxis: number }) => each.xAxis)).to.eql([at]);
    const [series] = chartOption(spec({ window, marks, threshold: undefined })).series as LineSeriesOption[];
    const [line] = series!.markLine!.data as { label: { formatter: () => string } }[];
    expect(line!.label.formatter()).to.equal("1.4.2 <b>");
    expect(drawn.title.subtext).to.contain("dotted: a deploy");
    const many = Array.from({ length: 9 }, (_, index) => ({ at: at + index, label: "v" }));
    expect(option({ window, marks: many, threshold: undefined }).series[0].markLine.data).to.have.length(5);
  });

  it("puts lines of another unit on the right, and no more than four", () => {
    const line = { title: "CPU", unit: "number" as const, points: spec().series };
    const drawn = option({ lines: [line, { ...line, unit: "ratio" }, line, line, line, line] });
    expect(drawn.series).to.have.length(5);
    expect(drawn.series.map((series: { yAxisIndex: number }) => series.yAxisIndex)).to.eql([0, 1, 0, 1, 1]);
    expect(drawn.yAxis).to.have.length(2);
  });

  it("cuts the title and takes out what is no text", () => {
    const { text } = option({ title: `a\u001b[31mb\u0000\n\ud800 ${"x".repeat(500)}` }).title;
    expect(text).to.match(/^ab \ufffd x+…$/);
    expect(text).to.have.length(100);
  });
});

describe("axes", () => {
  it("have at most ten round ticks in UTC", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2e12 }), fc.integer({ min: 1, max: 3e10 }), (start, span) => {
        const { at, stepMs } = timeTicks({ from: start, to: start + span });
        expect(at.length).to.be.at.most(11);
        for (const tick of at) {
          expect(tick % stepMs).to.equal(0);
          expect(tick).to.be.within(start, start + span);
        }
      }),
    );
    expect(formatTick(from, minute)).to.equal("09:30");
    expect(formatTick(Date.parse("2026-01-06T00:00:00Z"), minute)).to.equal("6 Jan");
  });

  it("hold every value between round numbers, from zero where nothing is negative", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e12, max: 1e12, noNaN: true }), { minLength: 1 }), (values) => {
        const { min, max, interval } = niceAxis(values, "number");
        expect(min).to.be.at.most(Math.min(0, ...values));
        expect(max).to.be.at.least(Math.max(0, ...values));
        expect((max - min) / interval).to.be.within(0.9, 8);
        if (values.every((value) => value >= 0)) expect(min).to.equal(0);
      }),
    );
    expect(niceAxis([0.93], "ratio")).to.eql({ min: 0, max: 1, interval: 0.2 });
    expect(niceAxis([], "number")).to.eql({ min: 0, max: 1, interval: 1 });
  });
});
