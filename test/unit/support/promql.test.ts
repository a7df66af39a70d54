import { expect } from "chai";
import fc from "fast-check";
import { measuredSide, metricNames, promqlFault } from "../../../src/support/promql.ts";

describe("PromQL", () => {
  it("that Prometheus reads has no fault", () => {
    for (const expression of [
      "up == 0",
      'sum by (service) (rate(http_requests_total{code=~"5.."}[5m])) / ignoring(code) group_left x # why',
      "histogram_quantile(0.99, sum by (le) (rate(x_bucket[5m])))",
      "max_over_time(rate(x[5m])[1h:1m]) offset 1d",
      'predict_linear(node_filesystem_avail_bytes{mountpoint="/"}[6h], 4 * 86400) < 0',
      '{__name__="a.b"} unless on (instance) {"c.d"}',
      "1",
    ]) {
      expect(promqlFault(expression), expression).to.equal(undefined);
    }
  });

  it("that ends too early or goes on wrongly is faulty there, by line and column", () => {
    const places = ["sum(rate(x[5m])", "up ==", "sum(x) )", "sum(\n  x{a=5}\n)", "", "a b"].map((text) => {
      const { line, column, found, maybeMetricsql } = promqlFault(text) ?? {};
      return [line, column, found, maybeMetricsql];
    });
    expect(places).to.deep.equal([
      [1, 16, undefined, false],
      [1, 6, undefined, false],
      [1, 8, ")", false],
      [2, 7, "5}", false],
      [1, 1, undefined, false],
      [1, 3, "b", false],
    ]);
  });

  it("that may be MetricsQL is marked as such", () => {
    for (const text of ["rollup_rate(x[5m])", "a default 0", "rate(x[5m]) keep_metric_names", "WITH (a = b) a"]) {
      expect(promqlFault(text)?.maybeMetricsql, text).to.equal(true);
    }
  });

  it("names the metrics that it selects, however they are written", () => {
    const names = metricNames(
      'rate(a_total{b="c"}[5m]) / on (d) {"e.f", g="h"} + a_total and (label_replace(i, "j", "k", "l", "m"))',
    );
    expect([...names].sort()).to.deep.equal(["a_total", "e.f", "i"]);
  });

  it("is never too strange to be looked at", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        const fault = promqlFault(text);
        if (fault !== undefined) expect(fault.offset).to.be.within(0, text.length);
        metricNames(text);
      }),
    );
  });

  it("that raises alerts is drawn by its measured side, where that is one comparison with a number", () => {
    for (const [expression, side] of [
      ["up == 0", "up"],
      ["((rate(x[5m]) > bool 0.05))", "rate(x[5m])"],
      ["-1.5e3 <= sum by (a) (x)", "sum by (a) (x)"],
      ["a > b", "a > b"],
      ["a > 1 and b > 2", "a > 1 and b > 2"],
      ["absent(up)", "absent(up)"],
      ["x >", "x >"],
    ]) {
      expect(measuredSide(expression ?? "")).to.equal(side);
    }
  });
});
