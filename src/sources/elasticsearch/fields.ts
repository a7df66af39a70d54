import type { QueryFailure } from "../../model/query.ts";
import type { Clock } from "../../support/clock.ts";
import { minute } from "../../support/duration.ts";
import type { Logger } from "../../support/logging.ts";
import { stopped } from "../limiter.ts";
import type { Connection } from "./connection.ts";
import { RequestFailed } from "./failure.ts";

/** How a field is compared exactly. */
export interface ExactField {
  /** The field itself, or its `.keyword` beside a text. */
  readonly name: string;
  /** Elasticsearch's type; undefined where no index of the target has the field. */
  readonly type: string | undefined;
  /** Whether a bucket's key is the text of the value asked for: then a family may share one `terms`. */
  readonly keysAreValues: boolean;
  /** Why it cannot be compared exactly; undefined when it can. */
  readonly problem: string | undefined;
}

/** The exact fields of one target. One object until something is learned, so that what derives from it may be kept. */
export type FieldMap = ReadonlyMap<string, ExactField>;

/** Type names by field, as field capabilities list them. */
export type FieldTypes = ReadonlyMap<string, readonly string[]>;

const keepKnown = 10 * minute;
/** A field that nobody has may appear with the next document. */
const keepUnknown = minute;
/** Rules come and go with reloads: beyond this all is forgotten and learned anew. */
const mostFields = 2_000;
const integerTypes = new Set(["long", "integer", "short", "byte"]);
const textTypes = new Set(["text", "match_only_text", "annotated_text"]);
const longestPath = 3_000;

/** What a field is for exact comparison, from the types that the target's indices give it and its `.keyword`. Pure. */
export function exactField(field: string, types: FieldTypes, normalized: ReadonlySet<string> | "unknown"): ExactField {
  const own = types.get(field) ?? [];
  const keyword = `${field}.keyword`;
  const isText = own.some((type) => textTypes.has(type));
  if (isText && (types.get(keyword) ?? []).length === 0) {
    const problem = `${field} is analysed text: it cannot be compared exactly. Use a keyword field, or a \`filter\` such as ${field}:"words"`;
    return { name: field, type: "text", keysAreValues: false, problem };
  }
  const others = own.filter((type) => !textTypes.has(type) && type !== "object" && type !== "nested");
  if (isText && others.length > 0) {
    // The .keyword is beside the text only: asked for, it would leave out every event of the other indices, unseen.
    const problem = `${field} is analysed text in some of these indices and ${others.join(" and ")} in others: no one field compares it exactly in all. Narrow \`index\` to those that map it alike`;
    return { name: field, type: "mixed", keysAreValues: false, problem };
  }
  const name = isText ? keyword : field;
  const kinds = isText ? (types.get(keyword) ?? []) : own;
  const type = kinds.length === 1 ? kinds[0] : kinds.length === 0 ? undefined : "mixed";
  return { name, type, keysAreValues: keysAreValues(name, type, normalized), problem: undefined };
}

function keysAreValues(name: string, type: string | undefined, normalized: ReadonlySet<string> | "unknown"): boolean {
  if (type === undefined || type === "boolean" || integerTypes.has(type)) return true;
  if (type === "constant_keyword") return true;
  // A normalizer makes Checkout match checkout, but the bucket is then called checkout: only asking alone is right.
  return type === "keyword" && normalized !== "unknown" && !normalized.has(name);
}

interface Known {
  map: Map<string, ExactField>;
  readonly askedAt: Map<string, number>;
}

/** Learns fields by field capabilities and keeps them for ten minutes. */
export function createFieldCache({
  connection,
  clock,
  logger,
}: {
  connection: Connection;
  clock: Clock;
  logger: Logger;
}) {
  const targets = new Map<string, Known>();

  const learn = async (
    target: string,
    fields: readonly string[],
    known: Known,
    signal: AbortSignal,
  ): Promise<number> => {
    const [types, normalized] = await Promise.all([
      askTypes(connection, target, fields, signal),
      askNormalized({ connection, logger, target, fields, signal }),
    ]);
    const now = clock.now();
    const map = new Map(known.map);
    for (const field of fields) {
      map.set(field, exactField(field, types, normalized.names));
      known.askedAt.set(field, now);
    }
    if (!sameFields(map, known.map)) known.map = map;
    return 1 + normalized.requests;
  };

  return {
    /** The exact fields of a target, asking only for what is not known. A failure is given, not thrown. */
    async resolve(
      target: string,
      fields: ReadonlySet<string>,
      signal: AbortSignal,
    ): Promise<{ fields: FieldMap | QueryFailure; requests: number }> {
      const known = targets.get(target) ?? { map: new Map(), askedAt: new Map() };
      targets.set(target, known);
      const now = clock.now();
      const isStale = (field: string) => {
        const age = now - (known.askedAt.get(field) ?? Number.NEGATIVE_INFINITY);
        return age < 0 || age >= (known.map.get(field)?.type === undefined ? keepUnknown : keepKnown);
      };
      const missing = [...fields].filter(isStale);
      if (missing.length === 0) return { fields: known.map, requests: 0 };
      try {
        // All at once, so that they do not grow stale one by one, a request each.
        if (known.map.size > mostFields) known.map = new Map();
        const requests = await learn(target, [...new Set([...missing, ...known.map.keys()])], known, signal);
        return { fields: known.map, requests };
      } catch (error) {
        if (signal.aborted) throw stopped(error);
        if (error instanceof RequestFailed) return { fields: error.failure, requests: 2 };
        throw error;
      }
    },
  };
}

export type FieldCache = ReturnType<typeof createFieldCache>;

/** `a.b.c` is in `a.b` and in `a`. */
export function enclosingFields(field: string): readonly string[] {
  const parts = field.split(".");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("."));
}

/** The types of fields, of their `.keyword` and of what they are in. Throws RequestFailed. */
export async function askTypes(
  connection: Connection,
  target: string,
  fields: readonly string[],
  signal: AbortSignal,
): Promise<FieldTypes> {
  const answer = await connection.request(
    {
      method: "POST",
      target,
      path: `/${encodeURIComponent(target)}/_field_caps`,
      querystring: { allow_no_indices: "false", filter_path: "fields.*.*.type" },
      body: JSON.stringify({
        fields: [...new Set(fields.flatMap((field) => [field, `${field}.keyword`, ...enclosingFields(field)]))],
      }),
    },
    signal,
  );
  const found = (answer as { fields?: Record<string, Record<string, unknown>> } | null)?.fields ?? {};
  return new Map(
    Object.entries(found).map(([field, types]) => [field, Object.keys(types).filter((type) => type !== "unmapped")]),
  );
}

/** The indices of a target that do not map the field; none where no index does. Throws RequestFailed. */
export async function askUnmapped(
  connection: Connection,
  target: string,
  field: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const answer = await connection.request(
    {
      method: "POST",
      target,
      path: `/${encodeURIComponent(target)}/_field_caps`,
      querystring: { allow_no_indices: "false", include_unmapped: "true", filter_path: "fields.*.unmapped.indices" },
      body: JSON.stringify({ fields: [field] }),
    },
    signal,
  );
  const { fields } = (answer ?? {}) as { fields?: Record<string, { unmapped?: { indices?: readonly string[] } }> };
  return fields?.[field]?.unmapped?.indices ?? [];
}

/** Which of the fields have a normalizer. Field capabilities do not tell, and without the right to ask nobody knows. */
export async function askNormalized({
  connection,
  logger,
  target,
  fields,
  signal,
}: {
  connection: Connection;
  logger: Logger;
  target: string;
  fields: readonly string[];
  signal: AbortSignal;
}): Promise<{ names: ReadonlySet<string> | "unknown"; requests: number }> {
  const names = new Set<string>();
  let requests = 0;
  for (const path of mappingPaths(target, fields)) {
    requests += 1;
    try {
      const request = {
        method: "GET",
        target,
        path,
        querystring: { filter_path: "*.mappings.*.mapping.*.normalizer" },
      } as const;
      const answer = (await connection.request(request, signal)) as Record<string, { mappings?: object }> | null;
      for (const index of Object.values(answer ?? {}))
        for (const name of Object.keys(index.mappings ?? {})) names.add(name);
    } catch (error) {
      if (!(error instanceof RequestFailed) || error.failure.code !== "unauthorized") throw error;
      logger.warn(
        "elasticsearch_no_mapping_rights",
        "questions of a family are asked singly: view_index_metadata is missing",
        {
          target,
        },
      );
      return { names: "unknown", requests };
    }
  }
  return { names, requests };
}

function mappingPaths(target: string, fields: readonly string[]): string[] {
  const start = `/${encodeURIComponent(target)}/_mapping/field/`;
  const paths: string[] = [];
  let names = "";
  for (const name of fields.flatMap((field) => [field, `${field}.keyword`]).map(encodeURIComponent)) {
    if (names !== "" && names.length + name.length > longestPath) {
      paths.push(start + names);
      names = "";
    }
    names += names === "" ? name : `,${name}`;
  }
  return names === "" ? paths : [...paths, start + names];
}

function sameFields(a: FieldMap, b: FieldMap): boolean {
  if (a.size !== b.size) return false;
  for (const [name, field] of a) {
    const other = b.get(name);
    if (other === undefined || JSON.stringify(field) !== JSON.stringify(other)) return false;
  }
  return true;
}
