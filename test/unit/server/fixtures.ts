import type { Evidence, EvidenceRequest, SectionEvidence, SectionRequest } from "../../../src/model/evidence.ts";
import { type AlertSummary, type Finding, type FindingEvent, freshMemory } from "../../../src/model/finding.ts";
import type { LocalTicket } from "../../../src/model/local-ticket.ts";
import type { OutboxEntry } from "../../../src/model/outbox.ts";
import type { Silence } from "../../../src/model/silence.ts";
import type { TicketRecord } from "../../../src/model/ticket.ts";
import type { RuleListing } from "../../../src/server/program.ts";

const minute = 60_000;
const hour = 60 * minute;

/** The instant that all fixtures happen around. */
export const now = Date.parse("2026-03-02T10:00:00Z");

export function findingId(number: number): string {
  return number.toString(16).padStart(16, "0");
}

export function alert(overrides: Partial<AlertSummary> = {}): AlertSummary {
  return {
    fingerprint: "f".repeat(64),
    ruleId: "checkout-errors",
    labels: { "service.name": "checkout" },
    state: "firing",
    since: now - 40 * minute,
    verdict: { kind: "breached", value: 0.06, threshold: 0.05, direction: "above", events: 12_000, badEvents: 720 },
    ...overrides,
  };
}

export function finding(overrides: Partial<Finding> = {}): Finding {
  const id = overrides.id ?? findingId(1);
  return {
    id,
    groupKey: id.padEnd(64, "0"),
    problem: "checkout-errors",
    groupLabels: { "service.name": "checkout" },
    generation: 1,
    state: "open",
    mode: "file",
    owner: "payments",
    severity: "critical",
    ruleIds: ["checkout-errors"],
    title: "checkout: 6.0% of requests fail",
    openedAt: now - 40 * minute,
    changedAt: now - minute,
    worst: alert(),
    others: [alert({ fingerprint: "e".repeat(64), labels: { "service.name": "checkout", region: "eu" } })],
    alertCount: 2,
    episode: {
      startedAt: now - 40 * minute,
      lastBreachAt: now - minute,
      endedAt: undefined,
      ending: undefined,
      peak: { at: now - 20 * minute, value: 0.08, threshold: 0.05 },
      sums: { bad: 5_760, total: 96_000 },
      endedSums: { bad: 0, total: 0 },
      budgetShare: 0.056,
    },
    pastEpisodes: [],
    flapping: false,
    impact: { askedAt: now - 5 * minute, usersBad: 1_240, usersTotal: 20_600, trend: 6 },
    priority: {
      score: 70,
      band: "High",
      parts: [
        { name: "severity", points: 20, text: "severity critical", measured: true },
        { name: "reach", points: 12, text: "reach 6.0% of requests", measured: true },
        { name: "duration", points: 3, text: "lasted 40 min", measured: true },
        { name: "budget", points: 25, text: "burn 60x, 5.6% of the 30-day budget", measured: true },
        { name: "recurrence", points: 0, text: "first episode", measured: true },
        { name: "trend", points: 10, text: "6x last week", measured: true },
      ],
      adjustment: undefined,
    },
    memory: { ...freshMemory, createdAt: now - 38 * minute, ticketBand: "High" },
    decision: { action: "none", reason: "unchanged", at: now - minute },
    ...overrides,
  };
}

export function events(): FindingEvent[] {
  return [
    { at: now - 40 * minute, kind: "state", code: "open", text: "checkout-errors started firing" },
    {
      at: now - 38 * minute,
      kind: "decision",
      code: "new_finding",
      text: "a ticket was decided",
      facts: { score: 70 },
    },
    { at: now - 37 * minute, kind: "delivery", code: "created", text: "OPS-12 was created" },
  ];
}

export function ticketRecord(overrides: Partial<TicketRecord> = {}): TicketRecord {
  return {
    tracker: "jira",
    ref: { id: "10012", key: "OPS-12", url: "https://acme.atlassian.net/browse/OPS-12" },
    findingId: findingId(1),
    groupKey: findingId(1).padEnd(64, "0"),
    generation: 1,
    createdAt: now - 37 * minute,
    written: { priority: "High", band: "High" },
    dropped: ["assignee 5b10ac8d is unknown"],
    seen: { at: now, status: "In Progress", statusCategory: "indeterminate", resolution: undefined, priority: "High" },
    ...overrides,
  };
}

export function silence(overrides: Partial<Silence> = {}): Silence {
  return {
    id: "1",
    matchers: { "service.name": "checkout" },
    ruleId: "checkout-errors",
    author: "anna",
    reason: "the provider moves its data centre",
    startsAt: now - hour,
    endsAt: now + hour,
    createdAt: now - hour,
    endedAt: undefined,
    ...overrides,
  };
}

export function localTicket(overrides: Partial<LocalTicket> = {}): LocalTicket {
  const id = findingId(2);
  return {
    id: "1",
    number: 1,
    key: "LOCAL-1",
    identity: { instance: "prod-eu", groupKey: id.padEnd(64, "0"), generation: 1, rules: ["cart-latency"] },
    labels: ["backfeed", `backfeed-${id}`],
    summary: "cart: p95 is 1.8 s",
    document: [
      { kind: "paragraph", content: [{ kind: "text", text: "People wait.", strong: true }] },
      { kind: "heading", text: "Measured" },
      {
        kind: "table",
        header: ["what", "value"],
        rows: [[[{ kind: "text", text: "p95" }], [{ kind: "code", text: "1.8 s" }]]],
      },
      { kind: "list", items: [[{ kind: "link", text: "query", url: "https://kibana.example.com/q" }]] },
      { kind: "code", text: "GET /cart 200 1.8" },
    ],
    priority: "Medium",
    status: "To Do",
    statusCategory: "new",
    resolution: undefined,
    assignee: undefined,
    comments: [
      {
        marker: "quiet:1",
        at: now - minute,
        author: "backfeed",
        document: [{ kind: "paragraph", content: [{ kind: "text", text: "All is quiet." }] }],
      },
    ],
    attachments: [{ name: "chart-1a2b.png", contentType: "image/png", bytes: png.byteLength }],
    links: [{ globalId: "backfeed=prod-eu", url: `https://backfeed.example.com/findings/${id}`, title: "Finding" }],
    createdAt: now - hour,
    updatedAt: now - minute,
    history: [{ at: now - hour, author: "backfeed", text: "created" }],
    ...overrides,
  };
}

export function outboxEntry(overrides: Partial<OutboxEntry> = {}): OutboxEntry {
  return {
    id: "ob-1",
    idempotencyKey: "k1",
    findingId: findingId(1),
    groupKey: findingId(1).padEnd(64, "0"),
    generation: 1,
    action: { kind: "comment", marker: "m:1", document: [] },
    createdAt: now - 10 * minute,
    rank: 70,
    state: "parked",
    attempts: 7,
    looks: 0,
    lostCreates: 0,
    nextAttemptAt: now,
    lease: undefined,
    note: "Jira refused the comment: the issue is archived",
    finishedAt: undefined,
    ...overrides,
  };
}

export function rule(overrides: Partial<RuleListing> = {}): RuleListing {
  return {
    id: "checkout-errors",
    title: '{{ labels["service.name"] }}: {{ value | percent }} of requests fail',
    why: "People see an error page instead of a paid order.",
    runbook: "https://runbooks.example.com/checkout-errors",
    severity: "critical",
    owner: "payments",
    mode: "file",
    schedule: "* * * * *",
    location: { file: "rules/checkout/errors.yaml", line: 4 },
    watermark: now - minute,
    lastTick: { tick: now - minute, verdicts: { breached: 2, clear: 14 }, outcomes: { unchanged: 2 }, notEvaluated: 0 },
    failingSince: undefined,
    lastFailure: undefined,
    ...overrides,
  };
}

export function evidenceRequest(overrides: Partial<SectionRequest> = {}): EvidenceRequest {
  const window = { from: now - 6 * hour, to: now };
  const section: SectionRequest = {
    ruleId: "checkout-errors",
    about: [],
    infra: [],
    source: "logs",
    query: {
      target: "logs-*",
      where: { "service.environment": ["production"] },
      filters: [],
      measure: { kind: "ratio", bad: "http.response.status_code:>=500" },
      by: ["service.name"],
      maxGroups: 200,
    },
    labels: { "service.name": "checkout" },
    episodeStartedAt: now - 40 * minute,
    samples: { window, badOnly: true, limit: 5, fields: ["@timestamp", "message"] },
    chart: {
      window,
      stepMs: 5 * minute,
      title: "Share of failed requests",
      unit: "ratio",
      threshold: 0.05,
      episode: { from: now - 40 * minute, to: now },
    },
    links: [{ text: "Open in Discover", url: "https://kibana.example.com/app/discover#/" }],
    ...overrides,
  };
  return { sections: [section], moreRules: [] };
}

export function evidence(overrides: Partial<SectionEvidence> = {}): Evidence {
  const section: SectionEvidence = {
    series: [
      { at: now - 10 * minute, value: 0.01 },
      { at: now - 5 * minute, value: undefined },
    ],
    samples: [
      {
        at: now - 38 * minute,
        fields: [
          ["@timestamp", "2026-03-02T09:22:00Z"],
          ["message", "POST /pay 500 upstream timed out"],
        ],
      },
    ],
    missing: ["the hosts' CPU could not be asked: timeout"],
    chart: { name: chartName, png },
    infra: [],
    ...overrides,
  };
  return { collectedAt: now - 37 * minute, sections: [section] };
}

export const chartName = "backfeed-0123456789abcdef.png";

/** One pixel. */
export const png = new Uint8Array(
  Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
    "base64",
  ),
);
