import { type Span, spansOf } from "./redaction-span.ts";

interface TokenPattern {
  readonly name: string;
  /**
   * Global. Either bounded, or it may start only where the run of its own characters starts (look-behind), so that a
   * hostile line is walked once and not once per position. `(?<value>…)`, where present, stands at the end of the match.
   */
  readonly pattern: RegExp;
  readonly accept?: (match: string) => boolean;
}

/** Formats as their issuers document them; docs/redaction.md is this table for people. */
const tokenPatterns: readonly TokenPattern[] = [
  { name: "jwt", pattern: /(?<![\w-])eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*){0,3}/g },
  { name: "aws-access-key", pattern: /(?<![A-Z0-9])(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[A-Z0-9]{16}(?![A-Z0-9])/g },
  { name: "github-token", pattern: /(?<!\w)(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,})/g },
  { name: "gitlab-token", pattern: /(?<![\w-])gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|oas)-[\w-]{16,}/g },
  { name: "slack-token", pattern: /(?<![\w-])(?:xox[abceoprs]|xapp)-[\w-]{10,}/g },
  { name: "slack-webhook", pattern: /hooks\.slack\.com\/(?:services|workflows)\/(?<value>[\w/]{20,200})/g },
  { name: "stripe-key", pattern: /(?<!\w)(?:[sr]k_(?:live|test)_|whsec_)[A-Za-z0-9]{10,}/g },
  { name: "google-key", pattern: /(?<![\w-])(?:AIza[\w-]{35}|GOCSPX-[\w-]{20,}|ya29\.[\w-]{20,})/g },
  { name: "atlassian-token", pattern: /(?<![\w-])ATATT3[\w=-]{20,}/g },
  { name: "npm-token", pattern: /(?<!\w)npm_[A-Za-z0-9]{36}/g },
  {
    name: "authorization",
    pattern: /(?<!\w)(?:bearer|basic)[ \t]{1,4}(?<value>(?<![\w+/=.~-])[\w+/=.~-]{8,})/gi,
    accept: looksRandom,
  },
  {
    name: "card",
    pattern: /(?<![\w.])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|\d{4}([ -])\d{6}\2\d{4,5})(?![\w])/g,
    accept: isCardNumber,
  },
];

const emailPattern = /(?<![\w.%+-])[\w.%+-]+@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}/g;

export function findTokens(text: string): Span[] {
  const tokens = tokenPatterns.map(({ name, pattern, accept }) => spansOf(text, pattern, name, accept));
  return findPrivateKeys(text).concat(...tokens, findUrlPasswords(text));
}

export function findEmails(text: string): Span[] {
  return text.includes("@") ? spansOf(text, emailPattern, "email") : [];
}

/** From BEGIN to END; a block that was cut off before its END is hidden to the end of the text. */
function findPrivateKeys(text: string): Span[] {
  const spans: Span[] = [];
  const begin = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
  for (let match = begin.exec(text); match !== null; match = begin.exec(text)) {
    const end = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
    end.lastIndex = begin.lastIndex;
    const to = end.exec(text) === null ? text.length : end.lastIndex;
    spans.push({ from: match.index, to, name: "private-key" });
    begin.lastIndex = to;
  }
  return spans;
}

/** The password of `scheme://user:password@host`, also when it holds an unescaped `/`, `?`, `#` or `@`. */
function findUrlPasswords(text: string): Span[] {
  const spans: Span[] = [];
  const userinfo = /:\/\/[^\s/?#:@"'<>`]{0,128}:(?<value>[^\s"'<>`]{1,256})/g;
  for (let match = userinfo.exec(text); match !== null; match = userinfo.exec(text)) {
    const rest = match.groups?.["value"] ?? "";
    const from = match.index + match[0].length - rest.length;
    const authority = /^[^/?#]*/.exec(rest)?.[0] ?? "";
    // A port is digits up to the path: then an @ further on belongs to the path or query, not to a password.
    const searched = authority.includes("@") || /^\d*$/.test(authority) ? authority : (rest.split("://")[0] ?? rest);
    const at = searched.lastIndexOf("@");
    if (at > 0) spans.push({ from, to: from + at, name: "url-password" });
    userinfo.lastIndex = from + Math.max(1, at);
  }
  return spans;
}

/** Tells a token from an English word after `basic` or `bearer`. */
function looksRandom(word: string): boolean {
  return word.length >= 20 || /[\d=+/_~]/.test(word) || /[a-z][A-Z]/.test(word);
}

/** Luhn's check over 13 to 19 digits whose first digits belong to a card network (ISO/IEC 7812: 3 to 6, and 2221 to 2720). */
function isCardNumber(text: string): boolean {
  const digits = text.replace(/[ -]/g, "");
  if (digits.length < 13 || digits.length > 19) return false;
  const issuer = Number(digits.slice(0, 4));
  if (!/^[3-6]/.test(digits) && !(issuer >= 2221 && issuer <= 2720)) return false;
  let sum = 0;
  for (let place = 0; place < digits.length; place += 1) {
    const digit = Number(digits[digits.length - 1 - place]);
    const doubled = place % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0 && !/^(\d)\1*$/.test(digits);
}
