import { z } from "zod";
import { severityNamed } from "../../model/severity-words.ts";
import { cleanText } from "../../support/clean-text.ts";
import { day } from "../../support/duration.ts";
import { isMapping } from "../../support/mapping.ts";
import { promqlFault } from "../../support/promql.ts";
import type { YamlDocument } from "../../support/yaml/document.ts";
import type { Path } from "../../support/yaml/fault.ts";
import { readPart } from "../foreign.ts";
import { type ImportContext, type Imported, type ImportedRule, type ImportNote, NoteTaker } from "../imported.ts";
import { ticketLabel } from "../ticket-label.ts";
import { named } from "../words.ts";
import { burnRules } from "./burn-rules.ts";
import { windowed } from "./window.ts";

/* Sloth's `prometheus/v1`, and the same as a resource of Kubernetes (`sloth.slok.dev/v1`), whose keys are in camel case. */

const words = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)).nullish();
const alert = z.looseObject({ disable: z.boolean().nullish(), labels: words, annotations: words }).nullish();
const slo = z.looseObject({
  name: z.string().min(1),
  description: z.string().nullish(),
  objective: z.number().gt(0).max(100),
  labels: words,
  sli: z.looseObject({
    raw: z.looseObject({ error_ratio_query: z.string().min(1) }).nullish(),
    events: z.looseObject({ error_query: z.string().min(1), total_query: z.string().min(1) }).nullish(),
    plugin: z.unknown().optional(),
  }),
  alerting: z
    .looseObject({
      name: z.string().nullish(),
      labels: words,
      annotations: words,
      page_alert: alert,
      ticket_alert: alert,
    })
    .nullish(),
});
const spec = z.looseObject({ service: z.string().min(1), labels: words, slos: z.array(z.unknown()).min(1) });

type Slo = z.output<typeof slo>;
/** Sloth's own default; a specification says none. */
const periodMs = 30 * day;

/** SLOs of Sloth as rules, four for each. `taken` are ids that are in use. */
export function importSloth(documents: readonly YamlDocument[], context: ImportContext, taken: Set<string>): Imported {
  const rules: ImportedRule[] = [];
  const notes: ImportNote[] = [];
  for (const document of documents) {
    const whole = new NoteTaker(document, [], undefined);
    const { value, base } = specOf(document.value);
    const isSloth = isMapping(document.value) && (document.value["version"] === "prometheus/v1" || base.length > 0);
    if (!isSloth)
      whole.refuse(
        [],
        "this is no specification of Sloth: `version: prometheus/v1`, or a PrometheusServiceLevel of `sloth.slok.dev/v1`",
      );
    const read = isSloth ? readPart(spec, snakeCase(value), base, whole) : undefined;
    if (read !== undefined && isMapping(value) && value["slo_plugins"] !== undefined) {
      whole.differs([...base, "slo_plugins"], "plugins are code that is never run: the rules are those without them");
    }
    notes.push(...whole.notes);
    for (const [position, raw] of (read?.slos ?? []).entries()) {
      const path = [...base, "slos", position];
      const name = isMapping(raw) && typeof raw["name"] === "string" ? raw["name"] : `slos[${position}]`;
      const taker = new NoteTaker(document, path, `${read?.service} ${name}`);
      const good = readPart(slo, raw, [], taker);
      const made =
        good === undefined || read === undefined ? [] : convert(good, read, { document, path, taker, context, taken });
      const [first] = made;
      notes.push(...taker.notes.map((note) => (first === undefined ? note : { ...note, ruleId: first.id })));
      rules.push(...made);
    }
  }
  return { rules, notes };
}

function specOf(value: unknown): { readonly value: unknown; readonly base: Path } {
  const isResource =
    isMapping(value) &&
    value["kind"] === "PrometheusServiceLevel" &&
    String(value["apiVersion"]).startsWith("sloth.slok.dev/");
  return isResource ? { value: value["spec"], base: ["spec"] } : { value, base: [] };
}

/** `errorQuery` is `error_query`: one shape of both. Labels and annotations are people's own. */
function snakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (!isMapping(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      const own = key === "labels" || key === "annotations" || key === "options";
      return [key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), own ? member : snakeCase(member)];
    }),
  );
}

interface Converting {
  readonly document: YamlDocument;
  readonly path: Path;
  readonly taker: NoteTaker;
  readonly context: ImportContext;
  readonly taken: Set<string>;
}

function convert(
  given: Slo,
  of: z.output<typeof spec>,
  { document, path, taker, context, taken }: Converting,
): readonly ImportedRule[] {
  const errorRatio = errorRatioOf(given, taker);
  if (given.objective >= 100)
    taker.refuse(["objective"], "an objective of 100 % has no error budget: write what may fail");
  if (errorRatio === undefined || taker.refused) return [];
  const { alerting, labels } = given;
  const all = { ...of.labels, ...labels, ...alerting?.labels };
  const owner =
    context.owner ?? [all["owner"], all["team"]].find((name) => name !== undefined && context.owners.has(name));
  const annotations = { ...alerting?.annotations };
  const runbook = annotations["runbook"] ?? annotations["runbook_url"];
  const isLink = runbook !== undefined && /^https?:\/\/[^\s<>"{}]+$/.test(runbook);
  const others = Object.keys(annotations).filter((name) => !(isLink && (name === "runbook" || name === "runbook_url")));
  if (others.length > 0)
    taker.differs(["alerting", "annotations"], `annotations without a like are left out: ${named(others)}`);
  const severities = { page: severityFor("page", given, taker), ticket: severityFor("ticket", given, taker) };
  if (severities.page === undefined && severities.ticket === undefined) {
    taker.differs(["alerting"], "both of its alerts are disabled: there is no rule");
    return [];
  }
  taker.exact(
    ["name"],
    "Sloth's recording rules are not needed for it; their series stay where Sloth's rules stay in Prometheus",
  );
  const why = cleanText(given.description ?? "", { maxLength: 2_000 }).trim();
  const objective = {
    name: `${of.service} ${given.name}`,
    target: Number((given.objective / 100).toPrecision(15)),
    periodMs,
    why: why === "" ? `The objective ${given.name} of ${of.service} is being missed.` : why,
    runbook: isLink ? runbook : undefined,
    owner,
    labels: Object.entries(all)
      .filter(([name]) => name !== "severity")
      .map(([name, value]) => ticketLabel(name, value))
      .slice(0, 20),
    errorRatio,
    events: eventsOf(given),
    severities,
  };
  const place = { file: document.file, ...document.locate(path, "value") };
  return burnRules({ objective, context, taken, notes: taker, place, at: ["name"] });
}

function severityFor(kind: "page" | "ticket", { alerting }: Slo, taker: NoteTaker) {
  const own = kind === "page" ? alerting?.page_alert : alerting?.ticket_alert;
  if (own?.disable === true) {
    taker.exact(["alerting", `${kind}_alert`], "disabled there, and not made here");
    return undefined;
  }
  const byDefault = kind === "page" ? "critical" : "warning";
  const written = own?.labels?.["severity"] ?? alerting?.labels?.["severity"];
  return (written === undefined ? undefined : severityNamed(written)) ?? byDefault;
}

/** `{{.window}}` is what Sloth puts a window for; any other action of a template is not known. */
function errorRatioOf({ sli }: Slo, taker: NoteTaker): ((window: string) => string) | undefined {
  if (sli.plugin !== undefined && sli.plugin !== null) {
    taker.refuse(
      ["sli", "plugin"],
      "a plugin is code of Sloth that is never run here: write `events` or `raw` with what it asks",
    );
    return undefined;
  }
  const queries = sli.events ? ["error_query", "total_query"] : sli.raw ? ["error_ratio_query"] : [];
  if (queries.length === 0) taker.refuse(["sli"], "`sli` says neither `events` nor `raw`");
  const kind = sli.events ? "events" : "raw";
  for (const key of queries) {
    const query = (sli.events ?? sli.raw)?.[key];
    if (typeof query === "string") checkQuery(query, ["sli", kind, key], taker);
  }
  const { events, raw } = sli;
  if (taker.refused) return undefined;
  if (events)
    return (window) => `(${windowed(events.error_query, window)})\n/\n(${windowed(events.total_query, window)})`;
  return raw ? (window) => windowed(raw.error_ratio_query, window) : undefined;
}

function eventsOf({ sli: { events } }: Slo) {
  if (events == null) return undefined;
  const { error_query: bad, total_query: total } = events;
  return { bad: (window: string) => windowed(bad, window), total: (window: string) => windowed(total, window) };
}

/** That it has a window, nothing else to fill in, and is PromQL with one. */
function checkQuery(query: string, path: Path, taker: NoteTaker): void {
  const filled = windowed(query, "5m");
  if (filled === query.trim())
    taker.refuse(path, "the query has no `{{.window}}`: without it every window would be the same");
  else if (/\{\{/.test(filled))
    taker.refuse(path, "the query has a template action other than `{{.window}}`, which nobody can fill in here");
  else {
    const fault = promqlFault(filled);
    if (fault !== undefined)
      taker.refuse(path, `the query cannot be read as PromQL at ${fault.line}:${fault.column} of it`);
  }
}
