import { type DeployPolicy, defaultDeployWindowMs } from "../model/deploy.ts";
import type { Filter, Measure, Query, Scalar } from "../model/query.ts";
import { alertsProblem } from "../model/raised-alert.ts";
import {
  type BurnTier,
  defaultTicketPolicy,
  type InfraSignal,
  type Limits,
  type Override,
  type Rule,
  type TicketPolicy,
  ticketFields,
  type Until,
  type When,
} from "../model/rule.ts";
import { deepFreeze } from "../support/deep-freeze.ts";
import { day, minute } from "../support/duration.ts";
import { canonicalJson, sha256 } from "../support/hashing.ts";
import { percentage } from "../support/yaml/leaves.ts";
import { alertLabels } from "./alert-labels.ts";
import { isOfAlerts, isOfEachAlert } from "./alerts-checks.ts";
import { burnTierTables } from "./burn-tiers.ts";
import { parseMeasure } from "./measure.ts";
import { formOf, mergeUntil, mergeWhen } from "./merge.ts";
import { checkSchedule } from "./schedule-check.ts";
import { type BurnInput, keepForDefaultMs, type RuleInput, type UntilInput, type WhenInput } from "./schema.ts";

/** Applied where a rule and its file's defaults are silent (RULES.md section 1). */
export const ruleDefaults = {
  schedule: "* * * * *",
  timezone: "UTC",
  severity: "warning",
  owner: "default",
  mode: "file",
  noData: "keep",
  knownForMs: 7 * day,
  untilForMs: 10 * minute,
  maxGroups: 200,
  /** Of `new`: values that one question tells apart, patterns that are known. */
  maxKnown: 1_000,
  learnedFromMs: 14 * day,
  settleMs: day,
  samples: 5,
} as const;

/** What `baseline: {}` means. */
export const baselineDefaults = {
  historyMs: 28 * day,
  season: "week",
  deviations: 6,
  direction: "both",
  minChange: 0.1,
} as const;

/** As many as are remembered. */
const mostAlerts = 10_000;

/** Gives the model's rule of a checked input. Must only be called when checks found no fault. */
export function compileRule(input: RuleInput, location: { readonly file: string; readonly line: number }): Rule {
  const by = alertLabels(input);
  const measure = measureOf(input.signal, input.when);
  const limits = limitsOf(input, input.when, input.until ?? {}, {});
  const each = isOfEachAlert(input.signal);
  const query = signalQuery(input, measure, limits.when);
  const group = input.group ?? by;
  return deepFreeze({
    id: input.id,
    formerly: input.formerly ?? [],
    identity: input.id,
    title: input.title,
    why: input.why,
    ...(input.runbook === undefined ? {} : { runbook: input.runbook }),
    mode: input.mode ?? ruleDefaults.mode,
    schedule: {
      cron: (input.schedule ?? ruleDefaults.schedule).trim().split(/\s+/).join(" "),
      timezone: input.timezone ?? ruleDefaults.timezone,
    },
    signal: {
      source: input.signal.source,
      target: query.target,
      where: query.where,
      measure,
      by,
      windowMs: windowOf(input),
      query,
    },
    limits,
    ...(measure.kind === "alerts"
      ? {
          takesFromAlert: {
            severity: input.severity === undefined,
            owner: input.owner === undefined,
            group: each && input.group === undefined,
          },
        }
      : {}),
    overrides: (input.overrides ?? []).map(
      (override): Override => ({
        where: wantedLabels(override.where),
        limits: limitsOf(
          input,
          mergeWhen(input.when, override.when ?? {}),
          mergeUntil(input.until, override.until),
          override,
        ),
      }),
    ),
    noData: input.no_data ?? (measure.kind === "promql" ? "clear" : ruleDefaults.noData),
    keepForMs: input.keep_for ?? keepForDefaultMs[limits.when.form === "absent" ? "absent" : "other"],
    knownForMs: input.known_for ?? knownForOf(limits.when),
    problem: input.problem ?? (each && input.group === undefined ? alertsProblem : input.id),
    group,
    impact: impactOf(input),
    evidence: {
      // A metric has no events behind it that could be shown.
      samples: input.signal.promql !== undefined || each ? 0 : (input.evidence?.samples ?? ruleDefaults.samples),
      fields: input.evidence?.fields ?? [],
      infra: (input.evidence?.infra ?? []).map(infraOf),
      ...deploysOf(input),
    },
    ticket: ticketOf(input),
    inhibits: (input.inhibits ?? []).map(({ rules, where = {}, equal = [] }) => ({
      rules,
      where: wantedLabels(where),
      equal,
    })),
    location,
    shape: shapeOf(input, measure, by, group, limits.when),
  });
}

/** What is asked each tick. Patterns are no groups that a source could give: there the messages are counted. */
function signalQuery(input: RuleInput, measure: Measure, when: When): Query {
  const query = queryOf(input.signal, measure);
  if (when.form !== "new") return query;
  const maxGroups = input.signal.max_groups ?? ruleDefaults.maxKnown;
  const { kind, field } = when.of;
  return kind === "value"
    ? { ...query, by: alertLabels(input), maxGroups }
    : { ...query, containing: { field, pieces: [] }, maxGroups };
}

/** What was not seen for as long as the first evaluation looks back is no more known than it would be then. */
function knownForOf(when: When): number {
  if (when.form === "absent") return when.knownForMs;
  return when.form === "new" ? when.learnedFromMs : ruleDefaults.knownForMs;
}

/** Each label with the values that it may have, as text: labels are text. */
export function wantedLabels(
  where: Readonly<Record<string, Scalar | readonly Scalar[]>>,
): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(Object.entries(where).map(([label, values]) => [label, [values].flat().map(String)]));
}

type InfraInput = NonNullable<NonNullable<RuleInput["evidence"]>["infra"]>[number];

/** The parts that a rule's signal and an infrastructure signal share. */
type SignalParts = Pick<
  RuleInput["signal"],
  "source" | "promql" | "index" | "table" | "where" | "filter" | "measure" | "bad" | "by" | "max_groups"
>;

/** What a verdict is about: when this changes, running episodes of the rule are of another rule. Text and limits are not in it. */
function shapeOf(
  input: RuleInput,
  measure: Measure,
  by: readonly string[],
  group: readonly string[],
  when: When,
): string {
  const target = input.signal.promql !== undefined ? "promql" : input.signal.table === undefined ? "index" : "table";
  const measured = withoutConditions(measure);
  const parts = {
    by: [...by].sort(),
    group: [...group].sort(),
    source: input.signal.source,
    target,
    measured,
    form: when.form,
  };
  return sha256(canonicalJson(when.form === "new" ? { ...parts, of: when.of } : parts));
}

function withoutConditions(measure: Measure): object {
  if (measure.kind === "promql") return { kind: measure.kind };
  if (measure.kind !== "ratio") return measure;
  const { bad: _bad, whole: _whole, ...measured } = measure;
  return measured;
}

/**
 * An expression says itself how far it looks back, a budget's tiers how far they do: the window is then no more than a step,
 * and the shortest of the tiers' windows.
 */
function windowOf({ signal, schedule, timezone, when }: RuleInput): number {
  if (signal.window !== undefined) return signal.window;
  if (when.burn !== undefined) return Math.min(...compileTiers(when.burn.tiers).map(({ shortMs }) => shortMs));
  const cron = schedule ?? ruleDefaults.schedule;
  const facts = checkSchedule({ cron, timezone: timezone ?? ruleDefaults.timezone });
  if ("message" in facts) throw new TypeError(`unchecked rule: ${facts.message}`);
  return facts.stepMs;
}

function infraOf(input: InfraInput): InfraSignal {
  const { source, title, window, promql } = input;
  const common = { source, title, ...(window === undefined ? {} : { windowMs: window }) };
  if (promql !== undefined) return { ...common, ask: { promql } };
  const language = input.table === undefined ? "lucene" : "sql";
  return { ...common, ask: { language, query: queryOf(input, measureOf(input)) } };
}

function measureOf(signal: SignalParts, when?: WhenInput): Measure {
  if (signal.promql !== undefined && signal.measure === "ratio" && signal.bad !== undefined) {
    return { kind: "ratio", bad: signal.bad, whole: signal.promql };
  }
  if (signal.promql !== undefined) {
    const isShare = when?.above?.percentage === true || when?.below?.percentage === true;
    return { kind: "promql", expression: signal.promql, isShare };
  }
  if (isOfAlerts(signal)) return { kind: "alerts", each: isOfEachAlert(signal) };
  const measure = parseMeasure(signal.measure ?? (when?.new === undefined ? "" : "count"), signal.bad);
  if ("message" in measure) throw new TypeError(`unchecked rule: ${measure.message}`);
  return measure;
}

function queryOf(signal: SignalParts, measure: Measure): Query {
  const where: Record<string, readonly Scalar[]> = {};
  for (const [field, values] of Object.entries(signal.where ?? {})) where[field] = [values].flat();
  const filters: Filter[] = signal.filter === undefined ? [] : [signal.filter];
  return {
    target: signal.index ?? signal.table ?? "",
    where,
    filters,
    measure,
    by: signal.by ?? [],
    maxGroups: signal.max_groups ?? (isOfEachAlert(signal) ? mostAlerts : ruleDefaults.maxGroups),
  };
}

function limitsOf(
  rule: RuleInput,
  when: WhenInput,
  until: UntilInput,
  own: { readonly severity?: Limits["severity"] | undefined; readonly owner?: string | undefined },
): Limits {
  return {
    when: compileWhen(when),
    until: compileUntil(until),
    severity: own.severity ?? rule.severity ?? ruleDefaults.severity,
    owner: own.owner ?? rule.owner ?? ruleDefaults.owner,
  };
}

function compileWhen(when: WhenInput): When {
  const modifiers = { forMs: when.for ?? 0, minEvents: when.min_events ?? 0, minBadEvents: when.min_bad_events ?? 0 };
  if (formOf(when) === "change" && when.change !== undefined) {
    const { versus, up, down, floor } = when.change;
    return {
      form: "change",
      versus,
      ...(up === undefined ? {} : { up: riseFactor(up) }),
      ...(down === undefined ? {} : { down }),
      floor: floor ?? 0,
      ...modifiers,
    };
  }
  if (formOf(when) === "baseline" && when.baseline !== undefined) {
    const { history, season, deviations, direction, min_change: minChange } = when.baseline;
    const { historyMs, ...defaults } = baselineDefaults;
    return {
      form: "baseline",
      historyMs: history ?? historyMs,
      season: season ?? defaults.season,
      deviations: deviations ?? defaults.deviations,
      direction: direction ?? defaults.direction,
      minChange: minChange ?? defaults.minChange,
      ...modifiers,
    };
  }
  if (formOf(when) === "absent" && when.absent !== undefined) {
    return { form: "absent", knownForMs: when.absent.known_for ?? ruleDefaults.knownForMs, ...modifiers };
  }
  if (formOf(when) === "burn" && when.burn !== undefined) {
    const { objective, period, tiers } = when.burn;
    return { form: "burn", objective, periodMs: period, tiers: compileTiers(tiers), ...modifiers };
  }
  if (formOf(when) === "new" && when.new !== undefined) {
    const { field, pattern_of: text, learned_from, settle } = when.new;
    return {
      form: "new",
      of: text === undefined ? { kind: "value", field: field ?? "" } : { kind: "pattern", field: text },
      learnedFromMs: learned_from ?? ruleDefaults.learnedFromMs,
      settleMs: settle ?? ruleDefaults.settleMs,
      ...modifiers,
    };
  }
  return { form: "threshold", ...compileBounds(when), ...modifiers };
}

/** The highest factor first. */
export function compileTiers(tiers: BurnInput["tiers"]): readonly BurnTier[] {
  const written =
    typeof tiers === "object"
      ? tiers.map(({ long, short, factor, severity }): BurnTier => {
          return { longMs: long, shortMs: short, factor, ...(severity === undefined ? {} : { severity }) };
        })
      : burnTierTables[tiers ?? "google"].tiers;
  return [...written].sort((a, b) => b.factor - a.factor);
}

function compileUntil(until: UntilInput): Until {
  return { ...compileBounds(until), forMs: until.for ?? ruleDefaults.untilForMs };
}

function compileBounds({ above, below }: Pick<WhenInput, "above" | "below">) {
  return {
    ...(above === undefined ? {} : { above: above.value }),
    ...(below === undefined ? {} : { below: below.value }),
  };
}

/** `3x` is 3, `+50%` is 1.5. */
export function riseFactor(text: string): number {
  return text.startsWith("+") ? 1 + percentage(text) : Number.parseFloat(text);
}

function impactOf({ impact }: RuleInput): Rule["impact"] {
  const users = /\(\s*(.*?)\s*\)/.exec(impact?.users ?? "")?.[1];
  return {
    ...(users === undefined ? {} : { usersField: users }),
    ...(impact?.reach === undefined ? {} : { declaredReach: impact.reach }),
    ...(impact?.slo === undefined ? {} : { slo: { objective: impact.slo.objective, periodMs: impact.slo.period } }),
  };
}

function deploysOf({ evidence }: RuleInput): { readonly deploys?: DeployPolicy } {
  const deploys = evidence?.deploys;
  if (deploys === undefined || deploys === "none") return deploys === undefined ? {} : { deploys };
  const { service, environment, window } = deploys;
  return {
    deploys: {
      ...(service === undefined ? {} : { service }),
      ...(environment === undefined ? {} : { environment }),
      windowMs: window ?? defaultDeployWindowMs,
    },
  };
}

function ticketOf({ ticket }: RuleInput): TicketPolicy {
  const { ownership, ...defaults } = defaultTicketPolicy;
  const owned = { ...ownership };
  for (const field of ticketFields) owned[field] = ticket?.ownership?.[field] ?? ownership[field];
  return {
    ...(ticket?.issue_type === undefined ? {} : { issueType: ticket.issue_type }),
    labels: ticket?.labels ?? defaults.labels,
    fields: ticket?.fields ?? defaults.fields,
    onQuiet: ticket?.on_quiet ?? defaults.onQuiet,
    onReturn: ticket?.on_return ?? defaults.onReturn,
    onWontDo: ticket?.on_wont_do ?? defaults.onWontDo,
    doneGraceMs: ticket?.done_grace ?? defaults.doneGraceMs,
    returnWithinMs: ticket?.return_within ?? defaults.returnWithinMs,
    suppressForMs: ticket?.suppress_for ?? defaults.suppressForMs,
    verifyForMs: ticket?.verify_for ?? defaults.verifyForMs,
    ownership: owned,
  };
}
