import { Liquid, type Template } from "liquidjs";
import type { Labels } from "../model/labels.ts";
import { patternLabel, type Severity } from "../model/rule.ts";
import { cleanText } from "../support/clean-text.ts";
import { BackfeedError } from "../support/errors.ts";
import { didYouMean, listed } from "../support/yaml/closest.ts";
import type { Wrong } from "../support/yaml/fault.ts";
import type { Piece } from "./query-text.ts";
import { templateFilters } from "./template-filters.ts";

/** What a template may name. Label values are hostile: they are data, never template code, and the output is text. */
export interface TemplateContext {
  readonly labels: Labels;
  /** Of a rule about log message patterns: what the pattern's messages have in common. */
  readonly pattern?: string | undefined;
  /** Undefined where nothing was measured; prints as nothing. */
  readonly value: number | undefined;
  readonly threshold: number | undefined;
  /** Length of the window; for `{{ window | duration }}`. */
  readonly windowMs: number;
  readonly rule: { readonly id: string; readonly severity: Severity; readonly owner: string; readonly why: string };
  /** What another system says of an alert that it raises; missing for every other alert. */
  readonly alert?: { readonly summary: string | undefined; readonly description: string | undefined };
  /** `episode.started` (ISO 8601), `episode.duration`, `episode.peak`. */
  readonly episode: { readonly startedAt: number; readonly durationMs: number; readonly peak: number | undefined };
}

/** For link templates: `labels`, `rule`, `source`, `from`, `to` (ISO 8601), `target`, `query`. */
export interface LinkContext {
  readonly labels: Labels;
  readonly rule: { readonly id: string };
  /** The name of the rule's source. */
  readonly source: string;
  readonly from: number;
  readonly to: number;
  readonly target: string;
  /** The query as text in the source's own language. */
  readonly query: string;
}

/** Characters of template text, of output, milliseconds, and liquidjs's own unit of memory (about one per character). */
const limits = { parse: 4_000, render: 1_000, memory: 200_000, output: 20_000, title: 500 };

const refuseFiles = () => {
  throw new Error("templates read no files");
};

function engine(encodeOutput?: (value: unknown) => string): Liquid {
  const liquid = new Liquid({
    strictFilters: true,
    strictVariables: true,
    // An owner's template serves rules with other labels: it may ask whether a label is there.
    lenientIf: true,
    ownPropertyOnly: true,
    cache: false,
    dynamicPartials: false,
    relativeReference: false,
    parseLimit: limits.parse,
    renderLimit: limits.render,
    memoryLimit: limits.memory,
    ...(encodeOutput === undefined ? {} : { outputEscape: encodeOutput }),
    fs: {
      exists: () => Promise.resolve(false),
      existsSync: () => false,
      readFile: refuseFiles,
      readFileSync: refuseFiles,
      resolve: refuseFiles,
    },
  });
  for (const tag of ["include", "render", "layout", "block", "tablerow", "increment", "decrement", "cycle"]) {
    delete liquid.tags[tag];
  }
  for (const [name, filter] of Object.entries(templateFilters)) liquid.registerFilter(name, filter);
  return liquid;
}

const textEngine = engine();
const linkEngine = engine((value) => encodeURIComponent(String(value ?? "")));

/** Brackets around what came out of a value, as hexadecimal code units: whatever it holds, it is told from what was written. */
const [opens, closes] = ["\uE000", "\uE001"];
const queryEngine = engine(
  (value) => `${opens}${Buffer.from(String(value ?? ""), "utf16le").toString("hex")}${closes}`,
);
// What would be text again: a value must come out as one, once.
delete queryEngine.filters["raw"];
delete queryEngine.tags["capture"];

const mostCached = 5_000;
const parsed = new Map<string, Template[]>();

/** Renders a template to text. Throws BackfeedError `rule` with Liquid's own words. */
export function renderText(template: string, context: TemplateContext): string {
  return render(textEngine, template, textScope(context));
}

/**
 * Renders a title to one clean line of at most 500 characters. Never throws: a title that cannot be rendered for these
 * values becomes the rule's id and the labels, because a ticket with a plain title beats none.
 */
export function renderTitle(template: string, context: TemplateContext): string {
  let title: string;
  try {
    title = oneLine(renderText(template, context));
  } catch {
    title = "";
  }
  if (title !== "") return title;
  const labels = Object.entries(context.labels).map(([name, value]) => `${name}=${value}`);
  return oneLine([context.rule.id, ...labels].join(" "));
}

/** Renders all texts within a raw field value; numbers, booleans and structure stay. Throws BackfeedError `rule`. */
export function renderValue(value: unknown, context: TemplateContext): unknown {
  if (typeof value === "string") return renderText(value, context);
  if (Array.isArray(value)) return value.map((item) => renderValue(item, context));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, renderValue(member, context)]));
}

/**
 * Renders a web address; every value put into it is percent-encoded. Empty for one that a condition leaves out. Throws
 * BackfeedError `rule`.
 */
export function renderLink(template: string, context: LinkContext): string {
  const url = render(linkEngine, template, linkScope(context)).trim();
  if (url !== "" && !/^https?:\/\//.test(url)) throw new BackfeedError("rule", "the link begins with no https://");
  return url;
}

/**
 * Renders a template for a query: what was written and what came out of values stay apart, so that whoever makes a query
 * of it can escape the values. Throws BackfeedError `rule`.
 */
export function renderPieces(template: string, context: TemplateContext): readonly Piece[] {
  if (/[\uE000\uE001]/.test(template)) throw new BackfeedError("rule", "the template holds a character of private use");
  return piecesOf(render(queryEngine, template, textScope(context)));
}

function piecesOf(rendered: string): readonly Piece[] {
  const parts = rendered.split(/\uE000([0-9a-f]*)\uE001/);
  if (parts.some((part) => part.includes(opens) || part.includes(closes))) {
    throw new BackfeedError("rule", `the query is longer than ${limits.output} characters`);
  }
  return parts.flatMap((part, place): Piece[] => {
    if (place % 2 === 1) return [{ kind: "value", text: Buffer.from(part, "hex").toString("utf16le") }];
    return part === "" ? [] : [{ kind: "written", text: part }];
  });
}

function oneLine(text: string): string {
  return cleanText(text, { maxLength: limits.title, singleLine: true });
}

function render(liquid: Liquid, template: string, scope: object): string {
  try {
    const key = `${liquid === linkEngine ? "link" : liquid === queryEngine ? "query" : "text"}\n${template}`;
    let templates = parsed.get(key);
    if (templates === undefined) {
      templates = liquid.parse(template);
      if (parsed.size >= mostCached) parsed.clear();
      parsed.set(key, templates);
    }
    return String(liquid.renderSync(templates, scope)).slice(0, limits.output);
  } catch (cause) {
    throw new BackfeedError("rule", `the template cannot be rendered: ${liquidMessage(cause)}`, { cause });
  }
}

function textScope(context: TemplateContext): object {
  return {
    labels: context.labels,
    pattern: context.pattern ?? null,
    value: context.value ?? null,
    threshold: context.threshold ?? null,
    window: context.windowMs,
    rule: context.rule,
    alert: { summary: context.alert?.summary ?? null, description: context.alert?.description ?? null },
    episode: {
      started: new Date(context.episode.startedAt).toISOString(),
      duration: context.episode.durationMs,
      peak: context.episode.peak ?? null,
    },
  };
}

function linkScope({ from, to, ...rest }: LinkContext): object {
  return { ...rest, from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}

/** Liquid's message without its position: a title is one line. */
function liquidMessage(thrown: unknown): string {
  const message = thrown instanceof Error ? (thrown.message.split("\n")[0] ?? "") : String(thrown);
  return message.replace(/, line:\d+, col:\d+$/, "").slice(0, 300);
}

/** Which names a template may use, and the labels it can count on; labels undefined: any (an owner serves many rules). */
export interface TemplateNames {
  readonly kind: "text" | "link" | "query";
  readonly labels: readonly string[] | undefined;
}

const textVariables: Readonly<Record<string, readonly string[]>> = {
  labels: [],
  pattern: [],
  value: [],
  threshold: [],
  window: [],
  rule: ["id", "severity", "owner", "why"],
  alert: ["summary", "description"],
  episode: ["started", "duration", "peak"],
};

const variables: Readonly<Record<TemplateNames["kind"], Readonly<Record<string, readonly string[]>>>> = {
  text: textVariables,
  query: textVariables,
  link: { labels: [], rule: ["id"], source: [], from: [], to: [], target: [], query: [] },
};

/**
 * What is wrong with a template, before it is ever used: it does not parse, or names a variable, label or filter that
 * will not be there, in whichever branch; and it is rendered once with sample values.
 */
export function templateFault(template: string, names: TemplateNames): Wrong | undefined {
  const liquid = { link: linkEngine, text: textEngine, query: queryEngine }[names.kind];
  const known = variables[names.kind];
  try {
    const templates = liquid.parse(template);
    for (const segments of liquid.globalVariableSegmentsSync(templates)) {
      const fault = segmentFault(segments, known, names.labels);
      if (fault !== undefined) return fault;
    }
    if (names.labels === undefined) return undefined;
    const labels = Object.fromEntries(names.labels.map((label) => [label, "sample"]));
    liquid.renderSync(templates, names.kind === "link" ? linkScope(sampleLink(labels)) : textScope(sampleText(labels)));
    return undefined;
  } catch (thrown) {
    const [, filter] = /undefined filter: (\S+)/.exec(liquidMessage(thrown)) ?? [];
    if (filter !== undefined) return unknownFilter(filter);
    return { message: `the template does not work: ${liquidMessage(thrown)}`, fix: fixFor(liquidMessage(thrown)) };
  }
}

function segmentFault(
  segments: readonly unknown[],
  known: Readonly<Record<string, readonly string[]>>,
  labels: readonly string[] | undefined,
): Wrong | undefined {
  const [variable, property] = segments;
  if (typeof variable !== "string" || !Object.hasOwn(known, variable)) {
    const hasPattern = labels?.includes(patternLabel) === true;
    return {
      message: `the template names \`${String(variable)}\`, which does not exist`,
      fix: `use ${Object.keys(known)
        .filter((name) => name !== "pattern" || hasPattern)
        .map((name) => `\`${name}\``)
        .join(", ")}`,
    };
  }
  if (variable === "pattern" && labels !== undefined && !labels.includes(patternLabel)) {
    return {
      message: "the template names `pattern`, which only a rule about log message patterns has",
      fix: "leave it out, or write `when: { new: { pattern_of: message } }`",
    };
  }
  if (typeof property !== "string") return undefined;
  if (variable === "labels") return labels === undefined ? undefined : labelFault(segments, labels);
  const properties = known[variable] ?? [];
  if (properties.includes(property)) return undefined;
  return {
    message: `the template names \`${variable}.${property}\`, which does not exist`,
    fix:
      properties.length === 0
        ? `use \`${variable}\` itself`
        : `use ${properties.map((name) => `\`${variable}.${name}\``).join(", ")}`,
  };
}

function labelFault(segments: readonly unknown[], labels: readonly string[]): Wrong | undefined {
  const [, first] = segments;
  if (segments.length === 2 && (first === "size" || labels.includes(String(first)))) return undefined;
  const dotted = segments.slice(1).join(".");
  if (labels.includes(dotted)) {
    return { message: `\`labels.${dotted}\` reads a label inside a label`, fix: `write \`labels["${dotted}"]\`` };
  }
  return {
    message: `the template names the label \`${dotted}\`, which is not in \`signal.by\``,
    fix:
      labels.length === 0
        ? `add \`by: [${dotted}]\` to \`signal\`, or leave the label out`
        : `use ${labels.map((label) => `\`labels["${label}"]\``).join(", ")}, or add it to \`signal.by\``,
  };
}

function unknownFilter(filter: string): Wrong {
  const own = Object.keys(templateFilters);
  return {
    message: `there is no filter \`${filter}\`${didYouMean(filter, Object.keys(textEngine.filters))}`,
    fix: `use ${listed(own)}, or one of Liquid's own filters`,
  };
}

function fixFor(message: string): string {
  if (message.includes("tag ") && message.includes("not found"))
    return "use if, unless, case, for or assign; files cannot be included";
  return "write it as Liquid, for example `{{ value | percent }}`";
}

const sampleInstant = 1_767_225_600_000;

/** For checks: a context of values that may never occur. */
export function sampleText(labels: Labels): TemplateContext {
  return {
    labels,
    ...(labels[patternLabel] === undefined ? {} : { pattern: "sample" }),
    value: 0.08,
    threshold: 0.05,
    windowMs: 300_000,
    rule: { id: "sample", severity: "warning", owner: "default", why: "sample" },
    episode: { startedAt: sampleInstant, durationMs: 600_000, peak: 0.09 },
  };
}

function sampleLink(labels: Labels): LinkContext {
  return {
    labels,
    rule: { id: "sample" },
    source: "logs",
    from: sampleInstant,
    to: sampleInstant + 1,
    target: "logs",
    query: "a: b",
  };
}
