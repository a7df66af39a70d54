import { expect } from "chai";
import { plainText } from "../../../src/model/document.ts";
import type { Evidence, SectionEvidence } from "../../../src/model/evidence.ts";
import type { Finding } from "../../../src/model/finding.ts";
import type { Rule } from "../../../src/model/rule.ts";
import { adfBudget, toAdf } from "../../../src/trackers/jira/adf.ts";
import { toWiki } from "../../../src/trackers/jira/wiki.ts";
import {
  evidenceDocument,
  evidenceRequest,
  type SectionInfra,
  type SectionSubject,
} from "../../../src/triage/evidence.ts";
import { joiningRules, toldRules, worstOfRules } from "../../../src/triage/sections.ts";
import { buildAlert, minute, start, verdictOf } from "../../support/alerts.ts";
import { buildFinding } from "../../support/findings.ts";
import { expectGolden } from "../../support/golden.ts";
import { buildRule } from "../../support/rules.ts";

const query = { target: "hosts", where: {}, filters: [], measure: { kind: "count" }, by: [], maxGroups: 1 } as const;
const cpu: SectionInfra = { title: "CPU", source: "metrics", unit: "number", windowMs: minute, ask: query };
const ruleOf = (id: string, parts: Partial<Rule> = {}) =>
  buildRule({
    id,
    problem: "shop-down",
    why: "People cannot pay.",
    runbook: "https://runbooks.example.com/shop",
    ...parts,
  });

/** A finding of rules of one problem, the first the worst. */
function findingOf(...rules: readonly Rule[]): Finding {
  const [first] = rules;
  if (first === undefined) throw new Error("no rule");
  const alerts = rules.map((rule, place) => buildAlert(rule, { severity: place === 0 ? "critical" : "low" }));
  const finding = buildFinding(first, { alerts });
  const shown = new Map([finding.worst, ...finding.others].map((each) => [each.ruleId, each]));
  return { ...finding, others: rules.slice(1).flatMap(({ id }) => shown.get(id) ?? []) };
}

function subjectsOf(finding: Finding, rules: readonly Rule[], infra: readonly SectionInfra[] = []): SectionSubject[] {
  return worstOfRules(finding).flatMap((alert) => {
    const rule = rules.find(({ id }) => id === alert.ruleId);
    const links = [{ text: "Discover", url: `https://kibana.example.com/${alert.ruleId}` }];
    return rule === undefined ? [] : [{ rule, alert, title: `${rule.id} is bad`, delayMs: 0, links, infra }];
  });
}

const found = (parts: Partial<SectionEvidence> = {}): SectionEvidence => ({
  series: [],
  samples: [{ at: start, fields: [["message", "card declined"]] }],
  missing: [],
  chart: { name: "backfeed-0123456789abcdef.png", png: new Uint8Array() },
  infra: [],
  ...parts,
});

describe("sections of the evidence", () => {
  const errors = ruleOf("errors");
  const slow = ruleOf("slow", { why: "People wait.", runbook: "https://runbooks.example.com/slow" });

  it("are one for each rule, the worst first, each with its own words, charts and links", () => {
    const rules = [errors, slow, ruleOf("queue")];
    const finding = findingOf(...rules);
    const request = evidenceRequest(finding, subjectsOf(finding, rules, [cpu]), start + 20 * minute);
    const infra = [
      {
        title: "CPU",
        words: "0.31 before, 0.94 in the episode (3.0x)",
        chart: { name: "backfeed-aa.png", png: new Uint8Array() },
      },
    ];
    const evidence: Evidence = {
      collectedAt: start,
      sections: [
        found({ infra }),
        found({ missing: ["Disk: took too long"] }),
        found({ samples: [], chart: undefined }),
      ],
    };
    expectGolden(
      new URL("../../golden/triage/sections.txt", import.meta.url),
      `${plainText(evidenceDocument({ ...request, moreRules: ["mail"] }, evidence))}\n`,
    );
    // The other rules watch the same machines: shown once.
    expect(request.sections.map((section) => section.infra.length)).to.deep.equal([1, 0, 0]);
  });

  it("are five at most; the rules beyond are named", () => {
    const rules = Array.from({ length: 8 }, (_, place) => ruleOf(`rule-${place}`));
    const finding = findingOf(...rules);
    const { sections, moreRules } = evidenceRequest(finding, subjectsOf(finding, rules), start);
    expect(sections.map(({ ruleId }) => ruleId)).to.deep.equal(["rule-0", "rule-1", "rule-2", "rule-3", "rule-4"]);
    expect(moreRules).to.deep.equal(["rule-5", "rule-6", "rule-7"]);
  });

  it("have infrastructure over whole steps that end with the chart and begin inside it, few whatever its window", () => {
    for (const windowMs of [1_000, minute, 7 * minute, 600 * minute, undefined]) {
      for (const lasted of [0, 61 * minute, 90_000 * minute]) {
        const finding = findingOf(errors);
        const { sections } = evidenceRequest(
          finding,
          subjectsOf(finding, [errors], [{ ...cpu, windowMs }]),
          start + lasted,
        );
        const [section] = sections;
        const [infra] = section?.infra ?? [];
        const { from, to } = infra?.window ?? { from: 0, to: 0 };
        const steps = (to - from) / (infra?.stepMs ?? 1);
        expect(to).to.equal(section?.chart.window.to);
        expect(Number.isInteger(steps) && steps >= 1 && steps <= 240, `${steps}`).to.equal(true);
        if (steps > 1) expect(from).to.be.at.least(section?.chart.window.from ?? 0);
      }
    }
  });

  it("join a ticket once each, only while they fire, and only as long as it has room", () => {
    const rules = Array.from({ length: 8 }, (_, place) => ruleOf(`rule-${place}`));
    const finding = findingOf(...rules);
    const joining = (told: readonly string[] | undefined, of = finding) =>
      joiningRules({ ...of, memory: { ...of.memory, toldRules: told } });
    expect(toldRules(finding)).to.have.length(8);
    expect(joining(["rule-0"])).to.deep.equal(["rule-1", "rule-2", "rule-3", "rule-4"]);
    expect(joining(["rule-0", "rule-1", "rule-2", "rule-3"])).to.deep.equal(["rule-4"]);
    expect(joining(["a", "b", "c", "d", "e"])).to.deep.equal([]);
    // Of a ticket that was filed before this was remembered.
    expect(joining(undefined)).to.deep.equal([]);
    const recovering = {
      ...finding,
      others: finding.others.map((each) => ({ ...each, state: "recovering" as const })),
    };
    expect(joining(["rule-0"], recovering)).to.deep.equal([]);
    const request = evidenceRequest(finding, subjectsOf(finding, rules).slice(1, 2), start, true);
    expect([request.joins, request.sections[0]?.about.length]).to.deep.equal([true, 2]);
  });

  it("fit into Jira's text whatever they hold, and say that they were shortened", () => {
    const rules = Array.from({ length: 5 }, (_, place) =>
      ruleOf(`rule-${place}`, { why: `why ${place} {code} ${"w".repeat(1_900)}` }),
    );
    const finding = findingOf(...rules);
    const request = evidenceRequest(finding, subjectsOf(finding, rules, [cpu]), start);
    const hostile = `{code}{noformat}[~accountid:x]h1. |a| ${"!x.png! ".repeat(120)}`;
    const samples = Array.from({ length: 20 }, () => ({ at: start, fields: [["message", hostile]] as const }));
    const infra = Array.from({ length: 10 }, () => ({ title: hostile, words: hostile, chart: undefined }));
    const section = found({ samples, infra, missing: [hostile] });
    const document = evidenceDocument(request, { collectedAt: start, sections: rules.map(() => section) });
    const adf = toAdf(document);
    expect(JSON.stringify(adf).length).to.be.at.most(adfBudget);
    expect(JSON.stringify(adf)).to.include("Shortened to fit into Jira");
    const types = new Set<string>();
    JSON.stringify(adf, (key, value) => {
      if (key === "type" && typeof value === "string") types.add(value);
      return value;
    });
    expect([...types].filter((type) => /mention|media|extension|inlineCard/.test(type))).to.deep.equal([]);
    const wiki = toWiki(document);
    expect(wiki.length).to.be.at.most(30_000);
    expect(wiki).to.include("Shortened to fit into Jira");
    // The first and the worst rule are the last to be cut.
    expect(wiki).to.include(String.raw`rule\-0 is bad`);
  });
});

describe("what a finding shows of many alerts", () => {
  it("has each rule's worst among it, however many of another rule are worse", () => {
    const many = ruleOf("many", { signal: { ...buildRule().signal, by: ["host"] }, group: [] });
    const one = ruleOf("one", { group: [] });
    const alerts = Array.from({ length: 40 }, (_, host) =>
      buildAlert(many, { labels: { host: `${host}` }, severity: "high", verdict: verdictOf("breached") }),
    );
    const finding = buildFinding(many, { alerts });
    expect(finding.others.map(({ ruleId }) => ruleId)).to.deep.equal(Array.from({ length: 20 }, () => "many"));
    const both = buildFinding(many, { alerts: [...alerts, buildAlert(one, { severity: "low" })] });
    expect(both.others).to.have.length(20);
    expect(both.others.at(-1)?.ruleId).to.equal("one");
    expect(both.alertCount).to.equal(41);
  });
});
