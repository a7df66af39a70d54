/** Cleaning of hostile text before it goes into any field of Jira. Pure. */

// Control characters but tab and newline, bidirectional overrides (text that reads otherwise than it is), byte order marks, noncharacters.
const unwanted = /[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069\ufeff\p{Noncharacter_Code_Point}]/gu;
const loneSurrogate = /\p{Surrogate}/gu;
// Terminal colours and titles, whole: without its escape character the rest of a sequence would stay as text.
const escapeCharacter = String.fromCharCode(0x1b);
const terminalSequence = new RegExp(
  `${escapeCharacter}(?:\\[[0-?]*[ -/]*[@-~]|\\][^\\n]{0,200}?(?:\\x07|${escapeCharacter}\\\\))`,
  "g",
);

/** Text of any number of lines: `\n` alone ends a line; terminal colours, control characters and lone surrogates are gone. */
export function cleanText(value: string): string {
  return value
    .replace(terminalSequence, "")
    .replace(/\r\n?|[\u2028\u2029\u0085]/g, "\n")
    .replace(unwanted, "")
    .replace(loneSurrogate, "\ufffd");
}

/** The same on one line: runs of white space become one space, ends are trimmed. */
export function cleanLine(value: string): string {
  return cleanText(value).replace(/\s+/g, " ").trim();
}

/** At most `limit` code points; what is cut ends in `…`. */
export function shorten(value: string, limit: number): string {
  // No code point takes more than two units, so longer tails need not be looked at.
  const points = Array.from(value.slice(0, limit * 2 + 2));
  return points.length <= limit ? value : `${points.slice(0, Math.max(0, limit - 1)).join("")}…`;
}

/** Jira refuses 255 characters and counts UTF-16 units (JIRA.md 2.1), so both are kept: 250 code points, 250 units. */
export const summaryLimit = 250;

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
