import { day, hour, minute, second } from "../support/duration.ts";

const longestId = 100;

/** A name as an id: `HighErrorRate (5m)` is `high-error-rate-5m`; `otherwise` where nothing of it is left. */
export function idOf(name: string, otherwise: string): string {
  const id = name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1-$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, longestId)
    .replace(/^-+|-+$/g, "");
  return id === "" ? otherwise : id;
}

/** An id that is not among `taken`: with `suffix` when it has one, then with a number. Adds it to `taken`. */
export function freeId(id: string, taken: Set<string>, suffix?: string): string {
  const start = (end: string) => `${id.slice(0, longestId - end.length).replace(/-+$/, "")}${end}`;
  const candidates = suffix === undefined ? [id] : [id, start(`-${suffix}`)];
  let free = candidates.find((candidate) => !taken.has(candidate));
  for (let number = 2; free === undefined; number += 1) {
    const candidate = start(`-${number}`);
    if (!taken.has(candidate)) free = candidate;
  }
  taken.add(free);
  return free;
}

/** Milliseconds as a duration of our files, in the largest unit that needs no fraction: `90m`, `1d`. */
export function durationText(ms: number): string {
  for (const [unit, size] of [
    ["d", day],
    ["h", hour],
    ["m", minute],
    ["s", second],
  ] as const) {
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  }
  return ms === 0 ? "0s" : `${Math.round(ms)}ms`;
}

/** Text as it is in a Liquid template: nothing in it opens a tag. */
export function liquidText(text: string): string {
  return text.replace(/\{(?=[{%])/g, '{{ "{" }}');
}

/** The value of a label in a Liquid template; the name must be a field of `by`. */
export function liquidLabel(name: string): string {
  return `{{ labels[${JSON.stringify(name)}] }}`;
}

/** A title for what brings none: the labels and the name. */
export function plainTitle(name: string, by: readonly string[]): string {
  const labels = by.map(liquidLabel).join(" ");
  return `${labels}${labels === "" ? "" : ": "}${liquidText(name)}`;
}

/** The largest number that is less: `x >= n` is `x > justUnder(n)` for every number there is (IEEE 754 binary64). */
export function justUnder(value: number): number {
  return -justOver(-value);
}

/** The smallest number that is more. */
export function justOver(value: number): number {
  if (!Number.isFinite(value)) return value;
  if (value === 0) return Number.MIN_VALUE;
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const next = bits.getBigInt64(0) + (value > 0 ? 1n : -1n);
  bits.setBigInt64(0, next);
  return bits.getFloat64(0);
}

/** A cron of about that step, at most a day, and the step that it has: the largest even part of a minute, an hour or a day that is not longer. */
export function scheduleOf(stepMs: number): { readonly cron: string; readonly stepMs: number } {
  const parts = (whole: number, unitMs: number) =>
    Array.from({ length: whole }, (_, index) => whole - index).find(
      (size) => whole % size === 0 && size < whole && size * unitMs <= stepMs,
    );
  if (stepMs >= day) return { cron: "0 0 * * *", stepMs: day };
  if (stepMs >= hour) {
    const hours = parts(24, hour) ?? 1;
    return { cron: hours === 1 ? "0 * * * *" : `0 */${hours} * * *`, stepMs: hours * hour };
  }
  if (stepMs >= minute) {
    const minutes = parts(60, minute) ?? 1;
    return { cron: minutes === 1 ? "* * * * *" : `*/${minutes} * * * *`, stepMs: minutes * minute };
  }
  const seconds = parts(60, second) ?? 1;
  return { cron: seconds === 1 ? "* * * * * *" : `*/${seconds} * * * * *`, stepMs: seconds * second };
}

/** Names for a sentence, at most ten. */
export function named(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((name) => `\`${name}\``);
  return names.length > 10 ? `${shown.join(", ")} and ${names.length - 10} more` : shown.join(", ");
}
