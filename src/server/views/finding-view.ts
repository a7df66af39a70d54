import { z } from "zod";
import { seasons, type Usual } from "../../model/baseline.ts";
import { actions, decisionReasons } from "../../model/decision.ts";
import {
  type AlertSummary,
  type Finding,
  type FindingEpisode,
  type FindingEvent,
  findingStates,
  recentEpisodes,
} from "../../model/finding.ts";
import { bands, type Priority } from "../../model/priority.ts";
import { alertSenders, type RaisedWords } from "../../model/raised-alert.ts";
import { modes, severities } from "../../model/rule.ts";
import type { StormMembership } from "../../model/storm.ts";
import type { TicketRecord } from "../../model/ticket.ts";
import { type Verdict, type VerdictReason, verdictKinds } from "../../model/verdict.ts";
import { finite, instant, labels } from "./common.ts";
import { ticketLinkView, viewTicketLink } from "./ticket-view.ts";

/** A reason that is new in the model does not compile here. */
const verdictReasons = [
  "below_floor",
  "no_reference",
  "too_little_history",
  "nothing_reported",
  "no_data_is_breach",
  "no_data_is_clear",
  "first_seen",
  "known",
  "stale",
  "vanished",
  "query_failed",
] as const satisfies readonly VerdictReason[];

const raisedView = z
  .object({
    sender: z.enum(alertSenders),
    since: instant,
    until: instant.optional().meta({ description: "When its sender said that it is resolved." }),
    heardAt: instant.meta({ description: "When its sender spoke of it last." }),
    summary: z.string().optional(),
    description: z.string().optional(),
    values: z.string().optional(),
    runbook: z.string().optional(),
    expression: z.string().optional().meta({ description: "The PromQL behind it, where it is known." }),
    links: z.array(z.object({ text: z.string(), url: z.string() })),
    leftOut: z.number().meta({ description: "Alerts of its group that the sender left out (max_alerts)." }),
  })
  .meta({ description: "Of an alert that another system raises: what that says of it." });

const verdictView = z.object({
  kind: z.enum(verdictKinds),
  reason: z.enum(verdictReasons).optional(),
  value: z.number().optional(),
  threshold: z.number().optional(),
  direction: z.enum(["above", "below"]).optional(),
  reference: z.number().optional(),
  usual: z
    .object({
      median: z.number(),
      deviation: z.number().meta({ description: "Robust standard deviation: 1.4826 x MAD." }),
      low: z.number(),
      high: z.number(),
      season: z.enum(seasons),
      time: z.string().optional().meta({ description: "Which time of the season, for people." }),
      values: z.number().meta({ description: "How many values it is of." }),
    })
    .optional()
    .meta({ description: "For `baseline`: what the value was compared with." }),
  events: z.number(),
  badEvents: z.number().optional(),
  burn: z
    .object({
      longMs: z.number(),
      shortMs: z.number(),
      long: z.number().optional(),
      short: z.number().optional(),
      badEvents: z.number().meta({ description: "In the long window." }),
    })
    .optional()
    .meta({ description: "Of a budget: the tier that value and threshold are of, and the burn rates of its windows." }),
  detail: z.string().optional(),
  raised: raisedView.optional(),
});

const alertView = z.object({
  fingerprint: z.string(),
  ruleId: z.string(),
  labels,
  subject: z
    .string()
    .optional()
    .meta({ description: "What the labels stand for: the template of a log message pattern." }),
  state: z.enum(["firing", "recovering"]),
  since: instant,
  verdict: verdictView,
});

const episodeView = z.object({
  startedAt: instant,
  lastBreachAt: instant,
  endedAt: instant.optional(),
  ending: z.enum(["recovered", "vanished", "rule_changed"]).optional(),
  peak: z.object({ at: instant, value: z.number(), threshold: z.number().optional() }).optional(),
  sums: z.object({ bad: z.number(), total: z.number() }),
  budgetShare: z.number().optional(),
});

const episodeCount = z.number().meta({ description: "This episode and those of the last 30 days." });

const priorityView = z.object({
  score: z.number(),
  band: z.enum(bands),
  parts: z.array(
    z.object({
      name: z.enum(["severity", "reach", "duration", "budget", "recurrence", "trend"]),
      points: z.number(),
      text: z.string(),
      measured: z.boolean(),
    }),
  ),
  adjustment: z.object({ kind: z.enum(["floor", "cap"]), band: z.enum(bands), text: z.string() }).optional(),
});

const decided = { action: z.enum(actions), reason: z.enum(decisionReasons) };
const because = z.string().meta({ description: "One sentence, where the reason alone does not say it." });
const capView = z
  .object({
    cap: z.enum(["run", "day", "project"]),
    limit: z.number(),
    project: z.string(),
    freesAt: instant.optional().meta({ description: "No place frees before; left out where the next run has one." }),
    kept: z.boolean().meta({ description: "A place is free, and kept for what waits with a higher score." }),
  })
  .meta({ description: "For `over_cap`: the limit on new tickets that it waits for." });
const decisionView = z.object({
  ...decided,
  because: because.optional(),
  cap: capView.optional(),
  would: z.object(decided).optional(),
  at: instant,
});

const impactView = z.object({
  askedAt: instant,
  usersBad: z.number().optional(),
  usersTotal: z.number().optional(),
  usersAsked: z.boolean().optional().meta({ description: "False: its rule names no users that could be counted." }),
  trend: z.union([z.number(), z.literal("from_zero")]).optional(),
});

const shared = {
  id: z.string(),
  title: z.string(),
  problem: z.string(),
  groupLabels: labels,
  generation: z.number(),
  state: z.enum(findingStates),
  mode: z.enum(modes),
  owner: z.string(),
  severity: z.enum(severities),
  ruleIds: z.array(z.string()),
  openedAt: instant,
  changedAt: instant,
  worst: alertView,
  alertCount: z.number(),
  episode: episodeView,
  flapping: z.boolean(),
  impact: impactView.optional(),
  decision: decisionView,
  storm: z
    .object({ id: z.string(), parentId: z.string(), child: z.boolean() })
    .optional()
    .meta({ description: "The storm that it is part of; `parentId` is the finding whose ticket tells of it." }),
};

export const waitingView = z.object({
  overCap: z.number().meta({ description: "They wait until the limit on new tickets allows theirs." }),
  storm: z.number().meta({ description: "They are told on the ticket of a storm." }),
});

/** One row of the list. */
export const findingSummaryView = z.object({
  ...shared,
  score: z.number().optional(),
  band: z.enum(bands).optional(),
  reach: z
    .string()
    .optional()
    .meta({ description: "What the priority took as reach, such as `120 events`; left out when it was not measured." }),
  episodeCount,
  ticket: ticketLinkView.optional(),
});
export type FindingSummaryView = z.infer<typeof findingSummaryView>;

export const findingView = z.object({
  ...shared,
  groupKey: z.string(),
  others: z.array(alertView),
  pastEpisodes: z.array(episodeView),
  episodeCount,
  priority: priorityView.optional(),
  explains: z
    .object({ count: z.number(), findings: z.array(z.object({ id: z.string(), title: z.string() })) })
    .optional()
    .meta({ description: "Findings that get no ticket while this one lasts: all are counted, at most 20 named." }),
  explainedBy: z
    .object({ findingId: z.string(), title: z.string(), ticketKey: z.string().optional(), since: instant })
    .optional()
    .meta({ description: "What explains it now, or did until shortly: it is told of that, and not of this." }),
});
export type FindingView = z.infer<typeof findingView>;

export const findingEventView = z.object({
  at: instant,
  kind: z.enum(["state", "decision", "delivery", "priority", "operator", "ticket"]),
  code: z.string(),
  text: z.string(),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});

export function viewFindingSummary(finding: Finding, ticket: TicketRecord | undefined): FindingSummaryView {
  return {
    ...viewShared(finding),
    score: finding.priority?.score,
    band: finding.priority?.band,
    reach: reachOf(finding.priority),
    episodeCount: recentEpisodes(finding),
    ticket: ticket && viewTicketLink(ticket),
  };
}

/** The words of the priority's part, without its name. */
function reachOf(priority: Finding["priority"]): string | undefined {
  const part = priority?.parts.find(({ name }) => name === "reach");
  return part?.measured === true ? part.text.replace(/^reach /, "") : undefined;
}

export function viewFinding(finding: Finding): FindingView {
  return {
    ...viewShared(finding),
    groupKey: finding.groupKey,
    others: finding.others.map(viewAlert),
    pastEpisodes: finding.pastEpisodes.map(viewEpisode),
    episodeCount: recentEpisodes(finding),
    priority: finding.priority && viewPriority(finding.priority),
    explains: finding.explains && {
      count: finding.explains.count,
      findings: finding.explains.findings.map(({ id, title }) => ({ id, title })),
    },
    explainedBy: explainedBy(finding),
  };
}

function explainedBy({ decision, memory: { inhibition } }: Finding) {
  if (decision.reason !== "inhibited" || inhibition === undefined) return undefined;
  const { findingId, title, ticketKey, since } = inhibition.by;
  return { findingId, title, ticketKey, since };
}

export function viewFindingEvent({ at, kind, code, text, facts }: FindingEvent): z.infer<typeof findingEventView> {
  return { at, kind, code, text, ...(facts === undefined ? {} : { facts: { ...facts } }) };
}

/** Member by member, so that nothing new in the model goes out before somebody decides that it should. */
function viewShared(finding: Finding) {
  const { impact, decision } = finding;
  return {
    id: finding.id,
    title: finding.title,
    problem: finding.problem,
    groupLabels: { ...finding.groupLabels },
    generation: finding.generation,
    state: finding.state,
    mode: finding.mode,
    owner: finding.owner,
    severity: finding.severity,
    ruleIds: [...finding.ruleIds],
    openedAt: finding.openedAt,
    changedAt: finding.changedAt,
    worst: viewAlert(finding.worst),
    alertCount: finding.alertCount,
    episode: viewEpisode(finding.episode),
    flapping: finding.flapping,
    storm: finding.memory.storm && stormOf(finding.memory.storm),
    impact: impact && {
      askedAt: impact.askedAt,
      usersBad: finite(impact.usersBad),
      usersTotal: finite(impact.usersTotal),
      usersAsked: impact.usersAsked,
      trend: impact.trend === "from_zero" ? impact.trend : finite(impact.trend),
    },
    decision: {
      action: decision.action,
      reason: decision.reason,
      because: decision.because,
      cap: decision.cap && { ...decision.cap },
      would: decision.would && { action: decision.would.action, reason: decision.would.reason },
      at: decision.at,
    },
  };
}

function stormOf({ id, parentId, child }: StormMembership) {
  return { id, parentId, child };
}

function viewAlert({ fingerprint, ruleId, labels, subject, state, since, verdict }: AlertSummary) {
  return { fingerprint, ruleId, labels: { ...labels }, subject, state, since, verdict: viewVerdict(verdict) };
}

function viewVerdict(verdict: Verdict) {
  const { kind, reason, direction, usual, events, badEvents, burn, detail } = verdict;
  return {
    kind,
    reason,
    value: finite(verdict.value),
    threshold: finite(verdict.threshold),
    direction,
    reference: finite(verdict.reference),
    usual: usual && viewUsual(usual),
    events,
    badEvents,
    burn: burn && { ...burn },
    detail,
    raised: verdict.raised && viewRaised(verdict.raised),
  };
}

function viewRaised(words: RaisedWords) {
  const { sender, since, until, heardAt, summary, description, values, runbook, expression, links, leftOut } = words;
  const texts = { summary, description, values, runbook, expression };
  return { sender, since, until, heardAt, ...texts, links: links.map(({ text, url }) => ({ text, url })), leftOut };
}

function viewUsual({ median, deviation, low, high, season, time, values }: Usual) {
  return { median, deviation, low, high, season, time, values };
}

function viewEpisode({ startedAt, lastBreachAt, endedAt, ending, peak, sums, budgetShare }: FindingEpisode) {
  const value = finite(peak?.value);
  return {
    startedAt,
    lastBreachAt,
    endedAt,
    ending,
    peak: peak && value !== undefined ? { at: peak.at, value, threshold: finite(peak.threshold) } : undefined,
    sums: { bad: sums.bad, total: sums.total },
    budgetShare: finite(budgetShare),
  };
}

function viewPriority({ score, band, parts, adjustment }: Priority) {
  return {
    score,
    band,
    parts: parts.map(({ name, points, text, measured }) => ({ name, points, text, measured })),
    adjustment: adjustment && { kind: adjustment.kind, band: adjustment.band, text: adjustment.text },
  };
}
