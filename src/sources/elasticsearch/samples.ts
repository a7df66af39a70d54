import type { Sample, SampleRequest } from "../../model/query.ts";
import { cutCodePoints } from "../../support/clean-text.ts";
import { BackfeedError } from "../../support/errors.ts";
import { holdsPieces } from "../containing.ts";
import type { ElasticsearchContext } from "./elasticsearch-source.ts";
import { scopeOf, searchOnce } from "./evidence-request.ts";
import { queryParts } from "./query-parts.ts";
import { queryJson } from "./search-body.ts";

const mostSamples = 100;
const mostFields = 50;

export interface Hit {
  readonly sort?: readonly unknown[];
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** The newest events of one label set, with no more of each than the fields asked for. Throws BackfeedError. */
export async function askSamples(
  context: ElasticsearchContext,
  request: SampleRequest,
  signal: AbortSignal,
): Promise<readonly Sample[]> {
  const { query, badOnly, window, maxValueLength } = request;
  const { timestamp, timeoutMs } = context.settings;
  const scope = await scopeOf(context, request, signal);
  const { bad } = queryParts(query);
  const clauses = [scope.clauses, badOnly && bad !== undefined ? bad : ""].filter((clause) => clause !== "").join(",");
  const names = (request.fields.length === 0 ? [timestamp, "message"] : request.fields).slice(0, mostFields);
  const fields = names.map((field) =>
    field === timestamp ? { field, format: "strict_date_optional_time" } : { field, include_unmapped: true },
  );
  const sort = [
    { [timestamp]: { order: "desc", format: "epoch_millis", numeric_type: "date", unmapped_type: "date" } },
  ];
  // Phrases may stand in another order than in the pattern, so more are asked for than are wanted.
  const { containing } = query;
  const rest = JSON.stringify({
    size: containing === undefined ? Math.min(request.limit, mostSamples) : mostSamples,
    track_total_hits: false,
    timeout: `${timeoutMs}ms`,
    _source: false,
    fields: containing === undefined ? fields : [...fields, { field: containing.field, include_unmapped: true }],
    sort,
  });
  const body = `${rest.slice(0, -1)},"query":${queryJson(timestamp, window, clauses)}}`;
  const filterPath = ["hits.hits.fields", "hits.hits.sort"];
  const result = await searchOnce(context, { target: query.target, body, filterPath }, signal);
  const isOfPattern = (hit: Hit) =>
    containing === undefined ||
    valuesOf(hit, containing.field).some((text) => holdsPieces(String(text), containing.pieces));
  const hits = hitsOf(result.hits).filter(isOfPattern).slice(0, request.limit);
  return hits.map((hit) => ({
    at: instantOf(hit),
    fields: names.flatMap((name): [string, string][] => {
      const values = valuesOf(hit, name);
      return values.length === 0 ? [] : [[name, cutCodePoints(values.map(print).join(", "), maxValueLength)]];
    }),
  }));
}

export function hitsOf(hits: unknown): readonly Hit[] {
  if (typeof hits !== "object" || hits === null || !("hits" in hits)) return [];
  return Array.isArray(hits.hits) ? hits.hits : [];
}

export function valuesOf({ fields }: Hit, name: string): readonly unknown[] {
  if (fields === undefined || !Object.hasOwn(fields, name)) return [];
  const values = fields[name];
  return (Array.isArray(values) ? values : [values]).filter((value) => value !== null && value !== undefined);
}

function print(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export function instantOf(hit: Hit): number {
  const at = Math.floor(Number(hit.sort?.[0]));
  if (!Number.isFinite(at)) throw new BackfeedError("internal", "a sample came without its instant");
  return at;
}
