import type { ReplayEpisode, ReplayTicket } from "../../../../src/app/replay/ticket-tally.ts";

const minute = 60_000;

/** An episode of so many minutes; one that lasts without a length. */
export function episode(startedAt: number, minutes?: number): ReplayEpisode {
  const endedAt = minutes === undefined ? undefined : startedAt + minutes * minute;
  return { startedAt, endedAt, ending: endedAt === undefined ? undefined : "recovered", peak: 0.12, threshold: 0.05 };
}

export function replayTicket(parts: Partial<ReplayTicket> = {}): ReplayTicket {
  const openedAt = parts.openedAt ?? Date.parse("2026-01-05T10:00:00Z");
  return {
    number: 1,
    finding: "f1",
    generation: 1,
    rule: "checkout-errors",
    labels: { service: "checkout" },
    project: "PAY",
    openedAt,
    reason: "new_finding",
    band: "High",
    score: 57,
    summary: "checkout: 12.0% of requests fail",
    highestBand: "High",
    steps: [],
    episodes: [episode(openedAt, 22)],
    unit: "ratio",
    ...parts,
  };
}
