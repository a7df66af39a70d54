import { createRequire } from "node:module";
import { Resvg } from "@resvg/resvg-js";
import { init } from "echarts";
import { chartOption } from "./chart-option.ts";
import { type ChartSpec, chartHeight, chartWidth } from "./chart-spec.ts";

const require = createRequire(import.meta.url);
/** Inter (SIL Open Font License 1.1): shipped, because what fonts a machine has would change the picture. */
const fontFiles = [
  require.resolve("@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf"),
  require.resolve("@expo-google-fonts/inter/600SemiBold/Inter_600SemiBold.ttf"),
];

/** The chart as SVG text; blocks for some 100 ms, so it belongs into a worker. The same spec gives the same text. */
export function drawSvg(spec: ChartSpec): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: chartWidth, height: chartHeight });
  try {
    chart.setOption(chartOption(spec));
    return withoutCounters(chart.renderToSVGString());
  } finally {
    // Without it ECharts keeps the chart, and its timers, for ever.
    chart.dispose();
  }
}

/** ECharts counts its charts in ids and in classes for hovering, which a picture has no use for. In texts `<` and `"` are escaped. */
function withoutCounters(svg: string): string {
  return svg
    .replace(/<style\b[^>]*><!\[CDATA\[[^<]*\]\]>\s*<\/style>\s*/g, "")
    .replace(/ class="zr\d+-cls-\d+"/g, "")
    .replace(/(id="|url\(#)zr\d+-/g, "$1zr-");
}

/** The same picture as PNG, 900 x 320 on white. */
export function drawPng(spec: ChartSpec): Uint8Array {
  const renderer = new Resvg(drawSvg(spec), {
    background: "#ffffff",
    font: { fontFiles, loadSystemFonts: false, defaultFontFamily: "Inter" },
  });
  return renderer.render().asPng();
}
