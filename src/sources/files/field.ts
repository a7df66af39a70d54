/** What a field holds over all files of a table. `NULL`: nothing so far. */
export type FieldType = "BIGINT" | "UBIGINT" | "HUGEINT" | "DOUBLE" | "BOOLEAN" | "VARCHAR" | "NULL";

export interface FieldShape {
  readonly type: FieldType;
  /** Several values in one event, at least in some. */
  readonly list: boolean;
  /** Text in some events, numbers or booleans in others: kept as text, and read as numbers where they are some. */
  readonly mixed: boolean;
}

/** A field as the readers find it: its dotted name and how it is reached in the format. */
export interface FoundField {
  readonly name: string;
  readonly shape: FieldShape;
  readonly access: string;
}

/** A field of a table: a column `c<n>`, so that neither case nor hostile names can make two columns one. */
export interface Column {
  readonly name: string;
  readonly column: string;
  readonly shape: FieldShape;
  /** A JSON event may hold `a.b` both as a flat name and nested. */
  readonly accesses: readonly string[];
}

const integers: ReadonlySet<FieldType> = new Set(["BIGINT", "UBIGINT", "HUGEINT"]);

export function isNumeric(shape: FieldShape): boolean {
  return integers.has(shape.type) || shape.type === "DOUBLE";
}

/** The narrowest shape that holds both. */
export function mergeShapes(a: FieldShape, b: FieldShape): FieldShape {
  const list = a.list || b.list;
  if (a.type === "NULL") return { ...b, list };
  if (b.type === "NULL" || a.type === b.type) return { type: a.type, list, mixed: a.mixed || b.mixed };
  if (integers.has(a.type) && integers.has(b.type)) return { type: "HUGEINT", list, mixed: false };
  if (isNumeric(a) && isNumeric(b)) return { type: "DOUBLE", list, mixed: false };
  return { type: "VARCHAR", list, mixed: true };
}

export function sameShape(a: FieldShape, b: FieldShape): boolean {
  return a.type === b.type && a.list === b.list && a.mixed === b.mixed;
}

function scalarType(shape: FieldShape): string {
  return shape.type === "NULL" ? "VARCHAR" : shape.type;
}

export function columnType(shape: FieldShape): string {
  return shape.list ? `${scalarType(shape)}[]` : scalarType(shape);
}

/** One value as the column holds it; what cannot be read as the type is NULL. */
export function castScalar(text: string, shape: FieldShape): string {
  return scalarType(shape) === "VARCHAR" ? `CAST(${text} AS VARCHAR)` : `TRY_CAST(${text} AS ${scalarType(shape)})`;
}

/** A list without NULLs; an empty one is NULL, as in Elasticsearch: the event lacks the field. */
export function castList(list: string, shape: FieldShape): string {
  const cast = `list_transform(${list}, lambda v: ${castScalar("v", shape)})`;
  return `NULLIF(list_filter(${cast}, lambda v: v IS NOT NULL), CAST([] AS ${columnType(shape)}))`;
}

/** A value as text for labels and samples: whole numbers without a decimal point, as JSON prints them. */
export function scalarText(expression: string, shape: FieldShape): string {
  if (shape.type !== "DOUBLE") return `CAST(${expression} AS VARCHAR)`;
  const whole = `${expression} = trunc(${expression}) AND abs(${expression}) < 1e15`;
  return `CASE WHEN ${whole} THEN CAST(CAST(${expression} AS BIGINT) AS VARCHAR) ELSE CAST(${expression} AS VARCHAR) END`;
}

/** All values of a field as one text. */
export function textOf({ column, shape }: Column): string {
  return shape.list
    ? `list_aggregate(list_transform(${column}, lambda v: ${scalarText("v", shape)}), 'string_agg', ', ')`
    : scalarText(column, shape);
}

/** The numbers of a field, as DOUBLE or DOUBLE[]. */
export function numbersOf(column: Column): string {
  const cast = (value: string) =>
    `CASE WHEN isfinite(TRY_CAST(${value} AS DOUBLE)) THEN TRY_CAST(${value} AS DOUBLE) END`;
  if (!column.shape.list) return cast(column.column);
  return `list_filter(list_transform(${column.column}, lambda v: ${cast("v")}), lambda v: v IS NOT NULL)`;
}

/**
 * Milliseconds since 1970 of a text or number: ISO 8601 (without offset: UTC), or a number of seconds, milliseconds,
 * microseconds or nanoseconds, told apart by size (as milliseconds, 1e11 is 1973; as seconds, the year 5138).
 */
export function epochOf(text: string): string {
  const number = `TRY_CAST(${text} AS DOUBLE)`;
  return `CASE WHEN ${number} IS NULL THEN epoch_ms(TRY_CAST(${text} AS TIMESTAMPTZ))
    WHEN NOT isfinite(${number}) THEN NULL
    WHEN abs(${number}) < 1e11 THEN CAST(floor(round(${number} * 1e6) / 1e3) AS BIGINT)
    WHEN abs(${number}) < 1e14 THEN CAST(floor(${number}) AS BIGINT)
    WHEN abs(${number}) < 1e17 THEN CAST(floor(${number} / 1e3) AS BIGINT)
    ELSE TRY_CAST(floor(${number} / 1e6) AS BIGINT) END`;
}
