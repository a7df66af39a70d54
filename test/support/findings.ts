import { formFindings } from "../../src/detect/findings.ts";
import type { Alert } from "../../src/model/alert.ts";
import type { EvidenceRequest, SectionRequest } from "../../src/model/evidence.ts";
import type { Finding } from "../../src/model/finding.ts";
import type { Band, Priority } from "../../src/model/priority.ts";
import type { Rule } from "../../src/model/rule.ts";
import type { TicketRecord } from "../../src/model/ticket.ts";
import { evidenceRequest, type SectionSubject } from "../../src/triage/evidence.ts";
import { buildAlert, start } from "./alerts.ts";

/** An open finding as detect forms it from firing alerts; everything can be overridden. */
export function buildFinding(
  rule: Rule,
  { alerts, ...overrides }: Partial<Finding> & { alerts?: readonly Alert[] } = {},
): Finding {
  const evaluations = (alerts ?? [buildAlert(rule)]).map((alert) => ({
    labels: alert.labels,
    verdict: alert.verdict,
    stateBefore: "inactive" as const,
    state: alert.state,
    change: "started_firing" as const,
    alert,
    ended: undefined,
  }));
  const [step] = formFindings({
    at: start,
    evaluations,
    otherAlerts: [],
    findings: new Map(),
    rules: new Map([[rule.id, rule]]),
    modeOf: ({ mode }) => mode,
    titleOf: () => "checkout: 8.0% of requests fail",
  });
  if (step === undefined) throw new Error("no finding was formed");
  return { ...step.finding, ...overrides };
}

export function buildPriority(score: number, band: Band, overrides: Partial<Priority> = {}): Priority {
  return {
    score,
    band,
    parts: [{ name: "severity", points: score, text: "severity warning", measured: true }],
    adjustment: undefined,
    ...overrides,
  };
}

export function buildTicket(finding: Finding, overrides: Partial<TicketRecord> = {}): TicketRecord {
  return {
    tracker: "jira",
    ref: { id: "10001", key: "SHOP-1", url: "https://jira.example.com/browse/SHOP-1" },
    findingId: finding.id,
    groupKey: finding.groupKey,
    generation: finding.generation,
    createdAt: start,
    written: { priority: "Low", band: "Low" },
    dropped: [],
    seen: undefined,
    ...overrides,
  };
}

/** What a ticket of a finding with one rule asks for, as the app would. */
export function buildRequest(
  finding: Finding,
  rule: Rule,
  at: number,
  { delayMs = 0, links = [] }: Partial<Pick<SectionSubject, "delayMs" | "links">> = {},
): EvidenceRequest {
  const { worst: alert, title } = finding;
  return evidenceRequest(finding, [{ rule, alert, title, delayMs, links, infra: [] }], at);
}

/** The first section of a request. */
export function sectionOf({ sections: [section] }: EvidenceRequest): SectionRequest {
  if (section === undefined) throw new Error("no section");
  return section;
}
