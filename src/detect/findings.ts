import type { Alert, EventSums } from "../model/alert.ts";
import { budgetSpentBy } from "../model/burn.ts";
import {
  type AlertSummary,
  type Finding,
  type FindingEpisode,
  freshMemory,
  isOngoing,
  type VanishedAlert,
} from "../model/finding.ts";
import { shortKey } from "../model/identity.ts";
import { labelsKey, pickLabels } from "../model/labels.ts";
import { limitsFor, type Mode, type Rule, type Severity, type Slo, severities, sloFor } from "../model/rule.ts";
import type { Evaluation } from "./judge.ts";
import { addSums } from "./lifecycle.ts";

const leastRememberedMs = 30 * 86_400_000;
const mostPastEpisodes = 100;
const mostOthersShown = 20;
const mostVanishedKept = 100;

/** What a tick did to a finding. */
export type FindingChange = "opened" | "came_back" | "goes_on" | "went_quiet";

export interface FindingStep {
  readonly finding: Finding;
  readonly before: Finding | undefined;
  readonly change: FindingChange;
  /** The rule of the worst alert. */
  readonly rule: Rule;
  /** The rules of the alerts that it shows, by the id in their summary. */
  readonly rules: ReadonlyMap<string, Rule>;
  /** Alerts of this finding that are firing or recovering now. */
  readonly alerts: readonly Alert[];
}

export interface FormRequest {
  readonly at: number;
  /** What this tick evaluated, of all rules. */
  readonly evaluations: readonly Evaluation[];
  /** Every alert that is not inactive and was not evaluated at this tick: rules of other schedules. */
  readonly otherAlerts: readonly Alert[];
  readonly findings: ReadonlyMap<string, Finding>;
  /**
   * By rule id. An alert whose rule is not there (a file that cannot be read) keeps its finding open and does not speak
   * for it.
   */
  readonly rules: ReadonlyMap<string, Rule>;
  readonly modeOf: (rule: Rule) => Mode;
  readonly titleOf: (rule: Rule, worst: AlertSummary, episode: FindingEpisode) => string;
}

/** The group keys of alerts that a tick touched: what to load from the store before forming findings. */
export function touchedGroups(evaluations: readonly Evaluation[]): readonly string[] {
  const keys = new Set<string>();
  for (const { alert, ended } of evaluations) {
    const touched = alert ?? ended;
    if (touched !== undefined && touched.state !== "pending") keys.add(touched.groupKey);
  }
  return [...keys];
}

/**
 * Groups alerts into findings: one finding per group key, over its whole life. Pure. A finding is open while one of its
 * alerts is firing or recovering and quiet when none is; its episode runs from the first alert's to the last one's. What
 * its ticket makes of that state is triage's.
 */
export function formFindings(request: FormRequest): readonly FindingStep[] {
  const active = new Map<string, Alert[]>();
  const ended = new Map<string, Evaluation[]>();
  for (const evaluation of request.evaluations) {
    if (evaluation.alert !== undefined && isTold(evaluation.alert)) {
      append(active, evaluation.alert.groupKey, evaluation.alert);
    } else if (evaluation.ended !== undefined && isTold(evaluation.ended)) {
      append(ended, evaluation.ended.groupKey, evaluation);
    }
  }
  const touched = new Set([...active.keys(), ...ended.keys()]);
  // Each alert counts once, as this tick left it, whatever list it stands in too.
  const evaluated = new Set(request.evaluations.flatMap((each) => (each.alert ?? each.ended)?.fingerprint ?? []));
  for (const alert of request.otherAlerts) {
    if (!touched.has(alert.groupKey) || !isTold(alert) || evaluated.has(alert.fingerprint)) continue;
    evaluated.add(alert.fingerprint);
    append(active, alert.groupKey, alert);
  }
  const steps: FindingStep[] = [];
  for (const key of touched) {
    const step = formFinding(request, key, active.get(key) ?? [], ended.get(key) ?? []);
    if (step !== undefined) steps.push(step);
  }
  return steps;
}

/** Pending alerts are nobody's business yet. */
function isTold(alert: Alert): boolean {
  return alert.state === "firing" || alert.state === "recovering";
}

function formFinding(
  request: FormRequest,
  key: string,
  alerts: readonly Alert[],
  ended: readonly Evaluation[],
): FindingStep | undefined {
  const before = request.findings.get(key);
  if (alerts.length === 0) return before === undefined ? undefined : goQuiet(request, before, ended);
  const ranked = [...alerts].sort(worseFirst);
  const worstAlert = ranked.find((alert) => ruleOf(request.rules, alert) !== undefined);
  const rule = worstAlert === undefined ? undefined : ruleOf(request.rules, worstAlert);
  if (worstAlert === undefined || rule === undefined) return undefined;

  const goesOn = before !== undefined && isOngoing(before);
  const endedSums = sumOf(goesOn ? before.episode.endedSums : noEvents, ended);
  const sums = alerts.reduce((total, alert) => joinSums(total, alert.episode.sums), endedSums);
  const firstAlertAt = Math.min(...alerts.map((alert) => alert.episode.startedAt));
  // What was pending while the last episode ended has been bad for longer, but no two episodes overlap.
  const startedAt = goesOn
    ? Math.min(before.episode.startedAt, firstAlertAt)
    : Math.max(before?.episode.endedAt ?? firstAlertAt, firstAlertAt);
  const lastBreachAt = Math.max(
    ...alerts.map((alert) => alert.episode.lastBreachAt),
    ...(goesOn ? [before.episode.lastBreachAt] : []),
  );
  const slo = sloFor(rule, worstAlert.labels);
  const budgetBefore = goesOn
    ? before.episode.budgetBefore
    : spentBefore(rule, worstAlert, { at: request.at, startedAt, before: before?.episode });
  const episode: FindingEpisode = {
    startedAt,
    lastBreachAt,
    endedAt: undefined,
    ending: undefined,
    peak: worstAlert.episode.peak,
    sums,
    endedSums,
    ...budgetOf(slo, sums, lastBreachAt - startedAt, budgetBefore),
    ...vanishedOf(goesOn ? before.episode : undefined, ended, alerts),
  };
  const worst = summarise(worstAlert);
  const pastEpisodes =
    before === undefined ? [] : goesOn ? before.pastEpisodes : [before.episode, ...before.pastEpisodes];
  const base = before ?? newFinding(key, rule, worstAlert, request.at);
  const finding: Finding = {
    ...base,
    problem: rule.problem,
    // The same as ever, but for a finding of which only the ticket was recovered.
    groupLabels: pickLabels(worstAlert.labels, worstAlert.groupedBy ?? rule.group),
    state: "open",
    mode: request.modeOf(rule),
    owner: worstAlert.owner,
    severity: highest(alerts),
    ruleIds: [...new Set([...base.ruleIds, ...alerts.map((alert) => alert.ruleId)])].sort(),
    // With the value that was bad: a title that follows the recovery would name a problem that is none.
    title: goesOn && worst.verdict.kind !== "breached" ? base.title : request.titleOf(rule, worst, episode),
    changedAt: goesOn ? base.changedAt : request.at,
    worst,
    others: shownOthers(ranked.filter((alert) => alert !== worstAlert)).map(summarise),
    alertCount: alerts.length,
    flapping: alerts.some((alert) => alert.flapping),
    episode,
    pastEpisodes: rememberedEpisodes(pastEpisodes, request.at, slo),
  };
  const change = before === undefined ? "opened" : goesOn ? "goes_on" : "came_back";
  return { finding, before, change, rule, rules: rulesOf(request.rules, ranked), alerts };
}

/** The worst, and of each rule its worst, however many of another rule are worse. */
function shownOthers(ranked: readonly Alert[]): readonly Alert[] {
  if (ranked.length <= mostOthersShown) return ranked;
  const seen = new Set<string>();
  const firsts = ranked.filter(({ ruleIdentity }) => !seen.has(ruleIdentity) && seen.add(ruleIdentity));
  const shown = new Set([...firsts, ...ranked].slice(0, mostOthersShown));
  for (const alert of ranked) if (shown.size < mostOthersShown) shown.add(alert);
  return ranked.filter((alert) => shown.has(alert));
}

function rulesOf(rules: ReadonlyMap<string, Rule>, alerts: readonly Alert[]): ReadonlyMap<string, Rule> {
  const found = new Map<string, Rule>();
  for (const alert of alerts) {
    if (found.has(alert.ruleId)) continue;
    const rule = ruleOf(rules, alert);
    if (rule !== undefined) found.set(alert.ruleId, rule);
  }
  return found;
}

function goQuiet(request: FormRequest, before: Finding, ended: readonly Evaluation[]): FindingStep | undefined {
  if (!isOngoing(before)) return undefined;
  const rule = ruleOfEnded(request.rules, before, ended);
  if (rule === undefined) return undefined;
  const slo = sloFor(rule, before.worst.labels);
  const endedSums = sumOf(before.episode.endedSums, ended);
  const lastBreachAt = Math.max(
    before.episode.lastBreachAt,
    ...ended.map((each) => each.ended?.episode.lastBreachAt ?? 0),
  );
  const vanished = vanishedOf(before.episode, ended, []);
  const ruleChanged = ended.some(({ change }) => change === "rule_changed");
  const episode: FindingEpisode = {
    ...before.episode,
    ...vanished,
    lastBreachAt,
    endedAt: request.at,
    ending: ruleChanged ? "rule_changed" : vanished.vanished === undefined ? "recovered" : "vanished",
    sums: endedSums,
    endedSums,
    ...budgetOf(slo, endedSums, lastBreachAt - before.episode.startedAt, before.episode.budgetBefore),
  };
  const finding: Finding = {
    ...before,
    state: "quiet",
    changedAt: request.at,
    episode,
    alertCount: 0,
    flapping: false,
    others: [],
  };
  return { finding, before, change: "went_quiet", rule, rules: new Map([[before.worst.ruleId, rule]]), alerts: [] };
}

/**
 * The alerts of the episode that ceased to report, whenever that was: as long as one is not seen again, the episode
 * cannot end as recovered, since not seeing is not recovery.
 */
function vanishedOf(
  before: FindingEpisode | undefined,
  ended: readonly Evaluation[],
  alerts: readonly Alert[],
): Pick<FindingEpisode, "vanished"> {
  const now = ended.flatMap(({ change, ended: alert }) =>
    change === "vanished" && alert !== undefined ? [alert] : [],
  );
  const earlier = before?.vanished ?? [];
  if (earlier.length === 0 && now.length === 0) return {};
  const seen = new Set([...now, ...alerts].map(({ fingerprint }) => fingerprint));
  const vanished: readonly VanishedAlert[] = [
    ...earlier.filter(({ fingerprint }) => !seen.has(fingerprint)),
    ...now.map(({ fingerprint, ruleId, labels }) => ({ fingerprint, ruleId, labels })),
  ].slice(0, mostVanishedKept);
  return vanished.length === 0 ? {} : { vanished };
}

function newFinding(key: string, rule: Rule, worst: Alert, at: number): Finding {
  return {
    id: shortKey(key),
    groupKey: key,
    problem: rule.problem,
    groupLabels: pickLabels(worst.labels, worst.groupedBy ?? rule.group),
    generation: 1,
    state: "open",
    mode: rule.mode,
    owner: worst.owner,
    severity: worst.severity,
    ruleIds: [rule.id],
    title: "",
    openedAt: at,
    changedAt: at,
    worst: summarise(worst),
    others: [],
    alertCount: 1,
    flapping: false,
    episode: {
      startedAt: at,
      lastBreachAt: at,
      endedAt: undefined,
      ending: undefined,
      peak: undefined,
      sums: noEvents,
      endedSums: noEvents,
      budgetShare: undefined,
    },
    pastEpisodes: [],
    impact: undefined,
    priority: undefined,
    memory: freshMemory,
    decision: { action: "none", reason: "unchanged", at },
  };
}

const noEvents: EventSums = { bad: 0, total: 0 };

function sumOf(start: EventSums, ended: readonly Evaluation[]): EventSums {
  return ended.reduce((total, each) => joinSums(total, each.ended?.episode.sums ?? noEvents), start);
}

/** Where some alerts have a whole, only they make a share: a count beside a ratio has bad events of no whole. */
function joinSums(a: EventSums, b: EventSums): EventSums {
  if (a.total > 0 === b.total > 0) return addSums(a, b);
  return a.total > 0 ? a : b;
}

/** By id, or by identity when the rule was renamed since its alert was last evaluated. */
function ruleOf(rules: ReadonlyMap<string, Rule>, alert: Alert): Rule | undefined {
  const rule = rules.get(alert.ruleId);
  if (rule?.identity === alert.ruleIdentity) return rule;
  return [...rules.values()].find(({ identity }) => identity === alert.ruleIdentity);
}

/** The rule of the finding's worst alert, whatever it is called now; else that of another alert that just ended. */
function ruleOfEnded(
  rules: ReadonlyMap<string, Rule>,
  before: Finding,
  ended: readonly Evaluation[],
): Rule | undefined {
  const alerts = ended.flatMap((each) => each.ended ?? []);
  const worst = alerts.find(({ fingerprint }) => fingerprint === before.worst.fingerprint);
  for (const alert of worst === undefined ? alerts : [worst, ...alerts]) {
    const rule = ruleOf(rules, alert);
    if (rule !== undefined) return rule;
  }
  return rules.get(before.worst.ruleId);
}

/** burn x duration / period: PRIORITY.md, "How inputs are measured"; and what was spent before the first tick of it. */
function budgetOf(
  slo: Slo | undefined,
  sums: EventSums,
  durationMs: number,
  before: number | undefined,
): Pick<FindingEpisode, "budgetShare" | "budgetBefore"> {
  if (slo === undefined || sums.total === 0) return { budgetShare: undefined };
  const spent = budgetSpentBy(sums.bad / sums.total / (1 - slo.objective), durationMs, slo.periodMs);
  return before === undefined ? { budgetShare: spent } : { budgetShare: before + spent, budgetBefore: before };
}

/**
 * `burn` fires when its long window has spent enough: that is gone, although the episode only begins. Nothing where an
 * episode before reaches into that window, since it has counted its part.
 */
function spentBefore(
  rule: Rule,
  { labels, verdict: { burn } }: Alert,
  { at, startedAt, before }: { at: number; startedAt: number; before: FindingEpisode | undefined },
): number | undefined {
  const { when } = limitsFor(rule, labels);
  const slo = sloFor(rule, labels);
  if (when.form !== "burn" || slo === undefined || burn?.long === undefined) return undefined;
  if (before !== undefined && before.lastBreachAt > at - burn.longMs) return undefined;
  const share = burn.long * (1 - when.objective);
  return budgetSpentBy(share / (1 - slo.objective), Math.max(0, burn.longMs - (at - startedAt)), slo.periodMs);
}

function rememberedEpisodes(
  episodes: readonly FindingEpisode[],
  at: number,
  slo: Slo | undefined,
): readonly FindingEpisode[] {
  const rememberedMs = Math.max(leastRememberedMs, slo?.periodMs ?? 0);
  return episodes.filter((each) => at - (each.endedAt ?? at) <= rememberedMs).slice(0, mostPastEpisodes);
}

function summarise(alert: Alert): AlertSummary {
  return {
    fingerprint: alert.fingerprint,
    ruleId: alert.ruleId,
    labels: alert.labels,
    ...(alert.subject === undefined ? {} : { subject: alert.subject }),
    state: alert.state === "recovering" ? "recovering" : "firing",
    since: alert.episode.startedAt,
    verdict: alert.verdict,
    ...(alert.episode.peak === undefined ? {} : { peak: alert.episode.peak }),
  };
}

/** Severity, then firing before recovering, then how far past the threshold, then bad events, then labels: a total order. */
function worseFirst(a: Alert, b: Alert): number {
  return (
    severities.indexOf(b.severity) - severities.indexOf(a.severity) ||
    Number(b.state === "firing") - Number(a.state === "firing") ||
    excess(b) - excess(a) ||
    b.episode.sums.bad - a.episode.sums.bad ||
    (labelsKey(a.labels) < labelsKey(b.labels) ? -1 : labelsKey(a.labels) > labelsKey(b.labels) ? 1 : 0) ||
    (a.ruleId < b.ruleId ? -1 : 1)
  );
}

/** How many times past its threshold, so that rules with other units compare. 0 where there is none. */
function excess(alert: Alert): number {
  const { peak } = alert.episode;
  if (peak?.threshold === undefined || !Number.isFinite(peak.value)) return 0;
  // The side is the peak's own: the verdict of now may be of no side (failed, no data) or of the other.
  const [large, small] = peak.value < peak.threshold ? [peak.threshold, peak.value] : [peak.value, peak.threshold];
  return small > 0 ? large / small : large > 0 ? Number.MAX_VALUE : 0;
}

function highest(alerts: readonly Alert[]): Severity {
  return alerts.reduce<Severity>(
    (worst, { severity }) => (severities.indexOf(severity) > severities.indexOf(worst) ? severity : worst),
    "info",
  );
}

function append<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
