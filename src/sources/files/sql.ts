/** A text literal; no text can end it. DuckDB's parser takes no NUL in a statement, so one is written as `chr(0)`. */
export function quoteText(text: string): string {
  const quoted = text.split("\0").map((part) => `'${part.replaceAll("'", "''")}'`);
  return quoted.length === 1 ? (quoted[0] ?? "''") : `(${quoted.join(" || chr(0) || ")})`;
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteList(texts: readonly string[]): string {
  return `[${texts.map(quoteText).join(", ")}]`;
}

/** A number literal; undefined for what SQL has no literal for. */
export function quoteNumber(value: number): string | undefined {
  if (!Number.isFinite(value)) return undefined;
  return Number.isSafeInteger(value) ? `${value}` : `${value}::DOUBLE`;
}
