import { existsSync } from "node:fs";
import type { ServiceConfig } from "../config/types.ts";
import type { Usual } from "../model/baseline.ts";
import type { SuspectDeploys } from "../model/deploy.ts";
import { type Finding, recentEpisodes } from "../model/finding.ts";
import { formatValue } from "../model/format.ts";
import { formatLabels, type Labels, labelsKey } from "../model/labels.ts";
import { isShare, type Measure } from "../model/query.ts";
import { raisedText } from "../model/raised-alert.ts";
import type { TicketRecord } from "../model/ticket.ts";
import { formatInstant } from "../model/time.ts";
import { usualText } from "../model/usual-text.ts";
import type { BurnSeen, Verdict } from "../model/verdict.ts";
import { openSqlStore } from "../store/sql/open-sql-store.ts";
import type { Store } from "../store/store.ts";
import { formatDuration } from "../support/duration.ts";
import { silentLogger } from "../support/logging.ts";
import { suspectLines } from "../triage/describe-deploys.ts";
import { priorityLine } from "../triage/score.ts";
import { whereText } from "../triage/story.ts";
import { withAlertsRule } from "./alerts-rule.ts";
import { decisionText } from "./finding-events.ts";
import type { RunLine } from "./lines.ts";
import type { LoadedRules } from "./load-rules.ts";
import type { TickLine } from "./outcomes.ts";
import { type RunReport, runOnce } from "./run.ts";
import { suspectsOfStored } from "./suspects.ts";

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
    const context = { store, logger: silentLogger, redact: (text: string) => text };
    const rules = withAlertsRule(loaded.config, loaded.catalogue.current().rules);
    const deploys = await suspectsOfStored(finding, rules, context);
    return await explainFinding(store, finding, deploys);
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

async function explainFinding(
  store: Store,
  finding: Finding,
  deploys: SuspectDeploys | undefined,
): Promise<Explanation> {
  const [events, ticket, outbox] = await Promise.all([
    store.history.events(finding.id),
    store.tickets.ofFinding(finding.id),
    store.history.outbox({ limit: 50, finding: finding.id }),
  ]);
  const { worst, episode, priority, decision } = finding;
  const { verdict } = worst;
  const others = finding.alertCount > 1 ? ` (and ${finding.alertCount - 1} more)` : "";
  const lines = [
    `Finding ${finding.id}: ${finding.title}`,
    `  observed   ${whereText(worst)}: ${observedText(verdict)}`,
    `  verdict    ${verdictText(verdict)}`,
    `  alert      ${worst.state} since ${formatInstant(worst.since)}, rule ${worst.ruleId}, fingerprint ${worst.fingerprint}${others}`,
    `  finding    ${finding.state}, episode since ${formatInstant(episode.startedAt)}, last bad ${formatInstant(episode.lastBreachAt)}, ${recentEpisodes(finding) - 1} before in 30 days`,
    `  priority   ${priority === undefined ? "not scored" : priorityLine(priority)}`,
    `  decision   ${decisionText(decision)} (${formatInstant(decision.at)})`,
    `  ticket     ${ticket === undefined ? "none" : ticketText(ticket)}`,
    ...explainsLines(finding),
    ...(deploys === undefined ? [] : suspectLines(deploys).map((line) => `  deploy     ${line}`)),
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
  return {
    found: true,
    lines,
    data: { finding, ticket: ticket ?? null, deploys: deploys ?? null, events, outbox: outbox.items },
  };
}

/** Findings that have no ticket of their own meanwhile, each with the id to ask for. */
function explainsLines({ explains }: Finding): readonly string[] {
  if (explains === undefined) return [];
  const { count, findings } = explains;
  const more = count > findings.length ? [`             and ${count - findings.length} more`] : [];
  return [
    `  explains   ${count} other ${count === 1 ? "finding" : "findings"}:`,
    ...findings.map(({ id, title }) => `             ${id} ${title}`),
    ...more,
  ];
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
  const judgedUpTo = await watermarkOf(loaded.config.store.path, ruleId);
  const { rows, judged, unjudged } = await runOnce({ loaded, at, ruleId, dryRun: true, logLevel: "silent", signal });
  const wanted = labelsKey(labels);
  const matching = rows.flatMap((row, position) => {
    const line = judged[position];
    const named = Object.keys(labels).length === 0 || labelsKey(row.labels) === wanted;
    return line !== undefined && row.rule === ruleId && named ? [{ row, line }] : [];
  });
  const lines =
    matching.length === 0
      ? [`Rule ${ruleId} said nothing of ${formatLabels(labels)} at ${formatInstant(at)}: ${silenceText(unjudged)}.`]
      : matching.flatMap(({ row, line }) => ruleLines(row, line));
  if (matching.length > 0 && judgedUpTo !== undefined && at <= judgedUpTo) {
    lines.push(
      `This rule is judged up to ${formatInstant(judgedUpTo)}: alert, priority and decision go by the state as it is now. What was decided then is in the timeline of \`explain ID\`.`,
    );
  }
  return { found: matching.length > 0, lines, data: matching.map(({ row }) => row) };
}

/** Why nothing is said of a label set: nobody knows what a question that failed would have shown. */
function silenceText(unjudged: RunReport["unjudged"]): string {
  const failure = unjudged.at(-1)?.failure;
  if (failure === undefined) return "the source had no such label set, and none is known";
  return `the rule could not be judged (${failure.code}: ${failure.message})`;
}

/** Up to which tick a rule is judged, in milliseconds; undefined where there is no store, or nothing of it. */
async function watermarkOf(path: string, ruleId: string): Promise<number | undefined> {
  if (!existsSync(path)) return undefined;
  const store = await openSqlStore({ url: `sqlite:${path}`, access: "read" });
  try {
    return (await store.state.ruleStates()).get(ruleId)?.watermark;
  } finally {
    await store.close();
  }
}

function ruleLines(row: RunLine, { rule, evaluation: { verdict }, finding }: TickLine): readonly string[] {
  const { priority, decision } = finding ?? {};
  const because = decision?.reason === row.reason ? decision.because : undefined;
  return [
    `Rule ${row.rule}, ${formatLabels(row.labels)}, tick ${row.tick}:`,
    `  observed   ${observedText(verdict)}`,
    ...(isBeyondReach(verdict, rule.signal.measure)
      ? [
          "             so low it never is: a longer window, fewer `deviations` or a shorter `season` bring the limit over 0",
        ]
      : []),
    `  verdict    ${verdictText(verdict)}`,
    `  alert      ${row.state}`,
    `  priority   ${priority === undefined ? "not scored" : priorityLine(priority)}`,
    `  decision   ${row.outcome}: ${row.reason}${because === undefined ? "" : `: ${because}`}`,
    `  ticket     ${row.ticket ?? "none"}`,
  ];
}

function observedText({ kind, value, threshold, direction, reference, usual, events, burn, raised }: Verdict): string {
  if (raised !== undefined)
    return [...(value === undefined ? [] : [`${value} firing`]), raisedText(raised, kind !== "no_data")].join(", ");
  const number = (given: number) => formatValue(given, burn === undefined ? "number" : "times");
  return [
    value === undefined ? "no value" : number(value),
    ...(threshold === undefined ? [] : [`limit ${direction ?? "above"} ${number(threshold)}`]),
    ...(reference === undefined ? [] : [`was ${number(reference)} before`]),
    ...(burn === undefined ? [] : [burnText(burn)]),
    ...(usual === undefined ? [] : [`${usualText(usual, value, "number")} (${knownText(usual)})`]),
    `of ${formatValue(events, "number")} events`,
  ].join(", ");
}

/** A lower limit under 0, of a number that never is: small counts vary so much that even none of them is near to usual. */
function isBeyondReach({ usual, direction, threshold }: Verdict, measure: Measure): boolean {
  const isNeverNegative =
    isShare(measure) || measure.kind === "count" || measure.kind === "rate" || measure.kind === "unique";
  return usual !== undefined && direction === "below" && (threshold ?? 0) < 0 && isNeverNegative;
}

/** `of 20 values of the week`: what is compared with, also where that is a shorter season than the rule's. */
function knownText({ season, values }: Usual): string {
  return `of ${values} values ${season === "none" ? "at any time" : `at this time of the ${season}`}`;
}

/** `20x over 1 h, 500x over 5 min`: the slower one is the value. */
function burnText({ longMs, shortMs, long, short }: BurnSeen): string {
  return [
    `${formatValue(long, "times")} over ${formatDuration(longMs)}`,
    `${formatValue(short, "times")} over ${formatDuration(shortMs)}`,
  ].join(", ");
}

function verdictText({ kind, reason, detail }: Verdict): string {
  const why = [reason, detail].filter((part) => part !== undefined).join(": ");
  return why === "" ? kind : `${kind} (${why})`;
}
