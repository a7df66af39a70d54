import { formatLabels, type Labels, labelsKey } from "../../model/labels.ts";
import type { Rule } from "../../model/rule.ts";
import type { ExpectedAlert, ExpectedTicket, RuleTest, TestPlace } from "../../rules/read-test-file.ts";
import { priorityLine } from "../../triage/score.ts";
import type { TicketDecided } from "../offline/offline-run.ts";
import type { RuleTestRun } from "./run-rule-test.ts";

/** What was, or was to be, done with one ticket. */
export interface TicketLine {
  /** When, in milliseconds since the start; undefined for what was expected. */
  readonly afterMs?: number;
  readonly action: string;
  readonly reason?: string;
  readonly rule?: string;
  readonly labels?: Labels;
  readonly priority?: string;
  readonly score?: number;
  readonly severity?: string;
  readonly owner?: string;
  readonly project?: string;
  readonly summary?: string;
  /** Of what was done: the score with its parts. */
  readonly because?: string;
}

/** One thing that is not as expected. */
export type Difference =
  | { readonly kind: "missing"; readonly expected: TicketLine }
  | { readonly kind: "unexpected"; readonly actual: TicketLine }
  | {
      readonly kind: "other";
      readonly expected: TicketLine;
      readonly actual: TicketLine;
      /** Names of the members that differ. */
      readonly members: readonly string[];
    }
  | {
      readonly kind: "alert";
      readonly rule: string;
      readonly labels: Labels;
      /** Undefined: inactive. */
      readonly expected: string | undefined;
      readonly actual: string | undefined;
    };

/** What is not as one expectation has it; `afterMs` undefined: after the last one, where nothing is to happen. */
export interface Mismatch {
  readonly afterMs: number | undefined;
  readonly place: TestPlace;
  readonly differences: readonly Difference[];
}

/** What of a run is not as the test expects. Pure. */
export function compareRun(test: RuleTest, run: RuleTestRun): readonly Mismatch[] {
  const mismatches: Mismatch[] = [];
  let after = Number.NEGATIVE_INFINITY;
  for (const expectation of test.expect) {
    const at = test.start + expectation.afterMs;
    const decided = run.tickets.filter((ticket) => ticket.at > after && ticket.at <= at);
    const differences = [
      ...(expectation.tickets === undefined ? [] : compareTickets(test, expectation.tickets, decided)),
      ...(expectation.alerts === undefined ? [] : compareAlerts(expectation.alerts, alertsAt(run, at))),
    ];
    if (differences.length > 0) {
      mismatches.push({ afterMs: expectation.afterMs, place: expectation.place, differences });
    }
    after = at;
  }
  const rest = run.tickets.filter((ticket) => ticket.at > after);
  if (rest.length > 0) {
    const differences = rest.map((ticket): Difference => ({ kind: "unexpected", actual: lineOf(test, ticket) }));
    mismatches.push({ afterMs: undefined, place: test.expect.at(-1)?.place ?? test.place, differences });
  }
  return mismatches;
}

/** In the order of time; what is done at one tick may be expected in any order. */
function compareTickets(
  test: RuleTest,
  expected: readonly ExpectedTicket[],
  decided: readonly TicketDecided[],
): readonly Difference[] {
  const actual = decided.map((ticket) => lineOf(test, ticket));
  const pairs = new Map<number, number>();
  const taken = new Set<number>();
  // Whole matches first, so that one that is missing does not set all others against the wrong one.
  for (const [position, line] of actual.entries()) {
    const least = Math.max(-1, ...[...pairs].filter(([, at]) => isBefore(actual[at], line)).map(([index]) => index));
    const found = expected.findIndex(
      (each, index) => index > least && !taken.has(index) && membersApart(each, line).length === 0,
    );
    if (found < 0) continue;
    taken.add(found);
    pairs.set(found, position);
  }
  const matched = new Set(pairs.values());
  const left = actual.filter((_, position) => !matched.has(position));
  const differences: Difference[] = [];
  for (const [index, each] of expected.entries()) {
    if (taken.has(index)) continue;
    const other = takeAlike(each, left);
    const line: TicketLine = each as TicketLine;
    if (other === undefined) differences.push({ kind: "missing", expected: line });
    else differences.push({ kind: "other", expected: line, actual: other, members: membersApart(each, other) });
  }
  return [...differences, ...left.map((line): Difference => ({ kind: "unexpected", actual: line }))];
}

function isBefore(one: TicketLine | undefined, other: TicketLine): boolean {
  return (one?.afterMs ?? 0) < (other.afterMs ?? 0);
}

/** The first of the same action and label set, else of the same action, else any: taken out of the list. */
function takeAlike(expected: ExpectedTicket, left: TicketLine[]): TicketLine | undefined {
  const likeness = (line: TicketLine) => {
    const apart = membersApart(expected, line);
    return (apart.includes("action") ? 100 : 0) + (apart.includes("labels") ? 10 : 0) + apart.length;
  };
  const [best] = [...left].sort((a, b) => likeness(a) - likeness(b));
  // Another action on another label set is another matter altogether.
  if (best === undefined || likeness(best) >= 110) return undefined;
  left.splice(left.indexOf(best), 1);
  return best;
}

const members = [
  "action",
  "reason",
  "rule",
  "labels",
  "priority",
  "score",
  "severity",
  "owner",
  "project",
  "summary",
] as const;

function membersApart(expected: ExpectedTicket, actual: TicketLine): readonly string[] {
  return members.filter((name) => {
    const wanted = expected[name];
    if (wanted === undefined) return false;
    if (name === "labels") return labelsKey(expected.labels ?? {}) !== labelsKey(actual.labels ?? {});
    return wanted !== actual[name];
  });
}

function lineOf(test: RuleTest, { at, finding, project }: TicketDecided): TicketLine {
  const { decision, priority, worst } = finding;
  return {
    afterMs: at - test.start,
    action: decision.action,
    reason: decision.reason,
    rule: worst.ruleId,
    labels: finding.groupLabels,
    ...(priority === undefined
      ? {}
      : { priority: priority.band, score: priority.score, because: priorityLine(priority) }),
    severity: finding.severity,
    owner: finding.owner,
    ...(project === undefined ? {} : { project }),
    summary: finding.title,
  };
}

interface AlertAt {
  readonly rule: Rule;
  readonly labels: Labels;
  readonly state: string;
}

/** Every alert that is not inactive after the last tick up to an instant. */
function alertsAt({ ticks }: RuleTestRun, at: number): readonly AlertAt[] {
  const states = new Map<string, AlertAt>();
  for (const { tick, judged } of ticks) {
    if (tick > at) break;
    for (const { judgement } of judged) {
      for (const { labels, state } of judgement.evaluations) {
        const key = `${judgement.rule.id} ${labelsKey(labels)}`;
        if (state === "inactive") states.delete(key);
        else states.set(key, { rule: judgement.rule, labels, state });
      }
    }
  }
  return [...states.values()];
}

function compareAlerts(expected: readonly ExpectedAlert[], actual: readonly AlertAt[]): readonly Difference[] {
  const differences: Difference[] = [];
  const keyOf = (rule: string, labels: Labels) => `${rule} ${labelsKey(labels)}`;
  const left = new Map(actual.map((each) => [keyOf(each.rule.id, each.labels), each]));
  for (const { rule, labels, state } of expected) {
    const found = left.get(keyOf(rule, labels));
    left.delete(keyOf(rule, labels));
    if (found?.state !== state)
      differences.push({ kind: "alert", rule, labels, expected: state, actual: found?.state });
  }
  for (const { rule, labels, state } of left.values()) {
    differences.push({ kind: "alert", rule: rule.id, labels, expected: undefined, actual: state });
  }
  return differences;
}

/** `create new_finding, High, score 57, "checkout: …", service.name=checkout`: one line, not yet cleaned for a terminal. */
export function ticketText(line: TicketLine): string {
  const parts = [
    line.reason === undefined ? line.action : `${line.action} (${line.reason})`,
    line.priority,
    line.score === undefined ? undefined : `score ${line.score}`,
    line.summary === undefined ? undefined : JSON.stringify(line.summary),
    line.labels === undefined || Object.keys(line.labels).length === 0 ? undefined : formatLabels(line.labels),
  ];
  const others = (["rule", "severity", "owner", "project"] as const).flatMap((name) =>
    line[name] === undefined || line.afterMs !== undefined ? [] : [`${name} ${line[name]}`],
  );
  return [...parts, ...others].filter((part) => part !== undefined).join(", ");
}
