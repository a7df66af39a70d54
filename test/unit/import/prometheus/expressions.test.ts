import { expect } from "chai";
import { takeApart } from "../../../../src/import/prometheus/comparison.ts";
import { translateTemplate } from "../../../../src/import/prometheus/go-template.ts";
import { resultLabels } from "../../../../src/import/prometheus/result-labels.ts";
import { overAnyWindow } from "../../../../src/import/slo/counts.ts";
import { justOver, justUnder } from "../../../../src/import/words.ts";

describe("a condition of Prometheus, taken apart", () => {
  const cases: readonly (readonly [string, string, object])[] = [
    ["a > 5", "a", { above: 5 }],
    ["5 > a", "a", { below: 5 }],
    ["((a)) >= 2 * 3 # so much", "a", { above: justUnder(6) }],
    ["a <= 0", "a", { below: Number.MIN_VALUE }],
    ["a < -1", "a", { below: -1 }],
    ["up{job='x'} == 0", "up{job='x'}", { below: 1 }],
    ["a > 5 and on (i) b", "(a) and on (i) b", { above: 5 }],
    ["(a > b offset 5m) unless c", "((a)\n  - (b offset 5m)) unless c", { above: 0 }],
    ["a > on (x) group_left () b", "(a)\n  - on (x) group_left () (b)", { above: 0 }],
    ["absent(a)", "absent(a)", { above: 0 }],
    ["a == 5", "group by (l) (\n  a == 5\n)", { above: 0 }],
    ["a > bool 5", "group by (l) (\n  a > bool 5\n)", { above: 0 }],
    ["a > 1 or b > 2", "group by (l) (\n  a > 1 or b > 2\n)", { above: 0 }],
    ["a", "group by (l) (\n  a\n)", { above: 0 }],
  ];
  for (const [expression, promql, when] of cases) {
    it(expression, () => expect(takeApart(expression, ["l"])).to.deep.include({ promql, when }));
  }

  it("has limits between which and their numbers nothing lies", () => {
    for (const number of [0, 5, -5, 0.05, 1e300, -1e-300, Number.MIN_VALUE]) {
      expect(justUnder(number)).to.be.lessThan(number);
      expect(justOver(number)).to.be.greaterThan(number);
      expect((justUnder(number) + number) / 2).to.be.oneOf([justUnder(number), number]);
    }
  });
});

describe("the labels that an expression gives its series", () => {
  const cases: readonly (readonly [string, readonly string[] | undefined])[] = [
    ["a", undefined],
    ["sum(a)", []],
    ["sum by (x, y) (a) > 5", ["x", "y"]],
    ["sum(a) by (x) / on (x) group_left (z) sum by (x, y) (b)", ["x", "z"]],
    ["sum without (y) (sum by (x, y) (a))", ["x"]],
    ["topk(3, sum by (x) (a))", ["x"]],
    ["histogram_quantile(0.9, sum by (le, x) (rate(a[5m])))", ["x"]],
    ['label_replace(sum by (x) (a), "z", "$1", "x", "(.*)")', ["x", "z"]],
    ['absent(a{x="1", y=~"2", z="3"})', ["x", "z"]],
    ["a + on (x) b", ["x"]],
    ["sum by (x) (a) and b", ["x"]],
    ["sum by (x) (a) or sum by (y) (b)", undefined],
    ["time() - sum by (x) (a)", ["x"]],
    ["sum by (x) (a offset 5m) > sum by (x) (b) offset 5m", ["x"]],
  ];
  for (const [expression, labels] of cases)
    it(expression, () => expect(resultLabels(expression)).to.deep.equal(labels));
});

describe("a template of Prometheus as one of ours", () => {
  const liquid = (template: string, hasValue = true) => translateTemplate(template, { by: ["instance"], hasValue });

  it("keeps labels, the value and how it is written", () => {
    expect(liquid("{{ $labels.instance }}: {{ $value | humanizePercentage }}").liquid).to.equal(
      '{{ labels["instance"] }}: {{ value | percent }}',
    );
    expect(liquid('{{ index $labels "instance" }} {{ printf "%.1f%%" .Value }}').liquid).to.equal(
      '{{ labels["instance"] }} {{ value | round: 1 }}%',
    );
    expect(liquid("a {{- humanizeDuration $value -}} b").liquid).to.equal("a{{ value | times: 1000 | duration }}b");
  });

  it("leaves out what has no like, says so, and opens no tag of ours", () => {
    expect(liquid("{{ if $value }}x{{ end }}").leftOut).to.deep.equal(["{{ if $value }}", "{{ end }}"]);
    expect(liquid('{{ query "up" | first | value }}').leftOut).to.have.length(1);
    expect(liquid("{{ $value }}", false).leftOut).to.have.length(1);
    expect(liquid("{% raw %} {{").liquid).to.equal('{{ "{" }}% raw %} {{ "{" }}{');
    expect(liquid("{{ $labels.other }}!").liquid).to.equal("!");
  });
});

describe("events over any window", () => {
  it("counts where rates are added up, and leaves the rest as it is", () => {
    expect(overAnyWindow((window) => `sum(rate(a[${window}])) - sum by (x) (rate(b[${window}]))`)).to.deep.equal({
      promql: "sum(increase(a[$window])) - sum by (x) (increase(b[$window]))",
      counts: true,
    });
    expect(overAnyWindow((window) => `sum(increase(a[${window}]))`).counts).to.equal(true);
    for (const query of ["max(rate(a[W]))", "sum(avg_over_time(a[W]))", "sum(rate(a[W])) / sum(rate(b[W]))"]) {
      const any = overAnyWindow((window) => query.replaceAll("W", window));
      expect(any).to.deep.equal({ promql: query.replaceAll("W", "$window"), counts: false });
    }
  });
});
