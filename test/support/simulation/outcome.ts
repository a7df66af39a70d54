import type { TicketRecord } from "../../../src/model/ticket.ts";
import type { Store } from "../../../src/store/store.ts";
import type { HistoryEntry } from "../jira/record.ts";
import type { JiraDouble } from "../jira/start-jira-double.ts";

/** All that people can see of a run, without the instants: a restart may deliver later, never other words. */
export interface Outcome {
  /** Per issue, every write in its order. */
  readonly history: Readonly<Record<string, readonly unknown[]>>;
  readonly issues: readonly unknown[];
  readonly findings: readonly unknown[];
  readonly tickets: readonly unknown[];
  /** Outbox entries by state. */
  readonly entries: Readonly<Record<string, number>>;
  /** Evaluated ticks of each rule, newest first, with their counts: every one once. */
  readonly ticks: Readonly<Record<string, readonly unknown[]>>;
}

export async function outcomeOf(store: Store, jira: JiraDouble | undefined): Promise<Outcome> {
  const all = { limit: 100 };
  const local = (await store.localTickets.list(all)).items;
  const states = await store.state.ruleStates();
  const ticks = await Promise.all(
    [...states.keys()].map(async (rule) => [rule, await store.history.ruleTicks(rule, 1_000)] as const),
  );
  return {
    history: jira === undefined ? {} : historyByIssue(jira.history),
    issues: timeless(jira === undefined ? local : jira.issues()) as unknown[],
    findings: (await store.history.findings(all)).items,
    tickets: timeless((await store.history.tickets(all)).items.map(asRemembered)) as unknown[],
    entries: await store.outbox.counts(),
    ticks: Object.fromEntries(ticks),
  };
}

/** Nobody reconciles here: who finds its ticket again has looked at it, who filed it has not. That it is done is ours. */
function asRemembered({ seen, ...record }: TicketRecord): unknown {
  return { ...record, isDone: seen?.statusCategory === "done" };
}

/**
 * A link set again under its global id is the same link: Jira itself makes that repetition harmless (JIRA.md 2.2), so
 * the second of two equal ones is no difference. Every other write counts.
 */
function historyByIssue(history: readonly HistoryEntry[]): Record<string, readonly unknown[]> {
  const byIssue: Record<string, unknown[]> = {};
  const links = new Set<string>();
  for (const { at: _, issueId, ...entry } of history) {
    if (entry.operation === "putRemoteLink") {
      const link = JSON.stringify([issueId, entry.change]);
      if (links.has(link)) continue;
      links.add(link);
    }
    byIssue[issueId] = [...(byIssue[issueId] ?? []), entry];
  }
  return byIssue;
}

const instants = new Set(["at", "created", "updated", "resolved", "createdAt", "updatedAt", "resolvedAt", "url"]);

/** Without instants of writing, and without the double's port number. */
function timeless(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(timeless);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => (instants.has(name) ? [] : [[name, timeless(inner)]])),
  );
}
