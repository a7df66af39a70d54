import type { Labels } from "./labels.ts";
import type { Where } from "./query.ts";

/** Whether one of the patterns is the id, where `*` in a pattern stands for any characters. */
export function isNamed(id: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => matchesPattern(id, pattern));
}

/** Part by part from the left, so that no pattern takes longer than its length times the id's. */
function matchesPattern(id: string, pattern: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return id === pattern;
  if (!id.startsWith(first)) return false;
  let from = first.length;
  for (const part of rest) {
    const found = id.indexOf(part, from);
    if (found === -1) return false;
    from = found + part.length;
  }
  return id.length - last.length >= from && id.endsWith(last);
}

/** What every alert of a rule is about, whatever its labels: the fields that `signal.where` holds at one value. */
export function fixedLabels(where: Where): Labels {
  return Object.fromEntries(
    Object.entries(where).flatMap(([field, [value, ...others]]) =>
      value === undefined || others.length > 0 ? [] : [[field, String(value)]],
    ),
  );
}

/** Whether each wanted label is there with one of its values. */
export function hasLabels(labels: Labels, wanted: Readonly<Record<string, readonly string[]>>): boolean {
  return Object.entries(wanted).every(([name, values]) => {
    const value = Object.hasOwn(labels, name) ? labels[name] : undefined;
    return value !== undefined && values.includes(value);
  });
}
