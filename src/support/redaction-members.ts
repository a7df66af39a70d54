import type { Span } from "./redaction-span.ts";

/**
 * Names whose value is a secret, in `name=value`, `name: value`, `"name": "value"`, also as the end of a longer name
 * (`db_password`, `X-Api-Key`). The name must be followed by the separator, so `tokens` or `token_count` are none.
 */
const nameAndSeparator =
  /(?:(?<password>passw(?:or)?d|passphrase|pwd)|(?<secret>secret(?:[_-]?access)?(?:[_-]?key)?)|(?<token>token)|(?<key>(?:api|access|private)[_-]?key)|(?<authorization>authorization)|(?<cookie>cookie))["'\\]{0,8}[ \t]{0,8}(?:=>|:=|[:=]|%3[AaDd])[ \t]{0,8}/gi;

const harmless = /^(?:null|undefined|none|nil|true|false|yes|no|-)$/i;
const oneTokenScheme = /(?:bearer|basic|token|negotiate|apikey|api-key|key)[ \t]{1,8}/iy;
const manyPartsScheme = /(?:digest|aws4-hmac-sha256|hmac|signature|oauth|hawk)[ \t]/iy;
const maxNested = 1_024;

/** Whether a member of this name is hidden whatever its value looks like: for structured data, before it becomes text. */
export function isSecretName(name: string): boolean {
  nameAndSeparator.lastIndex = 0;
  const found = nameAndSeparator.exec(`${name}=`);
  return found !== null && found.index + found[0].length === name.length + 1;
}

export function findMembers(text: string): Span[] {
  const spans: Span[] = [];
  nameAndSeparator.lastIndex = 0;
  for (let match = nameAndSeparator.exec(text); match !== null; match = nameAndSeparator.exec(text)) {
    const kind = Object.entries(match.groups ?? {}).find(([, value]) => value !== undefined)?.[0] ?? "secret";
    const found = readValue(text, match.index + match[0].length, kind);
    if (found.to > found.from && !harmless.test(text.slice(found.from, Math.min(found.to, found.from + 16)))) {
      spans.push({ from: found.from, to: found.to, name: kind === "key" ? "api-key" : kind });
    }
    // Going on behind the value keeps the whole walk linear: no character is read for two names.
    nameAndSeparator.lastIndex = Math.max(nameAndSeparator.lastIndex, found.to);
  }
  return spans;
}

interface Value {
  readonly from: number;
  readonly to: number;
}

function readValue(text: string, start: number, kind: string): Value {
  let backslashes = 0;
  while (backslashes < 64 && text[start + backslashes] === "\\") backslashes += 1;
  const quote = text[start + backslashes];
  if (quote === '"' || quote === "'") return readQuoted(text, start + backslashes + 1, quote, backslashes);
  if (quote === "[" || quote === "{") return readNested(text, start);
  if (kind === "cookie") return readTo(text, start, /[\r\n"'\\]|$/g);
  if (kind === "authorization") {
    oneTokenScheme.lastIndex = start;
    const scheme = oneTokenScheme.exec(text);
    if (scheme !== null) return readWord(text, start + scheme[0].length);
    manyPartsScheme.lastIndex = start;
    if (manyPartsScheme.test(text)) return readTo(text, start, /[\r\n]|$/g);
  }
  return readWord(text, start);
}

/** Up to the quote escaped as deep as the opening one; a text that was cut inside the value is hidden to the line's end. */
function readQuoted(text: string, from: number, quote: string, depth: number): Value {
  let backslashes = 0;
  for (let at = from; at < text.length; at += 1) {
    const character = text[at];
    if (character === "\n") return { from, to: at };
    if (character === "\\") {
      backslashes += 1;
      continue;
    }
    if (character === quote) {
      const closes = depth === 0 ? backslashes % 2 === 0 : backslashes <= depth;
      if (closes) return { from, to: depth === 0 ? at : at - backslashes };
    }
    backslashes = 0;
  }
  return { from, to: text.length };
}

/** `{…}` or `[…]`, counted by brackets, at most 1,024 characters. */
function readNested(text: string, from: number): Value {
  let depth = 0;
  const last = Math.min(text.length, from + maxNested);
  for (let at = from; at < last; at += 1) {
    const character = text[at];
    if (character === "{" || character === "[") depth += 1;
    if (character === "}" || character === "]") depth -= 1;
    if (depth === 0) return { from, to: at + 1 };
  }
  return { from, to: last };
}

/** An unquoted value: to the next blank, quote, `&` or `;`. A comma may belong to a password, so it ends none. */
function readWord(text: string, from: number): Value {
  const value = readTo(text, from, /[\s&;"'`]|$/g);
  const word = text.slice(value.from, value.to);
  if (/^<(?:redacted:[a-z0-9-]+|secret)>/.test(word)) return { from, to: from + word.indexOf(">") + 1 };
  let to = value.to;
  while (to > from && ",)]}\\>".includes(text[to - 1] ?? "")) to -= 1;
  return { from, to };
}

function readTo(text: string, from: number, end: RegExp): Value {
  end.lastIndex = from;
  return { from, to: end.exec(text)?.index ?? text.length };
}
