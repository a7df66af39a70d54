import type { Alert } from "../../src/model/alert.ts";
import type {
  Evidence,
  EvidenceChart,
  EvidenceRequest,
  SectionEvidence,
  SectionRequest,
} from "../../src/model/evidence.ts";
import { type Finding, type FindingEvent, freshMemory } from "../../src/model/finding.ts";
import { fingerprint, groupKey, shortKey } from "../../src/model/identity.ts";
import type { Labels } from "../../src/model/labels.ts";
import type { LocalTicket } from "../../src/model/local-ticket.ts";
import type { OutboxDraft } from "../../src/model/outbox.ts";
import type { Query } from "../../src/model/query.ts";
import type { TicketRecord } from "../../src/model/ticket.ts";
import type { FindingCommit, RuleCommit, RuleTickCounts, TickCommit } from "../../src/store/store.ts";
import { sha256 } from "../../src/support/hashing.ts";

/** Values with defaults, for suites of the store. Everything is plain JSON, so that what comes back compares equal. */
export const start = Date.parse("2026-03-01T10:00:00Z");
export const minute = 60_000;

/** As JSON keeps it: a member that is undefined is one that is not there. */
export function plain<Value>(value: Value): Value {
  return value === undefined ? value : JSON.parse(JSON.stringify(value));
}

export function keyOf(name: string): string {
  return groupKey("test", name, {});
}

export function idOf(name: string): string {
  return shortKey(keyOf(name));
}

export function alert(name: string, overrides: Partial<Alert> = {}): Alert {
  const labels: Labels = overrides.labels ?? { service: name };
  return {
    fingerprint: fingerprint("test", name, labels),
    ruleId: name,
    ruleIdentity: name,
    labels,
    groupKey: keyOf(name),
    state: "firing",
    since: start,
    heldMs: 0,
    lastEvaluatedAt: start,
    noDataSince: undefined,
    episode: {
      startedAt: start,
      lastBreachAt: start,
      peak: { at: start, value: 0.08, threshold: 0.05 },
      sums: { bad: 80, total: 1_000 },
      tail: { bad: 0, total: 0 },
    },
    changeAges: [],
    flapping: false,
    severity: "high",
    owner: "payments",
    verdict: { kind: "breached", value: 0.08, threshold: 0.05, direction: "above", events: 1_000, badEvents: 80 },
    ...overrides,
  };
}

export function finding(name: string, overrides: Partial<Finding> = {}): Finding {
  const { labels, since, verdict, fingerprint: worst } = alert(name);
  return {
    id: idOf(name),
    groupKey: keyOf(name),
    problem: name,
    groupLabels: {},
    generation: 1,
    state: "open",
    mode: "file",
    owner: "payments",
    severity: "high",
    ruleIds: [name],
    title: `${name} is failing`,
    openedAt: start,
    changedAt: start,
    worst: { fingerprint: worst, ruleId: name, labels, state: "firing", since, verdict },
    others: [],
    alertCount: 1,
    flapping: false,
    episode: {
      startedAt: start,
      lastBreachAt: start,
      endedAt: undefined,
      ending: undefined,
      peak: undefined,
      sums: { bad: 80, total: 1_000 },
      endedSums: { bad: 0, total: 0 },
      budgetShare: undefined,
    },
    pastEpisodes: [],
    impact: undefined,
    priority: { score: 70, band: "High", parts: [], adjustment: undefined },
    memory: { ...freshMemory, createdAt: start, ticketBand: "High" },
    decision: { action: "create", reason: "new_finding", at: start },
    ...overrides,
  };
}

export function event(overrides: Partial<FindingEvent> = {}): FindingEvent {
  return { at: start, kind: "decision", code: "new_finding", text: "A ticket is filed.", ...overrides };
}

const query: Query = {
  target: "logs",
  where: { service: ["checkout"] },
  filters: [],
  measure: { kind: "ratio", bad: "status:500" },
  by: ["service"],
  maxGroups: 100,
};

export function evidenceRequest(overrides: Partial<SectionRequest> = {}): EvidenceRequest {
  const window = { from: start - 60 * minute, to: start };
  const section: SectionRequest = {
    ruleId: "checkout-errors",
    source: "logs",
    query,
    labels: { service: "checkout" },
    about: [],
    samples: { window, badOnly: true, limit: 5, fields: [] },
    chart: { window, stepMs: minute, title: "errors", unit: "ratio", threshold: 0.05, episode: window },
    links: [],
    infra: [],
    ...overrides,
  };
  return { sections: [section], moreRules: [] };
}

export function evidence({
  collectedAt = start + minute,
  ...overrides
}: Partial<SectionEvidence & Pick<Evidence, "collectedAt">> = {}): Evidence {
  const section: SectionEvidence = {
    series: [{ at: start, value: 0.08 }],
    samples: [{ at: start, fields: [["message", "boom"]] }],
    missing: ["no infrastructure signals"],
    chart: chartOf([137, 80, 78, 71, 0, 255]),
    infra: [],
    ...overrides,
  };
  return { collectedAt, sections: [section] };
}

export function chartOf(bytes: Iterable<number>): EvidenceChart {
  const png = new Uint8Array(bytes);
  return { name: `backfeed-${sha256(png).slice(0, 16)}.png`, png };
}

export function createDraft(name: string, overrides: Partial<OutboxDraft> = {}): OutboxDraft {
  const generation = overrides.generation ?? 1;
  return {
    idempotencyKey: `${idOf(name)}:${generation}:create`,
    findingId: idOf(name),
    groupKey: keyOf(name),
    generation,
    createdAt: start,
    rank: 70,
    action: {
      kind: "create",
      identity: { instance: "test", groupKey: keyOf(name), generation, rules: [name] },
      route: { tracker: "jira", project: "PAY", labels: [], fields: {} },
      summary: `${name} is failing`,
      band: "High",
      document: [{ kind: "heading", text: "What happened" }],
      evidence: evidenceRequest(),
      page: undefined,
    },
    ...overrides,
  };
}

export function commentDraft(name: string, marker: string, overrides: Partial<OutboxDraft> = {}): OutboxDraft {
  return {
    idempotencyKey: `${idOf(name)}:1:comment:${marker}`,
    findingId: idOf(name),
    groupKey: keyOf(name),
    generation: 1,
    createdAt: start,
    rank: 70,
    action: { kind: "comment", marker, document: [] },
    ...overrides,
  };
}

export const quietCounts: RuleTickCounts = { verdicts: { clear: 1 }, outcomes: {}, notEvaluated: 0 };

export function ruleCommit(ruleId: string, overrides: Partial<RuleCommit> = {}): RuleCommit {
  return {
    state: {
      ruleId,
      identity: ruleId,
      watermark: start,
      failingSince: undefined,
      lastFailure: undefined,
      shape: "shape-1",
    },
    alertsChanged: [],
    alertsEnded: [],
    labelSetsSeen: [],
    labelSetsForgotten: [],
    counts: quietCounts,
    findings: [],
    ...overrides,
  };
}

/** A rule that fires: an alert, its finding, an event and the create. */
export function firingRule(name: string, overrides: Partial<FindingCommit> = {}): RuleCommit {
  return ruleCommit(name, {
    alertsChanged: [alert(name)],
    labelSetsSeen: [{ ruleId: name, labels: { service: name }, seenAt: start }],
    counts: { verdicts: { breached: 1 }, outcomes: { create: 1 }, notEvaluated: 0 },
    findings: [{ finding: finding(name), events: [event()], outbox: [createDraft(name)], ...overrides }],
  });
}

export function tick(rules: readonly RuleCommit[], at = start): TickCommit {
  return { schedule: "* * * * *", tick: at, rules };
}

export function ticketRecord(name: string, overrides: Partial<TicketRecord> = {}): TicketRecord {
  return {
    tracker: "jira",
    ref: { id: "10001", key: "PAY-1", url: "https://jira.example/browse/PAY-1" },
    findingId: idOf(name),
    groupKey: keyOf(name),
    generation: 1,
    createdAt: start,
    written: { priority: "High", band: "High" },
    dropped: [],
    seen: undefined,
    ...overrides,
  };
}

export function localTicket(name: string): Omit<LocalTicket, "number" | "id" | "key"> {
  return {
    identity: { instance: "test", groupKey: keyOf(name), generation: 1, rules: [name] },
    labels: [`backfeed-${idOf(name)}`],
    summary: `${name} is failing`,
    document: [],
    priority: "High",
    status: "To Do",
    statusCategory: "new",
    resolution: undefined,
    assignee: undefined,
    comments: [],
    attachments: [],
    links: [],
    createdAt: start,
    updatedAt: start,
    history: [],
  };
}
