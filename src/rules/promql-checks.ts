import { promqlFault, windowPlace } from "../support/promql.ts";
import type { Path, Report } from "../support/yaml/fault.ts";
import { shown } from "../support/yaml/shape.ts";
import type { RuleSource } from "./context.ts";
import type { SignalParts } from "./signal-checks.ts";

/** What a signal of events says and an expression says itself. */
const ofEvents = ["index", "table", "where", "filter", "measure", "bad"] as const;

/** A duration of as many characters as what it stands for, so that a fault's place is right. */
const sampleWindow = "300000s";

/** A signal of a metrics source: an expression that can be read, and nothing that only events have. */
export function checkPromql(signal: SignalParts, path: Path, source: RuleSource | undefined, report: Report): void {
  if (signal.promql === undefined) {
    report([...path, "promql"], {
      message: `\`${signal.source}\` is a prometheus source and needs \`promql\``,
      fix: "write an expression, such as `promql: sum by (service) (rate(http_requests_failed_total[5m]))`",
    });
    return;
  }
  if (source !== undefined && source.type !== "prometheus" && source.type !== "scripted") {
    report(
      [...path, "promql"],
      {
        message: `\`${signal.source}\` is no prometheus source, and only those read PromQL`,
        fix: "name a prometheus source, or write `measure` in its place",
      },
      { at: "key" },
    );
    return;
  }
  // A line of `evidence.infra` is drawn of one expression.
  const isRatio = signal.measure === "ratio" && path[0] === "signal";
  for (const key of ofEvents) {
    if (signal[key] === undefined || (isRatio && (key === "measure" || key === "bad"))) continue;
    const fix =
      key === "measure"
        ? "remove it: the expression says what is measured"
        : key === "bad" && path[0] === "signal"
          ? "say it in the expression, and remove it here; or write `measure: ratio`, of which `promql` is the whole"
          : "say it in the expression, and remove it here";
    report([...path, key], { message: `\`${key}\` means nothing beside \`promql\``, fix }, { at: "key" });
  }
  if (!isRatio) {
    checkExpression(signal.promql, [...path, "promql"], report);
    return;
  }
  for (const part of ["promql", "bad"] as const) {
    const expression = signal[part];
    if (typeof expression === "string") checkPart(expression, [...path, part], report);
    else if (expression !== undefined) {
      const fix = "write an expression, such as `sum(increase(http_requests_failed_total[$window]))`";
      report([...path, part], { message: `\`${part}\` beside \`promql\` is an expression, not a mapping`, fix });
    }
  }
}

/** The whole or the bad part of a ratio: both count events over the window that is asked. */
function checkPart(expression: string, path: Path, report: Report): void {
  if (!expression.includes(windowPlace)) {
    report(path, {
      message: `the parts of a ratio are events of one window, and this expression does not say \`${windowPlace}\``,
      fix: `write it as the range, such as \`increase(http_requests_total[${windowPlace}])\``,
    });
    return;
  }
  checkExpression(expression.replaceAll(windowPlace, sampleWindow), path, report);
}

/** Whether an expression can be read as PromQL; what may be MetricsQL is only a warning. */
function checkExpression(expression: string, path: Path, report: Report): void {
  const fault = promqlFault(expression);
  if (fault === undefined) return;
  const { offset: within, line, column, found, maybeMetricsql } = fault;
  const place = found === undefined ? "it ends too early" : `${shown(found)} is not expected there`;
  const message = `the expression cannot be read at ${line}:${column}: ${place}`;
  if (maybeMetricsql) {
    const fix = "correct it for Prometheus; where VictoriaMetrics is asked, its MetricsQL may well know it";
    report(path, { message, fix }, { severity: "warning", within });
  } else {
    const fix = "close each bracket and quote, and write an expression as Prometheus reads it";
    report(path, { message, fix }, { within });
  }
}
