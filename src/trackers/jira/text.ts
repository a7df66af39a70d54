import { cleanText as cleanBounded, cutCodePoints } from "../../support/clean-text.ts";

/** Hostile text as Jira's fields take it. Pure. */

/** Characters of one text that are looked at; budgets cut far below. */
const longestText = 1_000_000;
// Unicode says they are never text, XML (Data Center's backups) cannot hold them.
const noncharacters = /\p{Noncharacter_Code_Point}/gu;

/** Text of any number of lines: `\n` alone ends a line; terminal colours, control characters and lone surrogates are gone. */
export function cleanText(value: string): string {
  return cleanBounded(value, { maxLength: longestText }).replace(noncharacters, "");
}

/** The same on one line: runs of white space become one space, ends are trimmed. */
export function cleanLine(value: string): string {
  return cleanText(value).replace(/\s+/g, " ").trim();
}

/** At most `limit` code points; what is cut ends in `…`. */
export function shorten(value: string, limit: number): string {
  return limit <= 0 ? "" : limit === Infinity ? value : cutCodePoints(value, limit);
}

/** Jira refuses 255 characters and counts UTF-16 units (JIRA.md 2.1), so both are kept: 250 code points, 250 units. */
const summaryLimit = 250;

/** One line for the summary field; never empty. */
export function summaryLine(value: string): string {
  let line = shorten(cleanLine(value), summaryLimit);
  while (line.length > summaryLimit) line = shorten(line, Array.from(line).length - 1);
  return line === "" ? "(no summary)" : line;
}

/** Jira's labels: no white space, at most 255 characters. Undefined when nothing is left of it. */
export function cleanLabel(value: string): string | undefined {
  const label = shorten(cleanLine(value).replace(/\s/g, "-"), 120);
  return label === "" ? undefined : label;
}

/** The URL in its normal form when it is http, https or mailto without control characters; undefined otherwise. */
export function safeUrl(value: string): string | undefined {
  if (value.length > 8_000 || !URL.canParse(value)) return undefined;
  const url = new URL(value);
  const isAllowed = ["http:", "https:", "mailto:"].includes(url.protocol) && url.username === "" && url.password === "";
  return isAllowed ? url.href : undefined;
}
