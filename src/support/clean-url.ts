/**
 * An address that people may be sent to: `http:` or `https:`, without user and password, without secrets, not longer than
 * `maxLength`. Else undefined.
 */
export function cleanUrl(
  text: string | null | undefined,
  redact: (text: string) => string,
  maxLength = 1_000,
): string | undefined {
  const written = text?.trim() ?? "";
  if (!URL.canParse(written)) return undefined;
  const url = new URL(written);
  if (url.protocol !== "https:" && url.protocol !== "http:") return undefined;
  url.username = "";
  url.password = "";
  const clean = redact(url.href);
  return clean.length > maxLength || !URL.canParse(clean) ? undefined : clean;
}
