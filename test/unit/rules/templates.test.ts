import { expect } from "chai";
import { infinite } from "../../../src/model/infinity.ts";
import {
  renderLink,
  renderText,
  renderTitle,
  renderValue,
  type TemplateContext,
  templateFault,
} from "../../../src/rules/templates.ts";
import { BackfeedError } from "../../../src/support/errors.ts";

function context(overrides: Partial<TemplateContext> = {}): TemplateContext {
  return {
    labels: { "service.name": "checkout" },
    value: 0.0801,
    threshold: 0.05,
    windowMs: 300_000,
    rule: { id: "checkout-errors", severity: "high", owner: "payments", why: "y" },
    episode: { startedAt: Date.parse("2026-01-05T10:06:00Z"), durationMs: 2_400_000, peak: 0.12 },
    ...overrides,
  };
}

const linkContext = {
  labels: { a: "x&y#'\"><script>" },
  rule: { id: "r" },
  source: "logs",
  from: 0,
  to: 1,
  target: "logs-*",
  query: "a:b AND c",
};

describe("templates", () => {
  for (const [template, text] of [
    ['{{ labels["service.name"] }}: {{ value | percent }} of requests fail', "checkout: 8.0% of requests fail"],
    ["{{ threshold | percent }} in {{ window | duration }}", "5.0% in 5 min"],
    ["{{ rule.id }} {{ rule.severity }} {{ rule.owner }}", "checkout-errors high payments"],
    [
      "{{ episode.started }} {{ episode.duration | duration }} {{ episode.peak | percent: 2 }}",
      "2026-01-05T10:06:00.000Z 40 min 12.00%",
    ],
    ["{{ 1234567.8 | number }} {{ 1.256 | number }} {{ 0.00123 | number }}", "1,234,568 1.26 0.0012"],
    ["{{ 1536 | bytes }} {{ 12 | bytes }}", "1.5 KiB 12 B"],
    ["{{ 0.00042 | percent }} {{ 0.006 | percent }} {{ 0 | percent }}", "0.042% 0.60% 0%"],
    ["{% if value > threshold %}over{% else %}under{% endif %}", "over"],
  ] as const) {
    it(`renders ${template}`, () => expect(renderText(template, context())).to.equal(text));
  }

  it("prints a value that was not measured as nothing", () => {
    const title = renderTitle(
      "absent {{ value | number }}{{ threshold }}!",
      context({ value: undefined, threshold: undefined }),
    );
    expect(title).to.equal("absent !");
  });

  it("takes hostile labels as data, on one line, without control characters", () => {
    const hostile = '{{ rule.why }}{% include "x" %}\u001b[31m\n\u202e{{ "a" | append: "b" }}';
    const title = renderTitle('{{ labels["service.name"] }} fails', context({ labels: { "service.name": hostile } }));
    expect(title).to.equal('{{ rule.why }}{% include "x" %} {{ "a" | append: "b" }} fails');
  });

  it("gives the rule and the labels when a title cannot be rendered for these values", () => {
    expect(renderTitle("{{ labels.region }}", context())).to.equal("checkout-errors service.name=checkout");
    expect(renderTitle("{{ value | percent }}", context({ value: undefined }))).to.equal(
      "checkout-errors service.name=checkout",
    );
  });

  it("cuts a title that labels make endless", () => {
    const title = renderTitle("{{ labels.a }}", context({ labels: { a: "x".repeat(100_000) } }));
    expect([...title]).to.have.length(500);
  });

  it("reaches no file, no prototype, and no end of memory", () => {
    for (const template of [
      '{% include "/etc/passwd" %}',
      '{% render "x" %}',
      '{% layout "x" %}',
      "{{ labels.constructor }}",
      "{{ labels.__proto__ }}",
      "{% for i in (1..100000000) %}x{% endfor %}",
      "{{ value | nothing }}",
      "{{ unknown }}",
      "{{ ",
    ]) {
      expect(() => renderText(template, context()), template)
        .to.throw(BackfeedError)
        .with.property("kind", "rule");
    }
  });

  it("renders the texts within a field's value and leaves the rest", () => {
    const value = { id: 5, list: ["{{ rule.id }}", true, null], name: { text: '{{ labels["service.name"] }}' } };
    expect(renderValue(value, context())).to.deep.equal({
      id: 5,
      list: ["checkout-errors", true, null],
      name: { text: "checkout" },
    });
  });

  it("percent-encodes what it puts into a link", () => {
    const link = renderLink("https://kibana/app?from={{ from }}&q={{ query }}#{{ labels.a }}", linkContext);
    expect(link).to.equal(
      "https://kibana/app?from=1970-01-01T00%3A00%3A00.000Z&q=a%3Ab%20AND%20c#x%26y%23'%22%3E%3Cscript%3E",
    );
  });

  it("prints infinity as a sign, in every filter that takes numbers", () => {
    const at = (value: number) =>
      renderText(
        "{{ value | percent }} {{ value | number }} {{ value | bytes }} {{ value | duration }}",
        context({ value }),
      );
    expect(at(infinite)).to.equal("∞ ∞ ∞ ∞");
    expect(at(-infinite)).to.equal("-∞ -∞ -∞ -∞");
  });

  it("leaves out a link that is not for the rule's source, and takes none that is no web address", () => {
    const of = (source: string) =>
      renderLink('{% if source == "metrics" %}https://prometheus/graph?g0.expr={{ query }}{% endif %}', {
        ...linkContext,
        source,
      });
    expect(of("metrics")).to.equal("https://prometheus/graph?g0.expr=a%3Ab%20AND%20c");
    expect(of("logs")).to.equal("");
    expect(() => renderLink("{% if true %}javascript:{% endif %}{{ query }}", linkContext)).to.throw("https://");
  });

  it("finds an unknown name in a branch that sample values do not reach", () => {
    const names = { kind: "text", labels: ["service.name"] } as const;
    expect(templateFault("{% if value > 1000 %}{{ labels.host }}{% endif %}", names)?.message).to.match(/label `host`/);
    expect(templateFault("{{ rule.name }}", names)?.fix).to.match(/`rule.id`/);
    expect(templateFault('{% assign x = labels["service.name"] %}{{ x }}', names)).to.equal(undefined);
  });
});
