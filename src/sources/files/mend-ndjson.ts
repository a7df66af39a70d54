import { quoteList, quoteText } from "./sql.ts";

/** No JSON line holds this character unescaped, so it parts no event and marks places in one. */
const mark = "\u0001";
/**
 * In bytes; a longer line stays skipped. Memory grows with it, as DuckDB works on blocks of two such lines: with the 16 MB
 * that its JSON reader allows, fifty lines of 1 MB did not fit into 512 MB (DuckDB 1.5.6).
 */
const maxLine = 4 * 1024 * 1024;

const high = "u[dD][89abAB][0-9a-fA-F]{2}";
const low = "u[dD][c-fC-F][0-9a-fA-F]{2}";
const half = String.raw`\\u[dD][89a-fA-F][0-9a-fA-F]{2}`;

/**
 * In this order, over a raw line (RE2 cannot look around): the mark goes behind each escaped backslash and into each pair,
 * so that the halves that are left are alone; these become U+FFFD; the mark goes.
 */
const steps: readonly (readonly [pattern: string, replacement: string])[] = [
  [String.raw`\\\\`, String.raw`\\\\${mark}`],
  [String.raw`\\(${high})\\(${low})`, String.raw`\\${mark}\1\\${mark}\2`],
  [half, String.raw`\\ufffd`],
  [mark, ""],
];

/**
 * A FROM item with `json`: the lines that DuckDB's JSON reader refuses because of half a surrogate pair (`\ud800` alone),
 * which RFC 8259 allows, with U+FFFD in its place; NULL for all other lines.
 */
export function mendedLines(paths: readonly string[]): string {
  const mended = steps.reduce((line, [pattern, replacement]) => {
    return `regexp_replace(${line}, ${quoteText(pattern)}, ${quoteText(replacement)}, 'g')`;
  }, "line");
  // Not strict: a stray carriage return or control character in one line must not fail the file.
  const text = `read_csv(${quoteList(paths)}, columns = {'line': 'VARCHAR'}, auto_detect = false, header = false,
    delim = ${quoteText(mark)}, quote = '', escape = '', strict_mode = false, ignore_errors = true,
    hive_partitioning = false, max_line_size = ${maxLine}, buffer_size = ${2 * maxLine})`;
  // No WHERE: DuckDB gathers what passes one over many blocks, and long lines took 2 GB in spite of its memory limit.
  return `(SELECT CASE WHEN regexp_matches(line, ${quoteText(half)})
    THEN TRY_CAST(NULLIF(${mended}, line) AS JSON) END AS json FROM ${text})`;
}
