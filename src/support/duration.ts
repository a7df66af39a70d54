const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

export const second = unitMs.s;
export const minute = unitMs.m;
export const hour = unitMs.h;
export const day = unitMs.d;

/** Milliseconds of a duration such as `90s`, `5m`, `1h30m`, `7d`, `4w`; undefined when the text is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(ms|s|m|h|d|w))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|[smhdw])/g)) {
    total += Number(amount) * unitMs[unit as keyof typeof unitMs];
  }
  return Number.isSafeInteger(total) ? total : undefined;
}

/** The same duration for people, in at most two units: `40 min`, `1 h 30 min`, `2 d 3 h`, `15 s`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const parts: string[] = [];
  let rest = Math.round(ms / 1_000) * 1_000;
  for (const [label, size] of [
    ["d", day],
    ["h", hour],
    ["min", minute],
    ["s", second],
  ] as const) {
    const amount = Math.floor(rest / size);
    if (amount > 0) parts.push(`${amount} ${label}`);
    else if (parts.length > 0) break;
    rest -= amount * size;
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}
