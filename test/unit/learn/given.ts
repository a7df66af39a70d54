import type { DriftContext } from "../../../src/learn/drift.ts";
import type { TicketRecord, TicketSnapshot } from "../../../src/model/ticket.ts";

export const start = Date.parse("2026-03-01T10:00:00Z");
export const minute = 60_000;
export const hour = 60 * minute;
export const findingId = "0123456789abcdef";

export function snapshot(overrides: Partial<TicketSnapshot> = {}): TicketSnapshot {
  return {
    ref: { id: "10001", key: "PAY-1", url: "https://jira.example/browse/PAY-1" },
    summary: "checkout: 8.0% of requests fail",
    status: "To Do",
    statusCategory: "new",
    resolution: undefined,
    priority: "High",
    labels: [`backfeed-${findingId}`, "reliability"],
    assignee: undefined,
    project: "PAY",
    updatedAt: start,
    description: "words of the description",
    ...overrides,
  };
}

/** As a create leaves it, and as a first look completes it. */
export function record(overrides: Partial<TicketRecord> = {}): TicketRecord {
  const {
    ref,
    status,
    statusCategory,
    resolution,
    priority,
    summary,
    description,
    labels,
    assignee,
    project,
    updatedAt,
  } = snapshot();
  const words = { summary, description, labels, assignee, project, updatedAt };
  return {
    tracker: "jira",
    ref,
    findingId,
    groupKey: findingId.padEnd(64, "0"),
    generation: 1,
    createdAt: start,
    written: { priority: "High", band: "High" },
    dropped: [],
    seen: { at: start, status, statusCategory, resolution, priority, ...words },
    ...overrides,
  };
}

export function context(overrides: Partial<DriftContext> = {}): DriftContext {
  return {
    now: start + hour,
    labelPrefix: "backfeed",
    wontDo: ["Won't Do", "Declined", "Duplicate"],
    band: "High",
    inFlight: new Set(),
    who: undefined,
    ...overrides,
  };
}

export const done = { status: "Done", statusCategory: "done", resolution: "Done", updatedAt: start + minute } as const;
