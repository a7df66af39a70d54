import type { Alert } from "../model/alert.ts";
import type { CapReached } from "../model/cap.ts";
import type { Decision, DecisionReason } from "../model/decision.ts";
import type { SuspectDeploys } from "../model/deploy.ts";
import type { AlertSummary, Finding } from "../model/finding.ts";
import type { MaintenanceOn } from "../model/maintenance.ts";
import type { OutboxEntry } from "../model/outbox.ts";
import type { Band, Priority } from "../model/priority.ts";
import type { Rule } from "../model/rule.ts";
import type { Silence } from "../model/silence.ts";
import type { TicketRecord } from "../model/ticket.ts";
import type { FindingCommit } from "../store/store.ts";
import { canonicalJson } from "../support/hashing.ts";
import { becauseOf } from "../triage/because.ts";
import { decide } from "../triage/decide.ts";
import { inhibitionGraceMs } from "../triage/decide-inhibited.ts";
import type { Decided, DecideInput, FindingEventKind, StormFacts } from "../triage/decided.ts";
import { suspectKeys, withDeployMarks } from "../triage/describe-deploys.ts";
import { evidenceRequest } from "../triage/evidence.ts";
import { fieldsOf } from "../triage/fields.ts";
import { intentsOf } from "../triage/intents.ts";
import { mutingOf } from "../triage/muting.ts";
import type { StormDigest } from "../triage/storm-digest.ts";
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

export interface TriageOne {
  readonly step: TriageStep;
  readonly finding: Finding;
  readonly priority: Priority;
  readonly at: number;
  readonly ticket: TicketRecord | undefined;
  readonly deploys: SuspectDeploys | undefined;
  readonly open: readonly OutboxEntry[];
  readonly silences: readonly Silence[];
  /** Maintenance that is on. */
  readonly windows: readonly MaintenanceOn[];
  readonly explaining: Explaining;
  readonly context: TickContext;
}

export interface TriageTogether {
  readonly budget: CreateBudget;
  /** What a storm means for it. */
  readonly storm: StormFacts | undefined;
  /** What it tells as the parent of a storm. */
  readonly digest: StormDigest | undefined;
  /** Since when it wishes for a new ticket. */
  readonly wishedAt: number | undefined;
}

/** Why it would get a new ticket now, were it alone and no cap set; undefined when it would not. */
export function wouldBeFiled(request: TriageOne): DecisionReason | undefined {
  const { action, reason } = decide({ ...inputOf(request), mayCreate: () => true }).decision;
  return action === "create" ? reason : undefined;
}

function inputOf(request: TriageOne): Omit<DecideInput, "mayCreate"> {
  const { step, finding, priority, at, ticket, deploys, open, silences, windows, explaining, context } = request;
  const muting = mutingOf({
    at,
    finding,
    before: step.before,
    band: priority.band,
    alerts: speakingAlerts(step),
    ruleOf: (id) => step.rules.get(id),
    silences,
    windows,
  });
  return {
    at,
    finding,
    change: step.change,
    priority,
    scale: context.scale,
    policy: step.rule.ticket,
    ticket,
    createParked: open.some((entry) => entry.findingId === finding.id && isParkedCreate(entry, finding)),
    muting,
    explainer: explaining.of(finding.groupKey),
    graceMs: inhibitionGraceMs(step.rule.signal.windowMs),
    newSuspects: suspectKeys(deploys).some((key) => finding.memory.suspectsTold?.includes(key) !== true),
  };
}

/** Decides one finding that is scored, and puts the decision into what is committed: memory, timeline, outbox. */
export function triageOne(request: TriageOne, together: TriageTogether): FindingCommit {
  const { step, finding, priority, at, ticket, deploys, context } = request;
  const { budget, storm, digest, wishedAt } = together;
  const { rule } = step;
  const { voice, instance } = context;
  const route = voice.routeOf(rule, finding);
  const { score } = priority;
  const reached = (band: Band) => budget.reached(route, { band, score });
  const input: DecideInput = { ...inputOf(request), mayCreate: (band) => reached(band) === undefined, storm };
  const decided = decide(input);
  const cap = decided.decision.reason === "over_cap" ? reached(priority.band) : undefined;
  if (decided.decision.action === "create") budget.spend(route);
  const page = voice.pageOf(finding.id);
  const story: Story = {
    instance,
    finding,
    rule,
    rules: step.rules,
    priority,
    at,
    page,
    ticket,
    deploys,
    stormParent: storm?.parent,
    storm: digest,
    silenceOver: input.muting.over,
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
    memory: {
      ...decided.memory,
      wishedAt: wishedAt ?? decided.memory.wishedAt,
      ...(wrote === undefined ? {} : { wrote, suspectsTold: suspectKeys(deploys), listed: digest?.hash }),
    },
    decision: decisionOf(input, decided, cap),
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

/** Waits that are looked at every minute: nothing is new while they last. */
const waits: ReadonlySet<DecisionReason> = new Set(["over_cap", "storm"]);

function isSame(one: Decision, other: Decision): boolean {
  const isSaid = one.action === other.action && one.reason === other.reason;
  return isSaid && canonicalJson(one.cap) === canonicalJson(other.cap);
}

/** Where nothing moved and nothing is to be said, the last decision stands, unless it waits for what is over. */
function decisionOf(input: DecideInput, decided: Decided, cap: CapReached | undefined): Finding["decision"] {
  const { decision } = decided;
  const last = input.finding.decision;
  const isOver = last.action === "none" && waitsForTicket.has(last.reason);
  const stands =
    decision.reason === "unchanged"
      ? !isOver
      : waits.has(decision.reason) && isSame({ ...decision, ...(cap && { cap }) }, last);
  if (input.change === "attended" && decision.action === "none" && stands) return last;
  const because = becauseOf(input, decided, cap);
  return {
    ...decision,
    ...(because === undefined ? {} : { because }),
    ...(cap === undefined ? {} : { cap }),
    at: input.at,
  };
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
