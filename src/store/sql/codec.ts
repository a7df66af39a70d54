import { BackfeedError } from "../../support/errors.ts";
import { isMapping } from "../../support/mapping.ts";

/** The version that bodies are written in. A reader takes its own and older ones. */
const version = 1;
/** Longest body in characters: far above any real row, so that reaching it is a fault to hear of. */
const maxBodyLength = 16_000_000;

/** Which members a stored value must have, and of which type. Light on purpose: this is our own writing. */
export type Shape<Value> = Readonly<{
  [Member in keyof Value]?: "string" | "number" | "boolean" | "object" | "array";
}>;

/**
 * A value as the JSON text that is stored: an envelope with a version. Hostile text survives, since JSON escapes lone
 * surrogates and control characters. Throws `internal` for a number that JSON cannot hold (it would come back as
 * null), `limit` for a value too large.
 */
export function encode(value: unknown): string {
  requirePlain(value);
  const text = `{"v":${version},"body":${JSON.stringify(value)}}`;
  if (text.length > maxBodyLength) {
    throw new BackfeedError("limit", `a value of ${text.length} characters is too large to store (${maxBodyLength})`);
  }
  return text;
}

/** Reads what `encode` wrote. Throws `internal`, naming table and key, when the row is not readable. */
export function decode<Value>(text: string, shape: Shape<Value>, table: string, key: string): Value {
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch (cause) {
    throw unreadable(table, key, "it is not JSON", cause);
  }
  if (!isMapping(stored) || stored["v"] !== version) throw unreadable(table, key, "its version is not known");
  const body = stored["body"];
  if (!isMapping(body)) throw unreadable(table, key, "it has no body");
  for (const [member, type] of Object.entries(shape)) {
    const value = body[member];
    const fits = type === "array" ? Array.isArray(value) : typeof value === type && value !== null;
    if (!fits) throw unreadable(table, key, `member ${member} is missing or not of type ${type}`);
  }
  // What we wrote ourselves, checked by its shape: the types of its depth are trusted.
  return body as Value;
}

export function unreadable(table: string, key: string, why: string, cause?: unknown): BackfeedError {
  return new BackfeedError("internal", `the row ${key} of table ${table} cannot be read: ${why}`, {
    facts: { table, key },
    cause,
  });
}

/** Any text as a column that keeps it whole. */
export function encodeText(text: string): string {
  return JSON.stringify(text);
}

export function decodeText(stored: string, table: string, key: string): string {
  try {
    const text: unknown = JSON.parse(stored);
    if (typeof text === "string") return text;
  } catch {
    // reported below
  }
  throw unreadable(table, key, "a text is not JSON");
}

/**
 * A text that rows are found by, as it is. Throws `internal` for what a database would change or refuse (NUL, lone
 * surrogates) or should not index: two keys must never become one.
 */
export function keyText(text: string, what: string): string {
  if (typeof text !== "string") throw new BackfeedError("internal", `the ${what} is missing`);
  if (text.length > 2_000) throw new BackfeedError("limit", `the ${what} is longer than 2,000 characters`);
  if (text.includes("\0") || /\p{Cs}/u.test(text)) {
    throw new BackfeedError("internal", `the ${what} holds a character that cannot be stored: ${JSON.stringify(text)}`);
  }
  return text;
}

/** A number that rows are ordered by. Throws `internal` for NaN and infinities. */
export function keyNumber(value: number, what: string): number {
  if (!Number.isFinite(value)) throw new BackfeedError("internal", `the ${what} is not a finite number: ${value}`);
  return value;
}

function requirePlain(value: unknown): void {
  if (typeof value === "number") {
    if (!Number.isFinite(value))
      throw new BackfeedError("internal", `a number is not finite and cannot be stored: ${value}`);
  } else if (Array.isArray(value)) {
    for (const item of value) requirePlain(item);
  } else if (typeof value === "object" && value !== null) {
    for (const member of Object.values(value)) requirePlain(member);
  }
}
