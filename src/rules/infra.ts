import type { Filter, Query, SeriesQuery, Where } from "../model/query.ts";
import type { InfraSignal } from "../model/rule.ts";
import { BackfeedError } from "../support/errors.ts";
import { holdsRedaction } from "../support/redaction.ts";
import { type Piece, type QueryLanguage, queryText } from "./query-text.ts";
import { renderPieces, type TemplateContext } from "./templates.ts";

/** Under these of the query DSL a text is a value and nothing else; over them stand only these others. */
const valueQueries = new Set(["term", "terms", "match", "match_phrase", "prefix", "range"]);
const compoundQueries = new Set(["bool", "must", "must_not", "should", "filter", "constant_score", "nested", "query"]);

/**
 * What an infrastructure signal asks for one alert: its templates rendered, each value escaped for the language that it
 * stands in. Throws `rule` for a value that cannot stand where the template has it.
 */
export function renderInfra({ ask }: InfraSignal, context: TemplateContext): SeriesQuery {
  if ("promql" in ask) return { promql: renderQuery("promql", ask.promql, context) };
  const { query, language } = ask;
  const { measure } = query;
  return {
    ...query,
    where: renderWhere(query.where, context),
    filters: query.filters.map((filter) => renderFilter(language, filter, context)),
    measure: measure.kind === "ratio" ? { ...measure, bad: renderFilter(language, measure.bad, context) } : measure,
  } satisfies Query;
}

function renderWhere(where: Where, context: TemplateContext): Where {
  return Object.fromEntries(
    Object.entries(where).map(([field, values]) => [
      field,
      // An exact match is data in every source: nothing is escaped.
      values.map((value) => (typeof value === "string" ? plainText(value, context) : value)),
    ]),
  );
}

/** A condition for one alert. Throws `rule` for a value that cannot stand where it is. */
export function renderFilter(language: QueryLanguage, filter: Filter, context: TemplateContext): Filter {
  if (typeof filter === "string") return renderQuery(language, filter, context);
  return renderObject(filter, context, "compound") as Filter;
}

function renderObject(value: unknown, context: TemplateContext, at: "compound" | "value" | "elsewhere"): unknown {
  if (typeof value === "string") {
    const pieces = cleanPieces(value, context);
    if (at !== "value" && pieces.some(({ kind }) => kind === "value")) {
      throw new BackfeedError("rule", `a value stands only under ${[...valueQueries].join(", ")}`);
    }
    return pieces.map(({ text }) => text).join("");
  }
  if (Array.isArray(value)) return value.map((item) => renderObject(item, context, at));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, renderObject(member, context, stepInto(at, key))]),
  );
}

function stepInto(at: "compound" | "value" | "elsewhere", key: string): "compound" | "value" | "elsewhere" {
  if (at !== "compound") return at;
  return valueQueries.has(key) ? "value" : compoundQueries.has(key) ? "compound" : "elsewhere";
}

function renderQuery(language: QueryLanguage, template: string, context: TemplateContext): string {
  return queryText(language, cleanPieces(template, context));
}

function plainText(template: string, context: TemplateContext): string {
  return cleanPieces(template, context)
    .map(({ text }) => text)
    .join("");
}

/** Nothing matches a value of which a part was taken out. */
function cleanPieces(template: string, context: TemplateContext): readonly Piece[] {
  const pieces = renderPieces(template, context);
  if (pieces.some(({ kind, text }) => kind === "value" && holdsRedaction(text))) {
    throw new BackfeedError("rule", "a secret was taken out of a label, so it cannot be asked for");
  }
  return pieces;
}
