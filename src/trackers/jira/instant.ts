/** `2026-01-05T10:00:00.000+0000` as milliseconds since 1970. */
export function instantOf(text: string | null | undefined): number | undefined {
  const instant = Date.parse((text ?? "").replace(/([+-]\d\d)(\d\d)$/, "$1:$2"));
  return Number.isFinite(instant) ? instant : undefined;
}
