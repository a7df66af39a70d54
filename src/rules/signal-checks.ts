import type { Filter, Measure } from "../model/query.ts";
import { alertsSource } from "../model/raised-alert.ts";
import { didYouMean, listed } from "../support/yaml/closest.ts";
import type { Path, Report } from "../support/yaml/fault.ts";
import { checkAlerts, isOfAlerts } from "./alerts-checks.ts";
import type { RuleParts } from "./checks.ts";
import type { RuleContext } from "./context.ts";
import { parseMeasure } from "./measure.ts";
import { checkPromql } from "./promql-checks.ts";

/** A signal as it is written: the rule's own, or one of `evidence.infra`. */
export type SignalParts = NonNullable<RuleParts["signal"]> | InfraParts;
type InfraParts = NonNullable<NonNullable<NonNullable<RuleParts["evidence"]>["infra"]>[number]>;

/** The measure as it is meant; undefined when there is none, or when it is faulty. `path` is the signal's. */
export function checkMeasure(signal: SignalParts | undefined, path: Path, report: Report): Measure | undefined {
  if (signal === undefined) return undefined;
  if (signal.promql !== undefined && signal.measure === "ratio" && path[0] === "signal") {
    if (signal.bad !== undefined) return { kind: "ratio", bad: signal.bad as Filter, whole: signal.promql };
    const fix =
      "add `bad:` with the expression of the bad part, such as `sum(increase(http_requests_failed_total[$window]))`";
    report([...path, "measure"], { message: "`measure: ratio` needs `bad`", fix }, { needs: [[...path, "bad"]] });
    return undefined;
  }
  if (signal.promql !== undefined) return { kind: "promql", expression: signal.promql, isShare: false };
  if (isOfAlerts(signal)) return { kind: "alerts", each: signal.by === undefined };
  if (signal.measure === undefined) return undefined;
  const measure = parseMeasure(signal.measure, signal.bad as string | undefined);
  if ("message" in measure) {
    report([...path, "measure"], measure);
    return undefined;
  }
  if (measure.kind === "ratio" && signal.bad === undefined) {
    report(
      [...path, "measure"],
      {
        message: "`measure: ratio` needs `bad`",
        fix: 'add `bad:` with the condition that makes an event bad, such as `bad: "http.response.status_code:>=500"`',
      },
      { needs: [[...path, "bad"]] },
    );
  }
  if (measure.kind !== "ratio" && signal.bad !== undefined) {
    report(
      [...path, "bad"],
      {
        message: `\`bad\` means nothing with \`measure: ${signal.measure}\``,
        fix: "write `measure: ratio`, or move the condition to `filter`",
      },
      { at: "key" },
    );
  }
  return measure;
}

/** Source and target: that they exist, fit one another, and are executed by this version. */
export function checkSource({ signal, when }: RuleParts, context: RuleContext, report: Report): void {
  if (signal?.source === undefined || !checkSourceName(signal.source, ["signal", "source"], context, report)) return;
  const source = context.sources?.[signal.source];
  if (isOfAlerts(signal)) {
    checkAlerts(signal, ["signal"], report);
    return;
  }
  if (source?.type === "prometheus" || signal.promql !== undefined) {
    checkPromql(signal, ["signal"], source, report);
    return;
  }
  if (signal.measure === undefined && when?.new === undefined) missingMeasure(["signal"], report);
  if (signal.window === undefined && when?.burn === undefined) {
    report(["signal", "window"], { message: "`window` of `signal` is missing", fix: "add `window`, for example `5m`" });
  }
  if (source !== undefined) checkTarget(signal, ["signal"], source, report);
}

export function missingMeasure(path: Path, report: Report): void {
  report([...path, "measure"], {
    message: `\`measure\` of \`${path.filter((step) => typeof step === "string").join(".")}\` is missing`,
    fix: "add for example `measure: count`",
  });
}

export function checkSourceName(name: string, path: Path, { sources }: RuleContext, report: Report): boolean {
  if (sources === undefined) return true;
  if (Object.hasOwn(sources, name)) return true;
  const names = Object.keys(sources);
  if (name === alertsSource) {
    report(path, {
      message: `there is no source \`${name}\`: the configuration receives no alerts`,
      fix: "add `server: { webhooks: { alertmanager: { token: … } } }` to it, as docs/alertmanager.md says",
    });
    return false;
  }
  report(path, {
    message: `there is no source \`${name}\` in the configuration${didYouMean(name, names)}`,
    fix: `use one of ${listed(names)}`,
  });
  return false;
}

/** Index, table and the language of conditions, as the kind of the source has them. */
export function checkTarget(
  signal: SignalParts,
  path: Path,
  source: NonNullable<RuleContext["sources"]>[string],
  report: Report,
): void {
  if (signal.index !== undefined && signal.table !== undefined) {
    report(
      [...path, "table"],
      { message: "a signal has an `index` or a `table`, not both", fix: "keep the one that fits the source" },
      { at: "key" },
    );
    return;
  }
  if (source.type === "elasticsearch" && signal.index === undefined) {
    const fix = 'write `index:` with an index or pattern, such as `index: "logs-*"`';
    report(
      [...path, signal.table === undefined ? "index" : "table"],
      { message: `\`${signal.source}\` is an elasticsearch source and needs \`index\``, fix },
      { at: "key" },
    );
  }
  if (source.type !== "files") return;
  const tables = source.tables ?? [];
  if (signal.table === undefined) {
    const fix = `write \`table:\` with one of ${listed(tables)}`;
    report(
      [...path, signal.index === undefined ? "table" : "index"],
      { message: `\`${signal.source}\` is a files source and needs \`table\``, fix },
      { at: "key" },
    );
  } else if (!tables.includes(signal.table)) {
    report([...path, "table"], {
      message: `the source \`${signal.source}\` has no table \`${signal.table}\`${didYouMean(signal.table, tables)}`,
      fix: `use one of ${listed(tables)}`,
    });
  }
  for (const part of ["filter", "bad"] as const) {
    if (typeof signal[part] === "object") {
      report([...path, part], {
        message: `\`${part}\` of a files source is a SQL condition, not a mapping`,
        fix: "write for example `url.path LIKE '/api/%'` in quotes",
      });
    }
  }
}
