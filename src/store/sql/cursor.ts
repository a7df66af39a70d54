import { BackfeedError } from "../../support/errors.ts";
import type { Page, PageRequest } from "../store.ts";

/** Most items a page gives, whatever is asked for. */
const maxPage = 1_000;

/** Where a page ended: the values that the list is ordered by. */
export type Position = readonly (string | number)[];

/**
 * Opaque text of a position in one list. A list is read by what comes after a position, not by counting, so rows that
 * are added meanwhile move nothing.
 */
function encodeCursor(list: string, position: Position): string {
  return Buffer.from(JSON.stringify([list, ...position])).toString("base64url");
}

type TypeName = "number" | "string";
type PositionOf<Types extends readonly TypeName[]> = {
  readonly [Index in keyof Types]: Types[Index] extends "number" ? number : string;
};

/** Where to go on. Throws `invalid_request` for a cursor of another list, or none. */
export function startOf<const Types extends readonly TypeName[]>(
  list: string,
  request: PageRequest,
  types: Types,
): PositionOf<Types> | undefined {
  const { cursor } = request;
  if (cursor === undefined) return undefined;
  const stored = cursor.length > 4_000 ? undefined : decodeCursor(cursor);
  const [name, ...position] = Array.isArray(stored) ? stored : [];
  if (name === list && fits(position, types)) return position;
  throw new BackfeedError("invalid_request", "the cursor is not one that this list gave", { facts: { at: "cursor" } });
}

function decodeCursor(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}

function fits<Types extends readonly TypeName[]>(position: unknown, types: Types): position is PositionOf<Types> {
  return (
    Array.isArray(position) &&
    position.length === types.length &&
    types.every((type, index) => typeof position[index] === type)
  );
}

/** How many rows to ask for: one more than the page holds, to know whether it is the last. */
export function rowLimit(request: PageRequest): number {
  return pageSize(request) + 1;
}

function pageSize(request: PageRequest): number {
  return Math.min(Math.max(Math.trunc(request.limit) || 1, 1), maxPage);
}

/** The page of these rows, read as values; unreadable rows are missing from it, the position goes on. */
export function pageOf<Row, Item>(options: {
  list: string;
  request: PageRequest;
  rows: readonly Row[];
  position: (row: Row) => Position;
  read: (rows: readonly Row[]) => readonly Item[];
}): Page<Item> {
  const size = pageSize(options.request);
  const rows = options.rows.slice(0, size);
  const last = rows.at(-1);
  const more = options.rows.length > size && last !== undefined;
  return {
    items: options.read(rows),
    next: more ? encodeCursor(options.list, options.position(last)) : undefined,
  };
}
