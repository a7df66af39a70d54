import { labelsKey } from "../model/labels.ts";
import type { Measure } from "../model/query.ts";
import { formatDuration } from "../support/duration.ts";
import { didYouMean, listed } from "../support/yaml/closest.ts";
import type { Path, Report } from "../support/yaml/fault.ts";
import type { Partly, ShapeFault } from "../support/yaml/shape.ts";
import { alertLabels } from "./alert-labels.ts";
import { isOfAlerts, isOfEachAlert } from "./alerts-checks.ts";
import { checkBaseline } from "./baseline-checks.ts";
import type { BurnGround } from "./burn-checks.ts";
import { ruleDefaults } from "./compile.ts";
import type { RuleContext } from "./context.ts";
import { checkInfra } from "./infra-checks.ts";
import { checkUntil, checkWhen, measureText } from "./limit-checks.ts";
import { mergeUntil, mergeWhen } from "./merge.ts";
import { checkHeld, checkNew, checkNewOverride } from "./new-checks.ts";
import { checkSchedule, checkTimezone } from "./schedule-check.ts";
import type { RuleInput, UntilInput, WhenInput } from "./schema.ts";
import { checkMeasure, checkSource } from "./signal-checks.ts";
import { type TemplateNames, templateFault } from "./templates.ts";

/** A fault of a rule; paths begin at the rule. */
export interface RuleFault extends ShapeFault {
  readonly severity?: "warning";
  readonly within?: number;
}

export type RuleParts = Partly<RuleInput>;

/**
 * Everything that parts of one rule must be to one another and to the configuration. Looks only at parts that are
 * there; `known` are the faults that took parts away.
 */
export function checkRule(rule: RuleParts, context: RuleContext, known: readonly ShapeFault[]): RuleFault[] {
  const faults: RuleFault[] = [];
  const report: Report = (path, { message, fix }, { at = "value", severity, within, needs = [] } = {}) => {
    if ([path, ...needs].some((part) => known.some((fault) => startsWith(fault.path, part)))) return;
    const more = { ...(severity === undefined ? {} : { severity }), ...(within === undefined ? {} : { within }) };
    faults.push({ path, at, message, fix, ...more });
  };
  const measure = checkMeasure(rule.signal, ["signal"], report);
  checkSource(rule, context, report);
  checkInfra(rule, context, report);
  const stepMs = checkTiming(rule, report);
  checkGrouping(rule, report);
  checkImpact(rule, measure, report);
  checkLimits(rule, { measure, stepMs }, context, report);
  checkNew(rule, measure, report);
  checkTicket(rule, report);
  return faults;
}

function startsWith(path: Path, start: Path): boolean {
  return start.every((step, position) => path[position] === step);
}

/** Gives the schedule's step; undefined for a schedule that is faulty. */
function checkTiming({ schedule, timezone, signal }: RuleParts, report: Report): number | undefined {
  const zone = timezone ?? ruleDefaults.timezone;
  const zoneWrong = checkTimezone(zone);
  if (zoneWrong !== undefined) report(["timezone"], zoneWrong);
  const facts = checkSchedule({
    cron: schedule ?? ruleDefaults.schedule,
    timezone: zoneWrong === undefined ? zone : "UTC",
  });
  if ("message" in facts) {
    report(["schedule"], facts);
    return undefined;
  }
  const isOfEvents = signal?.promql === undefined && !isOfAlerts(signal);
  if (signal?.window !== undefined && isOfEvents && signal.window < facts.stepMs) {
    report(
      ["signal", "window"],
      {
        message: `the window (${formatDuration(signal.window)}) is shorter than the schedule's step (${formatDuration(facts.stepMs)}): events between two windows would never be seen`,
        fix: `write a window of at least ${formatDuration(facts.stepMs)}, or a tighter \`schedule\``,
      },
      { needs: [["schedule"], ["timezone"]] },
    );
  }
  return facts.stepMs;
}

function checkGrouping(rule: RuleParts, report: Report): void {
  const { signal, group } = rule;
  const by = signal?.by;
  for (const [fields, path] of [
    [by, ["signal", "by"]],
    [group, ["group"]],
  ] as const) {
    for (const [position, field] of (fields ?? []).entries()) {
      if (field === undefined || fields?.indexOf(field) === position) continue;
      report([...path, position], { message: `\`${field}\` stands in the list twice`, fix: "name each field once" });
    }
  }
  if (signal === undefined || isOfEachAlert(signal)) return;
  const labels = alertLabels(rule);
  for (const [position, field] of (group ?? []).entries()) {
    if (field === undefined || labels.includes(field)) continue;
    report(
      ["group", position],
      {
        message: `\`group\` names \`${field}\`, which is not in \`signal.by\`${didYouMean(field, labels)}`,
        fix: labels.length === 0 ? `add \`by: [${field}]\` to \`signal\`` : `use a subset of ${listed(labels)}`,
      },
      { needs: [["signal", "by"]] },
    );
  }
}

function checkImpact({ impact, signal }: RuleParts, measure: Measure | undefined, report: Report): void {
  if (impact?.users !== undefined && measure?.kind === "alerts") {
    report(
      ["impact", "users"],
      {
        message: "users cannot be counted in received alerts: they have no events",
        fix: "declare `reach` instead, such as `reach: 10%`, or remove `users`",
      },
      { at: "key" },
    );
  }
  if (impact?.users !== undefined && signal?.promql !== undefined) {
    report(
      ["impact", "users"],
      {
        message: "users cannot be counted in metrics: a PromQL signal has no events to count them in",
        fix: "declare `reach` instead, such as `reach: 10%`, or remove `users`",
      },
      { at: "key" },
    );
  }
  if (impact?.users !== undefined && impact.reach !== undefined) {
    report(
      ["impact", "reach"],
      {
        message: "`reach` is declared although `users` measures it",
        fix: "keep one of the two: `users` where it can be measured, else `reach`",
      },
      { at: "key" },
    );
  }
  if (impact?.slo !== undefined && measure !== undefined && measure.kind !== "ratio") {
    report(
      ["impact", "slo"],
      {
        message: `an error budget is spent by bad events, which \`${measureText(measure)}\` does not count; the priority will print it as not measured`,
        fix: "write `measure: ratio` with `bad`, or remove `slo`",
      },
      { at: "key", severity: "warning" },
    );
  }
}

function checkLimits(rule: RuleParts, ground: BurnGround, context: RuleContext, report: Report): void {
  const { measure } = ground;
  const when = rule.when as WhenInput | undefined;
  const until = rule.until as UntilInput | undefined;
  checkOwner(rule.owner ?? ruleDefaults.owner, ["owner"], context, report);
  if (when !== undefined) {
    checkWhen(when, ["when"], ground, report);
    checkBaseline(when, ["when"], rule.signal, report);
    checkUntil(when, until, ["until"], measure, report);
  }
  const seen = new Set<string>();
  for (const [position, override] of (rule.overrides ?? []).entries()) {
    if (override === undefined) continue;
    const path = ["overrides", position];
    for (const label of Object.keys(override.where ?? {})) {
      const by = alertLabels(rule);
      if (rule.signal === undefined || isOfEachAlert(rule.signal) || by.includes(label)) continue;
      report(
        [...path, "where", label],
        {
          message: `an override names \`${label}\`, which is not in \`signal.by\`${didYouMean(label, by)}`,
          fix: by.length === 0 ? `add \`by: [${label}]\` to \`signal\`` : `use ${listed(by)}`,
        },
        { at: "key", needs: [["signal", "by"]] },
      );
    }
    const where = labelsKey(
      Object.fromEntries(Object.entries(override.where ?? {}).map(([key, value]) => [key, JSON.stringify(value)])),
    );
    if (seen.has(where)) {
      report(
        [...path, "where"],
        { message: "an override before this one has the same `where`: this one never applies", fix: "merge the two" },
        { at: "key" },
      );
    }
    seen.add(where);
    if (override.owner !== undefined) checkOwner(override.owner, [...path, "owner"], context, report);
    if (when === undefined || (override.when === undefined && override.until === undefined)) continue;
    const merged = mergeWhen(when, (override.when ?? {}) as WhenInput);
    if (override.when !== undefined) {
      checkNewOverride(when, override.when as WhenInput, [...path, "when"], report);
      if (override.when.new?.settle !== undefined || override.when.for !== undefined)
        checkHeld(merged, [...path, "when"], report);
      checkWhen(merged, [...path, "when"], ground, report);
      checkBaseline(merged, [...path, "when"], rule.signal, report);
    }
    checkUntil(
      merged,
      mergeUntil(until, override.until as UntilInput | undefined),
      [...path, override.until === undefined ? "when" : "until"],
      measure,
      report,
    );
  }
}

function checkOwner(owner: string, path: Path, { owners }: RuleContext, report: Report): void {
  if (owners === undefined || owners.includes(owner)) return;
  report(path, {
    message: `there is no owner \`${owner}\` in the owners file${didYouMean(owner, owners)}`,
    fix: `use one of ${listed(owners)}, or add \`${owner}\` to the owners file`,
  });
}

function checkTicket(rule: RuleParts, report: Report): void {
  const labels = rule.signal === undefined || isOfEachAlert(rule.signal) ? undefined : alertLabels(rule);
  const names: TemplateNames = { kind: "text", labels };
  const check = (value: unknown, path: Path): void => {
    if (typeof value === "string") {
      const wrong = templateFault(value, names);
      if (wrong !== undefined) report(path, wrong, { needs: [["signal", "by"]] });
    } else if (Array.isArray(value)) {
      for (const [position, item] of value.entries()) check(item, [...path, position]);
    } else if (typeof value === "object" && value !== null) {
      for (const [key, member] of Object.entries(value)) check(member, [...path, key]);
    }
  };
  check(rule.title, ["title"]);
  check(rule.ticket?.labels, ["ticket", "labels"]);
  check(rule.ticket?.fields, ["ticket", "fields"]);
  const deploys = rule.evidence?.deploys;
  if (typeof deploys === "object") {
    check(deploys.service, ["evidence", "deploys", "service"]);
    check(deploys.environment, ["evidence", "deploys", "environment"]);
  }
  for (const [position, label] of (rule.ticket?.labels ?? []).entries()) {
    if (label === undefined || !/\s/.test(label) || label.includes("{")) continue;
    report(["ticket", "labels", position], {
      message: `the label ${JSON.stringify(label)} holds white space, which trackers refuse`,
      fix: `write \`${label.trim().replace(/\s+/g, "-")}\``,
    });
  }
  if (rule.ticket?.on_wont_do === "new_linked" && rule.ticket.suppress_for !== undefined) {
    report(
      ["ticket", "suppress_for"],
      {
        message: "`ticket.suppress_for` means nothing beside `on_wont_do: new_linked`",
        fix: "remove one of the two: `suppress` waits for that long, `new_linked` does not wait",
      },
      { at: "key" },
    );
  }
}
