import { asBackfeedError } from "../support/errors.ts";
import type { Path, Report } from "../support/yaml/fault.ts";
import { alertLabels } from "./alert-labels.ts";
import { isOfAlerts, isOfEachAlert } from "./alerts-checks.ts";
import type { RuleParts } from "./checks.ts";
import type { RuleContext, RuleSource } from "./context.ts";
import { renderFilter } from "./infra.ts";
import { checkPromql } from "./promql-checks.ts";
import { checkMeasure, checkSourceName, checkTarget, missingMeasure, type SignalParts } from "./signal-checks.ts";
import { sampleText, templateFault } from "./templates.ts";

/** Each signal of `evidence.infra` as a signal of its own, its templates over the labels of the rule's. */
export function checkInfra(rule: RuleParts, context: RuleContext, report: Report): void {
  const { signal, evidence } = rule;
  const labels = signal === undefined || isOfEachAlert(signal) ? undefined : alertLabels(rule);
  for (const [position, infra] of (evidence?.infra ?? []).entries()) {
    if (infra === undefined) continue;
    const path = ["evidence", "infra", position];
    checkTemplates(infra, path, labels, report);
    if (infra.source === undefined || !checkSourceName(infra.source, [...path, "source"], context, report)) continue;
    if (isOfAlerts(infra)) {
      report([...path, "source"], {
        message: "received alerts have no lines to draw",
        fix: "name a source of logs or metrics, or remove it",
      });
      continue;
    }
    const source = context.sources?.[infra.source];
    if (source?.type === "prometheus" || infra.promql !== undefined) {
      checkPromqlInfra(infra, path, source, labels, report);
      continue;
    }
    checkMeasure(infra, path, report);
    if (infra.measure === undefined) missingMeasure(path, report);
    if (source !== undefined) checkTarget(infra, path, source, report);
    for (const [place, field] of (infra.by ?? []).entries()) {
      if (field === undefined || infra.by?.indexOf(field) === place) continue;
      report([...path, "by", place], {
        message: `\`${field}\` stands in the list twice`,
        fix: "name each field once",
      });
    }
  }
}

/** The expression is read as it will be asked, with values in its templates. */
function checkPromqlInfra(
  infra: SignalParts,
  path: Path,
  source: RuleSource | undefined,
  labels: readonly string[] | undefined,
  report: Report,
): void {
  const by = "by" in infra ? infra.by : undefined;
  if (by !== undefined) {
    const fix = "say it in the expression: each series that it returns is a line";
    report([...path, "by"], { message: "`by` means nothing beside `promql`", fix }, { at: "key" });
  }
  const { promql } = infra;
  if (promql === undefined || !promql.includes("{{") || labels === undefined) {
    // What has templates of labels that nobody knows is judged when they are known.
    checkPromql(promql?.includes("{{") === true ? { ...infra, promql: "up" } : infra, path, source, report);
    return;
  }
  // A place within the rendered expression is none within the template.
  const told: Report = (at, wrong, { within: _within, ...options } = {}) => report(at, wrong, options);
  const sample = sampleText(Object.fromEntries(labels.map((label) => [label, "sample"])));
  try {
    checkPromql({ ...infra, promql: String(renderFilter("promql", promql, sample)) }, path, source, told);
  } catch {
    // That the template cannot be rendered was told.
  }
}

/** That each template can be rendered, and that its values stand where they can be escaped. */
function checkTemplates(infra: SignalParts, path: Path, labels: readonly string[] | undefined, report: Report): void {
  const wellFormed = (value: unknown, at: Path): boolean => {
    if (typeof value === "string") {
      const wrong = templateFault(value, { kind: "query", labels });
      if (wrong !== undefined) report(at, wrong, { needs: [["signal", "by"]] });
      return wrong === undefined;
    }
    if (typeof value !== "object" || value === null) return true;
    return Object.entries(value)
      .map(([key, member]) => wellFormed(member, [...at, Array.isArray(value) ? Number(key) : key]))
      .every(Boolean);
  };
  wellFormed(infra.where, [...path, "where"]);
  const language = infra.promql === undefined ? (infra.table === undefined ? "lucene" : "sql") : "promql";
  for (const part of ["promql", "filter", "bad"] as const) {
    const text = part in infra ? (infra as Record<string, unknown>)[part] : undefined;
    if (text === undefined || !wellFormed(text, [...path, part]) || labels === undefined) continue;
    try {
      const sample = sampleText(Object.fromEntries(labels.map((label) => [label, "sample"])));
      renderFilter(language, text as string, sample);
    } catch (thrown) {
      report([...path, part], {
        message: `the template cannot be made safe: ${asBackfeedError(thrown).message}`,
        fix: "let each value stand in quotes of its own, or name the field under `where`, which escapes nothing",
      });
    }
  }
}
