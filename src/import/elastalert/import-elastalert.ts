import { cleanText } from "../../support/clean-text.ts";
import { isMapping } from "../../support/mapping.ts";
import type { YamlDocument } from "../../support/yaml/document.ts";
import type { ImportContext, Imported, ImportedRule, ImportNote } from "../imported.ts";
import { durationText, freeId, idOf, named, scheduleOf } from "../words.ts";
import { both, type Conditions, translateFilters } from "./filters.ts";
import { isEnabled, sayRest } from "./rest.ts";
import { ruleTypes } from "./rule-types.ts";
import { type LayeredRule, Settings, text, texts, timedelta } from "./settings.ts";
import { ticketOf } from "./ticket.ts";
import { titleOf } from "./title.ts";
import type { TypeParts } from "./type-parts.ts";

const minuteMs = 60_000;
/** Types and evidence of ours take names of fields as these are. */
const fieldName = /^[\p{L}_@][\p{L}\p{N}_@/:-]*(\.[\p{L}\p{N}_@/:-]+)*$/u;

/** ElastAlert's own configuration is no rule; its `buffer_time` says what some rules do not. */
export function isElastalertConfig(value: unknown): boolean {
  return isMapping(value) && (value["rules_folder"] !== undefined || value["writeback_index"] !== undefined);
}

/** The global `buffer_time` among some documents, in milliseconds. */
export function bufferOf(documents: readonly YamlDocument[]): number | undefined {
  for (const { value } of documents) {
    if (!isElastalertConfig(value) || !isMapping(value)) continue;
    const read = timedelta.safeParse(value["buffer_time"]);
    if (read.success && read.data > 0) return read.data;
  }
  return undefined;
}

/** Rules of ElastAlert 2, one a document. `taken` are ids that are in use. */
export function importElastalert(
  documents: readonly LayeredRule[],
  context: ImportContext,
  taken: Set<string>,
): Imported {
  const rules: ImportedRule[] = [];
  const notes: ImportNote[] = [];
  for (const layered of documents) {
    const [document] = layered.layers;
    if (document === undefined) continue;
    const settings = new Settings(layered);
    for (const refusal of layered.refused) settings.notes.refuse(["import"], refusal);
    const made = isMapping(document.value) ? convert(settings, document, context, taken) : undefined;
    if (!isMapping(document.value))
      settings.notes.refuse(
        [],
        "this is no rule of ElastAlert: write a mapping with `type`, `index` and what the type needs",
      );
    notes.push(...settings.noted(made?.id));
    if (made === undefined) continue;
    rules.push({
      ...made,
      subject: settings.notes.subject ?? made.id,
      file: document.file,
      ...document.locate([], "value"),
    });
  }
  return { rules, notes };
}

function convert(
  settings: Settings,
  document: YamlDocument,
  context: ImportContext,
  taken: Set<string>,
): Pick<ImportedRule, "id" | "body"> | undefined {
  const { notes } = settings;
  const name = settings.take("name", text, "a name") ?? document.file.replace(/^.*\//, "").replace(/\.ya?ml$/i, "");
  const type = settings.need("type", text, "a type such as `frequency`");
  const read = type === undefined ? undefined : readType(type, settings);
  const index = indexOf(settings);
  const timestamp = timestampOf(settings, context);
  const own = translateFilters(settings.filters("filter"));
  if (own.refused !== undefined) notes.refuse(["filter"], own.refused);
  const keys = settings.take("query_key", texts, "the name of a field, or a list of them") ?? [];
  const parts = read?.(settings, { bufferMs: context.bufferMs });
  const by = parts?.by ?? keys;
  const { owner, ticket } = ticketOf(settings, context);
  const enabled = isEnabled(settings);
  if (parts === undefined || index === undefined || notes.refused) return undefined;
  if (own.filter !== undefined) notes.exact(["filter"], "Elasticsearch is asked it as it is written");
  if (own.exact.length > 0) notes.exact(["filter"], `\`where\` compares ${named(own.exact)} with whole values`);
  if (keys.length > 0 && parts.by === undefined)
    notes.differs(["query_key"], `documents without ${named(by)} are in no alert; ElastAlert counts them together`);
  if (!enabled)
    notes.differs(
      ["is_enabled"],
      "a rule that is switched off is one with `mode: report` here: judged and shown, and nothing is filed",
    );
  const title = titleOf(settings, { name, by, parts, timestamp });
  const why = whyOf(settings, name);
  const fields = includeOf(settings);
  // The field that is new is a label of the alert without being said.
  const signalBy = parts.by === undefined ? by : by.slice(0, -1);
  const schedule = scheduleFor(settings, parts.windowMs);
  sayRest(settings);
  const id = freeId(idOf(name, "elastalert-rule"), taken);
  const body = {
    id,
    title,
    why,
    ...(owner === undefined || owner === context.owner ? {} : { owner }),
    ...(enabled ? {} : { mode: "report" }),
    ...(schedule === undefined ? {} : { schedule }),
    signal: {
      index,
      ...joined(own, parts),
      measure: parts.measure,
      ...(parts.bad === undefined ? {} : { bad: parts.bad }),
      ...(signalBy.length === 0 ? {} : { by: signalBy }),
      window: durationText(parts.windowMs),
    },
    when: parts.when,
    ...(fields.length === 0 ? {} : { evidence: { fields } }),
    ...(Object.keys(ticket).length === 0 ? {} : { ticket }),
  };
  return { id, body };
}

function readType(type: string, { notes }: Settings) {
  if (Object.hasOwn(ruleTypes, type)) return ruleTypes[type];
  if (type.includes("."))
    notes.refuse(
      ["type"],
      `\`${type}\` is a type in Python, which is never run: say in words what it looks for, and write that as a rule`,
    );
  else
    notes.refuse(
      ["type"],
      `there is no type ${JSON.stringify(type)} in ElastAlert 2: it has ${Object.keys(ruleTypes).join(", ")}`,
    );
  return undefined;
}

/** A pattern of days is one of all days: windows are narrowed by the timestamp. */
function indexOf(settings: Settings): string | undefined {
  const index = settings.need("index", text, "an index or pattern");
  const key = "use_strftime_index";
  const isDated = settings.raw(key) === true || String(settings.raw(key)).toLowerCase() === "yes";
  if (index === undefined || !isDated || !index.includes("%")) return index;
  settings.notes.differs(
    ["index"],
    "each `%` of the index is `*`, so days are not chosen by name; Elasticsearch skips those that cannot hold the window",
  );
  return index.replace(/%[a-zA-Z](?:[.\-_/]?%[a-zA-Z])*/g, "*").replace(/\*+/g, "*");
}

/** A source has one timestamp: a rule that goes by another one would be judged by other windows. */
function timestampOf(settings: Settings, { timestamp }: ImportContext): string {
  const own = settings.take("timestamp_field", text, "the name of a field") ?? "@timestamp";
  const type = settings.take("timestamp_type", text, "`iso`") ?? "iso";
  if (type !== "iso")
    settings.notes.differs(
      ["timestamp_type"],
      `the field must be a date in Elasticsearch; \`${type}\` says how ElastAlert read it`,
    );
  if (timestamp !== undefined && own !== timestamp) {
    settings.notes.refuse(
      ["timestamp_field"],
      `it goes by \`${own}\`, and the source by \`${timestamp}\`: add a source with \`timestamp: "${own}"\`, and choose it with --source`,
    );
  }
  return own;
}

function joined(own: Conditions, { conditions = {} }: TypeParts): Conditions {
  const where: Record<string, NonNullable<Conditions["where"]>[string]> = { ...own.where };
  let { filter } = own;
  for (const [field, values] of Object.entries(conditions.where ?? {})) {
    // Both must hold, and a field stands in `where` once.
    if (Object.hasOwn(where, field)) filter = both(filter, { terms: { [field]: values } });
    else where[field] = values;
  }
  if (conditions.filter !== undefined) filter = both(filter, conditions.filter);
  return { ...(Object.keys(where).length === 0 ? {} : { where }), ...(filter === undefined ? {} : { filter }) };
}

function whyOf(settings: Settings, name: string): string {
  const description = settings.take("description", text, "text") ?? "";
  const clean = cleanText(description, { maxLength: 2_000 }).trim();
  return clean === ""
    ? `The rule ${cleanText(name, { maxLength: 200, singleLine: true })} of ElastAlert says no more than its name.`
    : clean;
}

function includeOf(settings: Settings): readonly string[] {
  const include = settings.take("include", texts, "a list of fields") ?? [];
  const fields = include.filter((field) => fieldName.test(field)).slice(0, 20);
  if (fields.length > 0) settings.notes.exact(["include"], "`evidence.fields`");
  if (fields.length < include.length)
    settings.notes.differs(["include"], "fields with wildcards, and more than 20, are left out");
  return fields;
}

/** The hours that it runs in, or a step as short as its window. */
function scheduleFor(settings: Settings, windowMs: number): string | undefined {
  const hours = settings.take("limit_execution", text, "a cron expression");
  if (hours !== undefined) {
    settings.notes.differs(
      ["limit_execution"],
      "it is the schedule, in UTC unless `timezone` says otherwise: between its hours nothing is judged, and what fires stays so",
    );
    return hours;
  }
  return windowMs >= minuteMs ? undefined : scheduleOf(windowMs).cron;
}
