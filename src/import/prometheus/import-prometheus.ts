import { z } from "zod";
import type { Severity } from "../../model/rule.ts";
import { severityNamed } from "../../model/severity-words.ts";
import { cleanText } from "../../support/clean-text.ts";
import { isMapping } from "../../support/mapping.ts";
import { promqlFault } from "../../support/promql.ts";
import type { YamlDocument } from "../../support/yaml/document.ts";
import type { Path } from "../../support/yaml/fault.ts";
import { shown } from "../../support/yaml/shape.ts";
import { readPart } from "../foreign.ts";
import { type ImportContext, type Imported, type ImportedRule, type ImportNote, NoteTaker } from "../imported.ts";
import { ticketLabel } from "../ticket-label.ts";
import { durationText, freeId, idOf, named, plainTitle, scheduleOf } from "../words.ts";
import { type Comparison, takeApart } from "./comparison.ts";
import { translateTemplate } from "./go-template.ts";
import { resultLabels } from "./result-labels.ts";
import { measures } from "./tree.ts";

/** As its documentation has it; Prometheus takes plain numbers and booleans for text, too. */
const words = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String));
const span = z.union([z.string(), z.number()]).transform(String);
const alertingRule = z.looseObject({
  alert: z.string().min(1),
  expr: z.union([z.string().min(1), z.number()]).transform(String),
  for: span.optional(),
  keep_firing_for: span.optional(),
  labels: words.nullish(),
  annotations: words.nullish(),
});
const group = z.looseObject({ name: z.string(), interval: span.optional(), rules: z.array(z.unknown()).nullish() });
const ruleFile = z.looseObject({ groups: z.array(z.unknown()).nullish() });

type AlertingRule = z.output<typeof alertingRule>;
const minuteMs = 60_000;
/** Prometheus' own `evaluation_interval`, where a group says none. */
const defaultIntervalMs = minuteMs;

/** Alerting rules of a file of Prometheus, or of the `PrometheusRule`s of its operator. `taken` are ids that are in use. */
export function importPrometheus(
  documents: readonly YamlDocument[],
  context: ImportContext,
  taken: Set<string>,
): Imported {
  const rules: ImportedRule[] = [];
  const notes: ImportNote[] = [];
  for (const document of documents) {
    const whole = new NoteTaker(document, [], undefined);
    for (const path of groupLists(document.value)) {
      const list = valueAt(document.value, path);
      for (const [position, raw] of (Array.isArray(list) ? list : []).entries()) {
        readGroup(raw, [...path, position], { document, context, taken, whole, rules, notes });
      }
    }
    if (groupLists(document.value).length === 0) {
      whole.refuse([], "this holds no `groups`: it is no rule file of Prometheus, and no PrometheusRule");
    }
    notes.push(...whole.notes);
  }
  return { rules, notes };
}

/** Where groups stand: in the file itself, in `spec` of a PrometheusRule, and in each of a list of these. */
function groupLists(value: unknown): readonly Path[] {
  if (!isMapping(value)) return [];
  if (ruleFile.safeParse(value).success && value["groups"] !== undefined) return [["groups"]];
  if (isMapping(value["spec"]) && value["spec"]["groups"] !== undefined) return [["spec", "groups"]];
  const items = value["kind"] === "List" && Array.isArray(value["items"]) ? value["items"] : [];
  return items.flatMap((item, index) => groupLists(item).map((path) => ["items", index, ...path]));
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (found, step) => (isMapping(found) || Array.isArray(found) ? Reflect.get(found, step) : undefined),
    value,
  );
}

interface Reading {
  readonly document: YamlDocument;
  readonly context: ImportContext;
  readonly taken: Set<string>;
  readonly whole: NoteTaker;
  readonly rules: ImportedRule[];
  readonly notes: ImportNote[];
}

function readGroup(raw: unknown, path: Path, reading: Reading): void {
  const { document, whole, rules, notes } = reading;
  const read = readPart(group, raw, path, whole);
  if (read === undefined) return;
  const intervalMs = read.interval === undefined ? defaultIntervalMs : prometheusDuration(read.interval);
  for (const [position, rule] of (read.rules ?? []).entries()) {
    const at = [...path, "rules", position];
    const name = isMapping(rule) ? (rule["alert"] ?? rule["record"]) : undefined;
    const taker = new NoteTaker(document, at, typeof name === "string" ? name : `${read.name}[${position}]`);
    if (isMapping(rule) && rule["record"] !== undefined) {
      taker.exact(["record"], "a recording rule stays in Prometheus, where rules that name its series find it");
      notes.push(...taker.notes);
      continue;
    }
    if (intervalMs === undefined || intervalMs === 0) {
      taker.refuse([], `\`interval\` of its group cannot be ${shown(read.interval)}`);
    }
    const good = readPart(alertingRule, rule, [], taker);
    const made =
      good === undefined
        ? undefined
        : convert(good, { group: read, intervalMs: intervalMs ?? minuteMs, taker, ...reading });
    const place = document.locate(at, "value");
    const ruleId = made?.id;
    notes.push(...taker.notes.map((note) => ({ ...note, ...(ruleId === undefined ? {} : { ruleId }) })));
    if (made !== undefined) rules.push({ ...made, subject: taker.subject ?? made.id, file: document.file, ...place });
  }
}

interface Converting extends Reading {
  readonly group: z.output<typeof group>;
  readonly intervalMs: number;
  readonly taker: NoteTaker;
}

function convert(
  rule: AlertingRule,
  converting: Converting,
): Pick<ImportedRule, "id" | "body" | "remarks"> | undefined {
  const { taker, context, taken, intervalMs } = converting;
  const fault = promqlFault(rule.expr);
  if (fault !== undefined) {
    const place = `${fault.line}:${fault.column}`;
    taker.refuse(
      ["expr"],
      `the expression cannot be read as PromQL at ${place} of it${fault.found === undefined ? "" : `: ${shown(fault.found)}`}`,
    );
  }
  const forMs = spanOf(rule.for, "for", taker);
  const keepMs = spanOf(rule.keep_firing_for, "keep_firing_for", taker);
  if (taker.refused || forMs === undefined || keepMs === undefined) return undefined;
  const own = resultLabels(rule.expr);
  const by = own ?? context.by ?? templateLabels(rule);
  const comparison = takeApart(rule.expr, by);
  const { promql, when } = aggregated(comparison, own === undefined, by);
  sayComparison(comparison, taker);
  if (own === undefined) sayLabels(by, context, taker);
  const { severity, labels, owner } = labelsOf(rule, converting);
  const { title, why, runbook } = textsOf(rule, comparison, by, taker);
  const schedule = scheduleOf(intervalMs);
  if (schedule.stepMs !== intervalMs) {
    taker.differs(
      ["expr"],
      `its group is evaluated every ${durationText(intervalMs)}, which no cron says: here every ${durationText(schedule.stepMs)}`,
    );
  }
  if (keepMs > 0) {
    taker.differs(
      ["keep_firing_for"],
      "an alert that changes four times within twenty evaluations is held firing, which Prometheus does not do",
    );
  }
  if (/\bALERTS(_FOR_STATE)?\b/.test(rule.expr)) {
    taker.differs(["expr"], "it reads `ALERTS`, which only Prometheus writes: keep the rules there that it is about");
  }
  const isHeartbeat = !measures(rule.expr);
  if (isHeartbeat) {
    taker.differs(
      ["expr"],
      "it reads no metric, so it fires always or by the clock: `mode: report`, nothing is filed. What is to be told is that it is missing: docs/alertmanager.md, Rules about them",
    );
  }
  sayOther(rule, converting);
  const id = freeId(idOf(rule.alert, "alert"), taken, severity);
  const body = {
    id,
    title,
    why,
    ...(severity === "warning" ? {} : { severity }),
    ...(owner === undefined ? {} : { owner }),
    ...(runbook === undefined ? {} : { runbook }),
    ...(isHeartbeat ? { mode: "report" } : {}),
    ...(schedule.cron === "* * * * *" ? {} : { schedule: schedule.cron }),
    signal: { promql, ...(by.length === 0 ? {} : { by }) },
    when: { ...when, ...(forMs === 0 ? {} : { for: durationText(forMs) }) },
    until: { for: durationText(keepMs) },
    ...(labels.length === 0 ? {} : { ticket: { labels } }),
  };
  taker.exact(
    ["alert"],
    `\`${cut(rule.expr.replace(/\s+/g, " ").trim())}\`, judged ${schedule.stepMs === intervalMs ? `every ${durationText(intervalMs)}` : "by its own schedule"}`,
  );
  return { id, body, ...(isJustBeside(comparison) ? { remarks: { when: comparison.written ?? "" } } : {}) };
}

function cut(text: string): string {
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}

/** `>= 5` is over the number before 5, which needs a word. */
function isJustBeside({ when, gives, written }: Comparison): boolean {
  return (
    gives === "value" && written !== undefined && !written.endsWith(` ${"above" in when ? when.above : when.below}`)
  );
}

/** Where the expression does not say which labels its series have, those of one alert are made one series. */
function aggregated(
  { promql, when, gives }: Comparison,
  isUnknown: boolean,
  by: readonly string[],
): Pick<Comparison, "promql" | "when"> {
  if (!isUnknown || gives === "presence") return { promql, when };
  return { promql: `${"above" in when ? "max" : "min"} by (${by.join(", ")}) (\n  ${promql}\n)`, when };
}

function sayComparison({ gives, written }: Comparison, taker: NoteTaker): void {
  if (gives === "presence") {
    taker.differs(
      ["expr"],
      "the verdicts are the same, but the value is 1 where the expression returns something: it has no comparison at its top that can be taken apart",
    );
  } else if (gives === "difference") {
    taker.differs(
      ["expr"],
      `the verdicts are the same, but the value is by how much: it is compared with another expression (\`${written ?? ""}\`)`,
    );
  }
}

function sayLabels(by: readonly string[], { by: asked }: ImportContext, taker: NoteTaker): void {
  const each =
    by.length === 0
      ? "there is one alert for all series"
      : `there is one alert for each ${named(by)}, and none for series without ${by.length === 1 ? "it" : "them"}`;
  const fix =
    asked === undefined
      ? "name all labels of the series with `--by` to have one for each"
      : "where these are all labels of the series it is the same";
  taker.differs(["expr"], `which labels its series have stands in the metrics, not in the expression: ${each}; ${fix}`);
}

/** The labels that its texts show are those that people tell its alerts apart by. */
function templateLabels({ annotations, labels }: AlertingRule): readonly string[] {
  const texts = [...Object.values(annotations ?? {}), ...Object.values(labels ?? {})];
  return [...new Set(texts.flatMap((text) => translateTemplate(text, { by: [], hasValue: true }).labels))].slice(0, 10);
}

function labelsOf({ labels }: AlertingRule, { taker, context }: Converting) {
  let severity: Severity = "warning";
  let owner = context.owner;
  const kept: string[] = [];
  for (const [name, value] of Object.entries(labels ?? {})) {
    const path = ["labels", name];
    if (value.includes("{{")) {
      taker.differs(
        path,
        `the label \`${name}\` is a template, and is left out: labels of a ticket may be Liquid templates of the alert's labels`,
      );
    } else if (name === "severity" || (name === "priority" && labels?.["severity"] === undefined)) {
      const known = severityNamed(value);
      if (known !== undefined) severity = known;
      else taker.differs(path, `\`${name}: ${value}\` is no severity that is known here: the rule's is ${severity}`);
    } else if ((name === "owner" || name === "team") && owner === undefined && context.owners.has(value)) {
      owner = value;
    } else {
      kept.push(ticketLabel(name, value));
    }
  }
  if (kept.length > 20)
    taker.differs(["labels"], `a ticket has at most 20 labels of a rule: ${kept.length - 20} are left out`);
  return { severity, owner, labels: kept.slice(0, 20) };
}

function textsOf({ alert, annotations }: AlertingRule, { gives }: Comparison, by: readonly string[], taker: NoteTaker) {
  const target = { by, hasValue: gives === "value" };
  const summary = ["summary", "message", "title", "description"].find(
    (name) => (annotations?.[name] ?? "").trim() !== "",
  );
  const translated = summary === undefined ? undefined : translateTemplate(annotations?.[summary] ?? "", target);
  const oneLine = cleanText(translated?.liquid ?? "", { maxLength: 1_000, singleLine: true });
  const isWhole =
    translated !== undefined && translated.leftOut.length === 0 && oneLine !== "" && !oneLine.endsWith("…");
  if (translated !== undefined && !isWhole) {
    taker.differs(
      ["annotations", summary ?? ""],
      `the title is the alert's name and labels: ${translated.leftOut.length > 0 ? `${named(translated.leftOut)} has no like in our templates` : "the text is too long for a title"}`,
    );
  }
  const missing = (translated?.labels ?? []).filter((label) => !by.includes(label));
  if (isWhole && missing.length > 0) {
    taker.differs(["annotations", summary ?? ""], `${named(missing)} is empty in the title: alerts do not have it`);
  }
  const description = ["description", "message", "summary"].find((name) => (annotations?.[name] ?? "").trim() !== "");
  const text = description === undefined ? "" : translateTemplate(annotations?.[description] ?? "", target).plain;
  const why = cleanText(text, { maxLength: 2_000 }).trim();
  const link = annotations?.["runbook_url"] ?? annotations?.["runbook"];
  const isLink =
    link !== undefined && /^https?:\/\/[^\s<>"]+$/.test(link) && !link.includes("{{") && link.length <= 2_000;
  if (link !== undefined && !isLink)
    taker.differs(["annotations"], "the runbook is left out: it is no plain web address");
  const others = Object.keys(annotations ?? {}).filter(
    (name) => ![summary, description, "runbook_url", "runbook", "summary"].includes(name),
  );
  if (others.length > 0) taker.differs(["annotations"], `annotations without a like are left out: ${named(others)}`);
  return {
    title: isWhole ? oneLine : plainTitle(alert, by),
    why:
      why === ""
        ? `The alert ${cleanText(alert, { maxLength: 200, singleLine: true })} of Prometheus says no more than its name.`
        : why,
    runbook: isLink ? link : undefined,
  };
}

const known = new Set(["alert", "expr", "for", "keep_firing_for", "labels", "annotations"]);

function sayOther(rule: AlertingRule, { group: of, taker }: Converting): void {
  const others = Object.keys(rule).filter((key) => !known.has(key));
  if (others.length > 0) taker.differs([], `keys that are not known are left out: ${named(others)}`);
  if (of["limit"] !== undefined && of["limit"] !== 0) {
    taker.differs(
      [],
      "`limit` of its group fails all of its alerts when there are too many; here `signal.max_groups` leaves out the smallest",
    );
  }
  if (of["query_offset"] !== undefined)
    taker.differs([], "`query_offset` of its group is left out: write it as `delay` of the source");
  if (of["labels"] !== undefined) taker.differs([], "`labels` of its group are left out");
}

function spanOf(written: string | undefined, key: string, taker: NoteTaker): number | undefined {
  if (written === undefined) return 0;
  const ms = prometheusDuration(written);
  if (ms === undefined) taker.refuse([key], `\`${key}\` cannot be ${shown(written)}: write a duration such as \`5m\``);
  return ms;
}

const unitMs = {
  ms: 1,
  s: 1_000,
  m: minuteMs,
  h: 60 * minuteMs,
  d: 1_440 * minuteMs,
  w: 10_080 * minuteMs,
  y: 525_600 * minuteMs,
} as const;

/** `1h30m`, `90s`, `1y` (365 days), `0`: milliseconds; undefined for anything else. */
function prometheusDuration(text: string): number | undefined {
  if (text === "0") return 0;
  const parts = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(text);
  if (parts === null || text === "") return undefined;
  const sizes = [unitMs.y, unitMs.w, unitMs.d, unitMs.h, unitMs.m, unitMs.s, unitMs.ms];
  return sizes.reduce((sum, size, index) => sum + size * Number(parts[index + 1] ?? 0), 0);
}
