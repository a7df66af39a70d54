import type { Span } from "./redaction-span.ts";

/** Shorter ones would also hit innocent text, so they count only where they stand alone as a word. */
const minSecretLength = 4;
const minBase64Length = 8;
/** Name of the spans found here; no pattern can have it. */
export const ownSecret = "<secret>";

/** The texts under which a secret may travel: plain, URL-encoded, JSON-escaped, base64 of itself or of a text around it. */
export function secretForms(secret: string): readonly string[] {
  const forms = new Set<string>([secret]);
  const wellFormed = secret.replace(/\p{Surrogate}/gu, "\ufffd");
  const percent = encodeURIComponent(wellFormed);
  // RFC 3986 also encodes what encodeURIComponent leaves alone; forms write a blank as a plus sign.
  const strict = percent.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  for (const encoded of [percent, strict, encodeURI(wellFormed)]) {
    for (const form of [encoded, encoded.replaceAll("%20", "+")]) {
      forms.add(form);
      forms.add(form.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()));
    }
  }
  const escaped = JSON.stringify(secret).slice(1, -1);
  forms.add(escaped);
  forms.add(JSON.stringify(escaped).slice(1, -1));
  forms.add(escaped.replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`));
  forms.add(escaped.replaceAll("/", "\\/"));
  for (const form of base64Forms(Buffer.from(secret, "utf8"))) forms.add(form);
  // A secret file often ends in a line break that the service itself trims.
  if (secret.trim() !== secret) for (const form of secretForms(secret.trim())) forms.add(form);
  return [...forms].sort((a, b) => b.length - a.length);
}

/**
 * Base64 works on three bytes at a time, so inside a longer text (`user:secret`) a secret has one of three forms; the
 * characters at both ends that also depend on its neighbours are left out.
 */
function base64Forms(bytes: Buffer): string[] {
  const forms: string[] = [];
  for (const shift of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const whole = Math.floor(((shift + bytes.length) * 8) / 6);
    const form = encoded.slice(shift === 0 ? 0 : shift + 1, whole);
    if (form.length < minBase64Length) continue;
    forms.push(form, form.replaceAll("+", "-").replaceAll("/", "_"));
    if (shift === 0) forms.push(bytes.toString("base64"), bytes.toString("base64url"));
  }
  return forms;
}

export function findSecrets(text: string, forms: readonly string[]): Span[] {
  const spans: Span[] = [];
  for (const form of forms) {
    for (let from = text.indexOf(form); from >= 0; from = text.indexOf(form, from + form.length)) {
      const to = from + form.length;
      if (form.length >= minSecretLength || standsAlone(text, from, to)) spans.push({ from, to, name: ownSecret });
    }
  }
  return spans;
}

function standsAlone(text: string, from: number, to: number): boolean {
  return !/\w/.test(text[from - 1] ?? " ") && !/\w/.test(text[to] ?? " ");
}
