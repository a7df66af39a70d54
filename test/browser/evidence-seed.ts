import type { EvidenceChart, Proof } from "../../src/model/evidence.ts";
import type { ChartSpec } from "../../src/triage/chart/chart-spec.ts";
import { drawPng } from "../../src/triage/chart/draw.ts";
import { chartOf } from "../contract/store-builders.ts";
import { evidence, evidenceRequest } from "../unit/server/fixtures.ts";
import { image, rightToLeft, script } from "./seed.ts";

const minute = 60_000;
const hostile = `${script}${image}${rightToLeft}`;

/** The proof of two rules of one problem, with charts as they are drawn, over one time axis. */
export function sectionsSeed(): Proof {
  const [first] = evidenceRequest().sections;
  const [found] = evidence().sections;
  if (first === undefined || found === undefined) throw new Error("no section");
  const { window, episode } = first.chart;
  const draw = (spec: Partial<ChartSpec>): EvidenceChart =>
    chartOf(drawPng({ title: "", unit: "number", window, episode, series: line(0), ...spec }));
  const line = (place: number) =>
    Array.from({ length: 72 }, (_, step) => {
      const at = window.from + step * 5 * minute;
      return { at, value: (at < episode.from ? 0.31 : 0.94) - place * 0.05 };
    });
  const lines = ["web-1", hostile].map((title, place) => ({ title, unit: "number" as const, points: line(place + 1) }));
  const cpu = draw({ title: "CPU", several: true, seriesTitle: "web-3", lines });
  const infra = [
    { title: "CPU", words: "web-3 0.31 before, 0.94 in the episode (3.0x); of 3 this changed the most", chart: cpu },
    { title: `Disk ${hostile}`, words: "no data in this time", chart: undefined },
  ];
  const about = [
    { kind: "paragraph", content: [{ kind: "text", text: "People wait for their basket." }] },
    { kind: "table", rows: [[[{ kind: "text", text: "Measured", strong: true }], [{ kind: "text", text: hostile }]]] },
  ] as const;
  const chart = { ...first.chart, title: "Checkout takes 4.2 s", unit: "number" } as const;
  const slow = { ...first, ruleId: "checkout-slow", about, chart };
  return {
    request: { sections: [first, slow], moreRules: ["checkout-queue", hostile] },
    evidence: {
      collectedAt: evidence().collectedAt,
      sections: [
        { ...found, infra, chart: draw({ title: first.chart.title, unit: "ratio", threshold: 0.05 }) },
        {
          ...found,
          missing: [],
          samples: [{ at: window.to, fields: [["message", "basket took 4,200 ms"]] }],
          chart: draw({ title: "Checkout takes 4.2 s" }),
        },
      ],
    },
  };
}
