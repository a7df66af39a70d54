import type { Alert } from "../model/alert.ts";
import type { DecisionReason } from "../model/decision.ts";
import type { SuspectDeploys } from "../model/deploy.ts";
import type { AlertSummary, Finding } from "../model/finding.ts";
import type { OutboxEntry } from "../model/outbox.ts";
import type { Priority } from "../model/priority.ts";
import type { Rule } from "../model/rule.ts";
import { areSilenced, type Silence } from "../model/silence.ts";
import type { TicketRecord } from "../model/ticket.ts";
import type { FindingCommit } from "../store/store.ts";
import { becauseOf } from "../triage/because.ts";
import { decide } from "../triage/decide.ts";
import { inhibitionGraceMs } from "../triage/decide-inhibited.ts";
import type { Decided, DecideInput, FindingEventKind } from "../triage/decided.ts";
import { suspectKeys, withDeployMarks } from "../triage/describe-deploys.ts";
import { evidenceRequest } from "../triage/evidence.ts";
import { fieldsOf } from "../triage/fields.ts";
import { intentsOf } from "../triage/intents.ts";
import type { Story } from "../triage/story.ts";
import type { TickContext } from "./context.ts";
import type { CreateBudget } from "./create-budget.ts";
import { evidenceSubjects } from "./evidence-subjects.ts";
import type { Explaining } from "./explaining.ts";
import { eventsOf } from "./finding-events.ts";
import { redactAction } from "./redaction.ts";

/** A finding to be decided, as detect formed it or as it is stored. */
export interface TriageStep {
  readonly finding: Finding;
  readonly before: Finding | undefined;
  readonly change: FindingEventKind;
  /** The rule of the worst alert. */
  readonly rule: Rule;
  /** The rules of the alerts that it shows, by the id in their summary. */
  readonly rules: ReadonlyMap<string, Rule>;
  /** Its alerts that are firing or recovering now; of an attended one they are not asked for. */
  readonly alerts: readonly Alert[];
}

interface TriageOne {
  readonly step: TriageStep;
  readonly finding: Finding;
  readonly priority: Priority;
  readonly at: number;
  readonly ticket: TicketRecord | undefined;
  readonly deploys: SuspectDeploys | undefined;
  readonly open: readonly OutboxEntry[];
  readonly silences: readonly Silence[];
  readonly explaining: Explaining;
  readonly budget: CreateBudget;
  readonly context: TickContext;
}

/** Decides one finding that is scored, and puts the decision into what is committed: memory, timeline, outbox. */
export function triageOne(request: TriageOne): FindingCommit {
  const { step, finding, priority, at, ticket, deploys, open, silences, explaining, budget, context } = request;
  const { rule } = step;
  const { voice, instance } = context;
  const route = voice.routeOf(rule, finding);
  const input: DecideInput = {
    at,
    finding,
    change: step.change,
    priority,
    scale: context.scale,
    policy: rule.ticket,
    ticket,
    createParked: open.some((entry) => entry.findingId === finding.id && isParkedCreate(entry, finding)),
    silenced: areSilenced(speakingAlerts(step), silences),
    explainer: explaining.of(finding.groupKey),
    graceMs: inhibitionGraceMs(rule.signal.windowMs),
    mayCreate: (band) => budget.allows(route, band),
    newSuspects: suspectKeys(deploys).some((key) => finding.memory.suspectsTold?.includes(key) !== true),
  };
  const decided = decide(input);
  if (decided.decision.action === "create") budget.spend(route);
  const story: Story = {
    instance,
    finding,
    rule,
    rules: step.rules,
    priority,
    at,
    page: voice.pageOf(finding.id),
    ticket,
    deploys,
  };
  const intents = intentsOf(decided, story, {
    route,
    evidence: (only) =>
      withDeployMarks(
        evidenceRequest(finding, evidenceSubjects(finding, step.rules, at, context, only), at, only !== undefined),
        deploys,
      ),
  });
  const outbox = intents.map((draft) => ({ ...draft, action: redactAction(draft.action, context.redact) }));
  const wrote = decided.refreshSummary || decided.decision.action === "create" ? fieldsOf(finding, route) : undefined;
  const after: Finding = {
    ...finding,
    state: decided.state,
    generation: decided.generation,
    changedAt: decided.state === step.before?.state ? finding.changedAt : at,
    priority,
    memory: wrote === undefined ? decided.memory : { ...decided.memory, wrote, suspectsTold: suspectKeys(deploys) },
    decision: decisionOf(input, decided),
  };
  return { finding: after, events: eventsOf(step, after), outbox: context.dryRun ? [] : outbox };
}

/** Reasons to wait that a ticket gives: they end with what the ticket was. */
const waitsForTicket: ReadonlySet<DecisionReason> = new Set([
  "fixed",
  "suppressed",
  "done_grace",
  "snoozed",
  "awaiting_operator",
]);

/** Where nothing moved and nothing is to be said, the last decision stands, unless it waits for what is over. */
function decisionOf(input: DecideInput, decided: Decided): Finding["decision"] {
  const { decision } = decided;
  const last = input.finding.decision;
  const isOver = last.action === "none" && waitsForTicket.has(last.reason);
  if (input.change === "attended" && decision.action === "none" && decision.reason === "unchanged" && !isOver) {
    return last;
  }
  const because = becauseOf(input, decided);
  return { ...decision, ...(because === undefined ? {} : { because }), at: input.at };
}

/** Those that are the finding now: the worst and all that fire; when it went quiet, all that were in it before. */
export function speakingAlerts({ finding, before, alerts }: TriageStep): readonly (Alert | AlertSummary)[] {
  const { worst } = finding;
  if (alerts.length === 0) return [worst, ...(before?.others ?? [])];
  return alerts.filter(({ state, fingerprint }) => state === "firing" || fingerprint === worst.fingerprint);
}

function isParkedCreate(entry: OutboxEntry, { generation }: Finding): boolean {
  return entry.state === "parked" && entry.action.kind === "create" && entry.generation === generation;
}
