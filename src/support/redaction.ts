import { BackfeedError } from "./errors.ts";
import { compileCustomPattern } from "./redaction-custom.ts";
import { findMembers } from "./redaction-members.ts";
import { findSecrets, ownSecret, secretForms } from "./redaction-secrets.ts";
import type { Detector, RedactionPattern, Span } from "./redaction-span.ts";
import { findEmails, findTokens } from "./redaction-tokens.ts";

export interface RedactorOptions {
  /** At most 50, each at most 500 characters. */
  readonly patterns?: readonly RedactionPattern[];
  /** Every secret the service loads; found in plain, URL-encoded, base64 and JSON-escaped form. */
  readonly secrets?: readonly string[];
  /** Replace e-mail addresses too. Default false: they are often what an event is about. */
  readonly emails?: boolean;
  /** Characters of a text that are looked at; what is beyond is cut off and marked. Default 1,000,000. */
  readonly maxLength?: number;
}

export interface Redactor {
  /** The text without secrets. Redacting twice gives the same as once. */
  redact(text: string): string;
  /** Takes secrets learned later (a rotated token file). */
  addSecret(secret: string): void;
}

const defaultMaxLength = 1_000_000;
const maxPatterns = 50;
/** How far behind the cut a secret may end and still be seen whole. */
const lookBehindCut = 8_192;
const cutMark = "… <cut>";
/** What stands where a secret was: such a text cannot be searched for any more. */
export function holdsRedaction(text: string): boolean {
  return /<(?:secret|redacted:[a-z0-9-]+)>/.test(text);
}

const alreadyRedacted = /^<(?:redacted:[a-z0-9-]+|secret)>$/;

/**
 * Builds the one function that every text from logs, labels, Jira or the web passes before it is hashed, stored, rendered
 * or sent. docs/redaction.md lists what it finds. Time is linear in the length of the text.
 * Throws `configuration` for a pattern that is not accepted.
 */
export function createRedactor(options: RedactorOptions = {}): Redactor {
  const maxLength = options.maxLength ?? defaultMaxLength;
  const patterns = options.patterns ?? [];
  if (patterns.length > maxPatterns) {
    throw new BackfeedError(
      "configuration",
      `redaction: ${patterns.length} patterns, at most ${maxPatterns} are allowed`,
    );
  }
  const custom = patterns.map((pattern) => compileCustomPattern(pattern));
  const detectors: Detector[] = [findTokens, findMembers, ...(options.emails === true ? [findEmails] : []), ...custom];
  const known = new Map<string, readonly string[]>();
  const addSecret = (secret: string) => {
    if (secret.trim() !== "" && !known.has(secret)) known.set(secret, secretForms(secret));
  };
  for (const secret of options.secrets ?? []) addSecret(secret);

  return {
    addSecret,
    redact(text) {
      const seen = text.length > maxLength ? text.slice(0, maxLength + lookBehindCut) : text;
      const secrets = findSecrets(seen, [...known.values()].flat());
      const spans = secrets.concat(...detectors.map((find) => find(seen)));
      const redacted = replaceSpans(seen, spans, maxLength);
      return text.length > maxLength ? redacted + cutMark : redacted;
    },
  };
}

/** Overlapping finds become one replacement, named by the first: exact secrets first, then in the order of detectors. */
function replaceSpans(text: string, spans: readonly Span[], maxLength: number): string {
  const ordered = spans
    .filter((span) => span.from < maxLength && !alreadyRedacted.test(text.slice(span.from, span.to)))
    .map((span, rank) => ({ ...span, rank }))
    .sort((a, b) => a.from - b.from || a.rank - b.rank);
  let result = "";
  let position = 0;
  for (let next = 0; next < ordered.length; ) {
    let chosen = ordered[next];
    if (chosen === undefined) break;
    const from = chosen.from;
    let to = chosen.to;
    next += 1;
    for (let other = ordered[next]; other !== undefined && other.from < to; other = ordered[next]) {
      to = Math.max(to, other.to);
      if (other.rank < chosen.rank) chosen = other;
      next += 1;
    }
    result += `${text.slice(position, from)}${chosen.name === ownSecret ? "<secret>" : `<redacted:${chosen.name}>`}`;
    position = to;
  }
  return result + text.slice(position, Math.max(position, Math.min(text.length, maxLength)));
}
