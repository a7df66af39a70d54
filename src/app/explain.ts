import { existsSync } from "node:fs";
import type { ServiceConfig } from "../config/types.ts";
import type { Finding } from "../model/finding.ts";
import { formatValue } from "../model/format.ts";
import { formatLabels, type Labels, labelsKey } from "../model/labels.ts";
import type { TicketRecord } from "../model/ticket.ts";
import { formatInstant } from "../model/time.ts";
import { openSqlStore } from "../store/sql/open-sql-store.ts";
import type { Store } from "../store/store.ts";
import { priorityLine } from "../triage/score.ts";
import { decisionText } from "./finding-events.ts";
import type { RunLine } from "./lines.ts";
import type { LoadedRules } from "./load-rules.ts";
import { runOnce } from "./run.ts";

export type ExplainSubject =
  | { readonly kind: "id"; readonly id: string }
  | { readonly kind: "rule"; readonly ruleId: string; readonly labels: Labels; readonly at: number };

export interface ExplainOptions {
  readonly loaded: LoadedRules & { readonly config: ServiceConfig };
  readonly subject: ExplainSubject;
  readonly signal: AbortSignal;
}

/** The chain from observation to ticket. */
export interface Explanation {
  readonly found: boolean;
  /** For people. */
  readonly lines: readonly string[];
  /** For `--json`. */
  readonly data: unknown;
}

/** `explain`: from the store for what is there, by a dry run for one rule at one instant. Changes nothing. */
export async function explain(options: ExplainOptions): Promise<Explanation> {
  const { loaded, subject } = options;
  if (subject.kind === "rule") return explainRule(options, subject);
  // A copy where there is no store yet: then nothing is known, which is an answer and no error.
  const access = existsSync(loaded.config.store.path) ? "read" : "copy";
  const store = await openSqlStore({ url: `sqlite:${loaded.config.store.path}`, access });
  try {
    const finding = await findFinding(store, subject.id);
    if (finding === undefined) {
      const lines = [
        `Nothing is known under ${subject.id}.`,
        "Name a finding's id, a ticket's key or an alert's fingerprint; `explain --rule R --labels name=value --at T` tells why a rule made no finding.",
      ];
      return { found: false, lines, data: null };
    }
    return await explainFinding(store, finding);
  } finally {
    await store.close();
  }
}

async function findFinding(store: Store, id: string): Promise<Finding | undefined> {
  const direct = await store.history.finding(id);
  if (direct !== undefined) return direct;
  const ticket = await store.tickets.byKey(id);
  if (ticket !== undefined) return store.history.finding(ticket.findingId);
  return store.history.findingByFingerprint(id);
}

async function explainFinding(store: Store, finding: Finding): Promise<Explanation> {
  const [events, ticket, outbox] = await Promise.all([
    store.history.events(finding.id),
    store.tickets.ofFinding(finding.id),
    store.history.outbox({ limit: 50, finding: finding.id }),
  ]);
  const { worst, episode, priority, decision } = finding;
  const { verdict } = worst;
  const measured = verdict.value === undefined ? "no value" : formatValue(verdict.value, "number");
  const limit =
    verdict.threshold === undefined
      ? ""
      : `, limit ${verdict.direction ?? "above"} ${formatValue(verdict.threshold, "number")}`;
  const others = finding.alertCount > 1 ? ` (and ${finding.alertCount - 1} more)` : "";
  const lines = [
    `Finding ${finding.id}: ${finding.title}`,
    `  observed   ${formatLabels(worst.labels)}: ${measured}${limit}, of ${verdict.events} events`,
    `  verdict    ${verdict.kind}${verdict.reason === undefined ? "" : ` (${verdict.reason})`}`,
    `  alert      ${worst.state} since ${formatInstant(worst.since)}, rule ${worst.ruleId}, fingerprint ${worst.fingerprint}${others}`,
    `  finding    ${finding.state}, episode since ${formatInstant(episode.startedAt)}, last bad ${formatInstant(episode.lastBreachAt)}, ${finding.pastEpisodes.length} before in 30 days`,
    `  priority   ${priority === undefined ? "not scored" : priorityLine(priority)}`,
    `  decision   ${decisionText(decision)} (${formatInstant(decision.at)})`,
    `  ticket     ${ticket === undefined ? "none" : ticketText(ticket)}`,
    "",
    "Timeline:",
    ...events.map((event) => `  ${formatInstant(event.at)}  ${event.kind.padEnd(8)}  ${event.text}`),
    ...outbox.items.flatMap((entry) =>
      entry.state === "done"
        ? []
        : [
            `  outbox ${entry.id}: ${entry.action.kind} is ${entry.state}${entry.note === undefined ? "" : `: ${entry.note}`}`,
          ],
    ),
  ];
  return { found: true, lines, data: { finding, ticket: ticket ?? null, events, outbox: outbox.items } };
}

/** What the next decision goes by. */
function ticketText({ ref, closed, gone, snoozedUntil, peoples = [] }: TicketRecord): string {
  const facts = [
    ...(gone === undefined ? [] : [`deleted or out of reach since ${formatInstant(gone.at)}`]),
    ...(closed === undefined ? [] : [`closed as ${closedWords[closed.as]} at ${formatInstant(closed.at)}`]),
    ...(snoozedUntil === undefined ? [] : [`snoozed until ${formatInstant(snoozedUntil)}`]),
    ...(peoples.length === 0 ? [] : [`a person's: ${peoples.join(", ")}`]),
  ];
  return [`${ref.key} ${ref.url}`, ...facts].join(", ");
}

const closedWords = { done: "done", wont_do: "not to be done", duplicate: "a duplicate" } as const;

async function explainRule(
  options: ExplainOptions,
  subject: Extract<ExplainSubject, { kind: "rule" }>,
): Promise<Explanation> {
  const { loaded, signal } = options;
  const { ruleId, labels, at } = subject;
  const { rows } = await runOnce({ loaded, at, ruleId, dryRun: true, logLevel: "silent", signal });
  const wanted = labelsKey(labels);
  const matching = rows.filter(
    (row) => row.rule === ruleId && (Object.keys(labels).length === 0 || labelsKey(row.labels) === wanted),
  );
  const lines =
    matching.length === 0
      ? [
          `Rule ${ruleId} said nothing of ${formatLabels(labels)} at ${formatInstant(at)}: the source had no such label set, and none is known.`,
        ]
      : matching.flatMap(ruleLines);
  return { found: matching.length > 0, lines, data: matching };
}

function ruleLines(row: RunLine): readonly string[] {
  return [
    `Rule ${row.rule}, ${formatLabels(row.labels)}, tick ${row.tick}:`,
    `  observed   ${row.value ?? "no value"}${row.threshold === null ? "" : `, limit ${row.threshold}`}`,
    `  verdict    ${row.verdict}`,
    `  alert      ${row.state}`,
    `  priority   ${row.score === null ? "not scored" : `${row.score}/100 ${row.band}`}`,
    `  decision   ${row.outcome}: ${row.reason}`,
    `  ticket     ${row.ticket ?? "none"}`,
  ];
}
