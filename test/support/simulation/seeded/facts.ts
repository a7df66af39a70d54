import { existsSync, readFileSync } from "node:fs";
import type { TickResult } from "../../../../src/app/tick.ts";
import type { Finding, FindingEvent } from "../../../../src/model/finding.ts";
import { groupKey } from "../../../../src/model/identity.ts";
import { type Labels, pickLabels } from "../../../../src/model/labels.ts";
import type { OutboxEntry } from "../../../../src/model/outbox.ts";
import type { TicketRecord } from "../../../../src/model/ticket.ts";
import type { Page, RuleTickCounts, TickRecord } from "../../../../src/store/store.ts";
import type { HistoryEntry, IssueRecord } from "../../jira/record.ts";
import type { RequestEntry, Violation } from "../../jira/request-log.ts";
import type { Ledger } from "./ledger.ts";
import type { Plan } from "./plan.ts";
import type { Production } from "./production.ts";
import { type RuleBook, type RuleSketch, templates } from "./rules.ts";
import type { Simulation } from "./simulation.ts";

/** All that can be known of a run once it is over: what was, what the program was shown, and what came of it. */
export interface Facts {
  readonly plan: Plan;
  readonly book: RuleBook;
  readonly production: Production;
  readonly ledger: Ledger;
  readonly results: readonly TickResult[];
  readonly crashes: readonly string[];
  readonly logs: readonly string[];
  /** In Jira. */
  readonly issues: readonly IssueRecord[];
  readonly history: readonly HistoryEntry[];
  readonly requests: readonly RequestEntry[];
  readonly violations: readonly Violation[];
  /** In the store. */
  readonly findings: readonly Finding[];
  readonly events: ReadonlyMap<string, readonly FindingEvent[]>;
  readonly tickets: readonly TicketRecord[];
  readonly entries: readonly OutboxEntry[];
  readonly ticks: readonly TickRecord[];
  /** By rule: what each of its ticks counted. */
  readonly ruleTicks: ReadonlyMap<string, readonly (RuleTickCounts & { tick: number })[]>;
  /** The store's files, byte for byte. */
  readonly stored: Buffer;
}

export async function gatherFacts(run: Simulation): Promise<Facts> {
  const { plan, book, production, ledger, results, crashes, logs, jira, life } = run;
  if (life === undefined) throw new Error("the program is dead at the end of the run");
  const { history } = life.store;
  const findings = await everyPage((page) => history.findings(page));
  const events = new Map<string, readonly FindingEvent[]>();
  for (const { id } of findings) events.set(id, await history.events(id));
  const ruleTicks = new Map<string, readonly (RuleTickCounts & { tick: number })[]>();
  for (const rule of ledger.rules()) ruleTicks.set(rule, await history.ruleTicks(rule, 1_000));
  const files = [run.path, `${run.path}-wal`].filter((file) => existsSync(file));
  return {
    ...{ plan, book, production, ledger, results, crashes, logs, findings, events, ruleTicks },
    issues: jira.issues(),
    history: jira.history,
    requests: jira.requests,
    violations: jira.violations,
    tickets: await everyPage((page) => history.tickets(page)),
    entries: await everyPage((page) => history.outbox(page)),
    ticks: await everyPage((page) => history.ticks(page)),
    stored: Buffer.concat(files.map((file) => readFileSync(file))),
  };
}

async function everyPage<Item>(
  list: (page: { limit: number; cursor?: string }) => Promise<Page<Item>>,
): Promise<Item[]> {
  const items: Item[] = [];
  let next: string | undefined;
  do {
    const page: Page<Item> = await list({ limit: 100, ...(next === undefined ? {} : { cursor: next }) });
    items.push(...page.items);
    next = page.next;
  } while (next !== undefined);
  return items;
}

/** The identity that an issue of ours was created with. */
export interface Identity {
  readonly groupKey: string;
  readonly generation: number;
}

/** What the program filed: one entry a request that took effect. */
export function created(facts: Facts): readonly (Identity & { readonly entry: HistoryEntry })[] {
  return facts.history.flatMap((entry) => {
    if (entry.operation !== "createIssue" || entry.actor !== "backfeed") return [];
    const { properties = [] } = entry.change as { properties?: readonly { key: string; value: unknown }[] };
    const identity = properties.find(({ key }) => key === "backfeed")?.value as Identity | undefined;
    if (identity === undefined) return [];
    return [{ groupKey: identity.groupKey, generation: identity.generation, entry }];
  });
}

/** What people filed and the program made the ticket of a finding, by the mark that it wrote there. */
export function adopted(facts: Facts): readonly (Identity & { readonly entry: HistoryEntry })[] {
  return facts.history.flatMap((entry) => {
    if (entry.operation !== "setProperty" || entry.actor !== "backfeed") return [];
    const { key, value } = entry.change as { key: string; value: Identity };
    return key === "backfeed" ? [{ groupKey: value.groupKey, generation: value.generation, entry }] : [];
  });
}

/** The group key of one label set of a rule, as it was then. */
export function groupKeyOf(book: RuleBook, sketch: RuleSketch, labels: Labels): string {
  const { problem, group } = book.ruleOf(sketch);
  return groupKey("test", problem, pickLabels(labels, group));
}

export function seriesOf({ template }: RuleSketch): readonly Labels[] {
  return templates[template].series;
}

/** "hh:mm" since the start, for messages. */
export function hourOf(instant: number, from: number): string {
  const minutes = Math.round((instant - from) / 60_000);
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
}
