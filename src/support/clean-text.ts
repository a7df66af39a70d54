export interface CleanTextOptions {
  /** Longest result in code points, the mark of the cut included. At least 1. */
  readonly maxLength: number;
  /** Line breaks, tabs and runs of blanks become one blank. Default false. */
  readonly singleLine?: boolean;
}

const cutMark = "…";
const ansiEscape =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: taking control characters out is what this file is for
  /(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]|(?:\x1b[\]PX^_])[^\x07\x1b]{0,1024}(?:\x07|\x1b\\)|\x1b[ -/]{0,8}[0-~]/g;
// Line and paragraph separators are line breaks too; bidirectional controls can make a text read as another one.
const lineBreak = /\r\n?|[\u2028\u2029\u0085]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const control = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/**
 * Makes a hostile text safe to show: no ANSI escapes, no control characters but tab and line break, no bidirectional
 * controls, no lone surrogates (they become U+FFFD), at most `maxLength` code points; what was cut ends in `…`.
 */
export function cleanText(text: string, options: CleanTextOptions): string {
  let clean = text.replace(ansiEscape, "").replace(lineBreak, "\n").replace(control, "");
  clean = clean.replace(/\p{Surrogate}/gu, "\ufffd");
  if (options.singleLine === true) clean = clean.replace(/\s+/g, " ").trim();
  return cutCodePoints(clean, options.maxLength);
}

/** Cuts between code points, never inside one; a cut text ends in `…` and is exactly `maxLength` code points long. */
export function cutCodePoints(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  let units = 0;
  let keep = 0;
  for (let points = 0; units < text.length; points += 1) {
    if (points === maxLength - 1) keep = units;
    if (points === maxLength) return text.slice(0, keep) + cutMark;
    units += (text.codePointAt(units) ?? 0) > 0xffff ? 2 : 1;
  }
  return text;
}
