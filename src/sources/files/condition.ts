import type { Scalar, Where } from "../../model/query.ts";
import { type Column, isNumeric } from "./field.ts";
import { quoteNumber, quoteText } from "./sql.ts";

/** Finds a column by field name. */
export type FindColumn = (name: string) => Column | undefined;

/** Exact matches as SQL; numbers compare as numbers, text as text. A field that the table lacks matches nothing. */
export function whereSql(where: Where, find: FindColumn): string[] {
  return Object.entries(where).map(([name, values]) => {
    const column = find(name);
    if (column === undefined) return "FALSE";
    const literals = values.flatMap((value) => literalFor(value, column) ?? []);
    if (literals.length === 0) return "FALSE";
    if (column.shape.list) return `COALESCE(list_has_any(${column.column}, [${literals.join(", ")}]), FALSE)`;
    return `COALESCE(${column.column} IN (${literals.join(", ")}), FALSE)`;
  });
}

/** The value as the column's type; undefined where no event can hold it. */
function literalFor(value: Scalar, { shape }: Column): string | undefined {
  if (isNumeric(shape)) {
    const number = numberOf(value);
    if (number === undefined) return undefined;
    // Whole numbers as written: a 64-bit id in a label has more digits than a double.
    if (shape.type !== "DOUBLE" && typeof value === "string" && /^-?\d{1,38}$/.test(value)) return value;
    return quoteNumber(number);
  }
  const text = String(value);
  if (shape.type !== "BOOLEAN") return quoteText(text);
  return text === "true" || text === "false" ? text : undefined;
}

function numberOf(value: Scalar): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "boolean" || value.trim() === "") return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

/** The text that a group has for this value, to find a family's member again; undefined where it has none. */
export function groupTextFor(value: Scalar, { shape }: Column): string | undefined {
  if (isNumeric(shape)) {
    if (typeof value === "string" && /^-?[1-9]\d*$|^0$/.test(value) && shape.type !== "DOUBLE") return value;
    const number = numberOf(value);
    return number === undefined ? undefined : String(number);
  }
  return String(value);
}
