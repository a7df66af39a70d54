import type { DecisionReason } from "../../model/decision.ts";
import { type Finding, recentEpisodes } from "../../model/finding.ts";
import { type Band, compareBands } from "../../model/priority.ts";
import type { HistoryStore, Store } from "../../store/store.ts";
import { priorityLine } from "../../triage/score.ts";
import type { ReplayTally } from "./tally.ts";

export interface DemoTicket {
  readonly key: string;
  readonly findingId: string;
  readonly title: string;
  readonly band: Band;
  readonly score: number;
  readonly state: Finding["state"];
  /** How often the problem came, this time included. */
  readonly episodes: number;
  readonly filedAt: number;
  /** The priority line, as it stands on the ticket. */
  readonly why: string;
}

/** What was seen and not filed for one reason. */
export interface DemoUnfiled {
  readonly reason: DecisionReason;
  /** Alerts that never led to a ticket; for `grouped` and `unchanged` those that another line or tick already told. */
  readonly alerts: number;
  readonly times: number;
  readonly ruleIds: readonly string[];
}

export interface DemoReport {
  /** Worst first. */
  readonly tickets: readonly DemoTicket[];
  readonly unfiled: readonly DemoUnfiled[];
  readonly evaluations: number;
  readonly fine: number;
  /** The ticket whose finding shows most: still open, and the more has happened to it. */
  readonly worthOpening: DemoTicket | undefined;
}

/** What a replay came to: the tickets as they are now, and why there are no others. */
export async function reportDemo(store: Store, tally: ReplayTally): Promise<DemoReport> {
  const tickets: DemoTicket[] = [];
  for (const finding of await allFindings(store.history)) {
    const ticket = await ticketOf(finding, store);
    if (ticket !== undefined) tickets.push(ticket);
  }
  tickets.sort((a, b) => compareBands(b.band, a.band) || b.score - a.score || a.filedAt - b.filedAt);
  return {
    tickets,
    unfiled: unfiledOf(tally, new Set(tickets.map(({ findingId }) => findingId))),
    evaluations: tally.evaluations,
    fine: tally.fine,
    worthOpening: [...tickets].sort(byWhatItShows)[0],
  };
}

function byWhatItShows(a: DemoTicket, b: DemoTicket): number {
  const open = ({ state }: DemoTicket) => Number(state === "open");
  return open(b) - open(a) || b.episodes - a.episodes || b.score - a.score;
}

async function allFindings(history: HistoryStore): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  let cursor: string | undefined;
  do {
    const page = await history.findings({ limit: 100, ...(cursor === undefined ? {} : { cursor }) });
    findings.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined);
  return findings;
}

async function ticketOf(finding: Finding, { tickets, localTickets }: Store): Promise<DemoTicket | undefined> {
  const record = await tickets.ofFinding(finding.id);
  const local = record === undefined ? undefined : await localTickets.byKey(record.ref.key);
  const { priority } = finding;
  if (local === undefined || priority === undefined) return undefined;
  return {
    key: local.key,
    findingId: finding.id,
    title: finding.title,
    band: priority.band,
    score: priority.score,
    state: finding.state,
    episodes: recentEpisodes(finding),
    filedAt: local.createdAt,
    why: priorityLine(priority),
  };
}

/** Of alerts without a ticket every reason counts; of those with one, that their ticket did not have to be touched. */
function unfiledOf(tally: ReplayTally, filed: ReadonlySet<string>): readonly DemoUnfiled[] {
  const byReason = new Map<DecisionReason, { alerts: number; times: number; ruleIds: Set<string> }>();
  for (const { ruleId, finding, silent } of tally.alerts) {
    const hasTicket = finding !== undefined && filed.has(finding);
    for (const [reason, times] of silent) {
      if (!counts(reason, finding !== undefined, hasTicket)) continue;
      const sum = byReason.get(reason) ?? { alerts: 0, times: 0, ruleIds: new Set() };
      byReason.set(reason, sum);
      sum.alerts += 1;
      sum.times += times;
      sum.ruleIds.add(ruleId);
    }
  }
  return [...byReason].map(([reason, { alerts, times, ruleIds }]) => ({
    reason,
    alerts,
    times,
    ruleIds: [...ruleIds].sort(),
  }));
}

function counts(reason: DecisionReason, fired: boolean, hasTicket: boolean): boolean {
  if (reason === "pending") return !fired;
  return reason === "unchanged" || reason === "grouped" ? hasTicket : !hasTicket;
}
