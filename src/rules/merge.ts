import { isMapping } from "../support/mapping.ts";
import type { UntilInput } from "./schema.ts";

type Mapping = Readonly<Record<string, unknown>>;

/** Their content belongs to a source's own language: half of a query of the defaults means nothing. */
const replacedWhole: ReadonlySet<string> = new Set(["filter", "bad"]);

const modifiers = ["for", "min_events", "min_bad_events"] as const;
const otherForms = ["change", "absent", "baseline", "new", "burn"] as const;

/** Defaults merged into a rule key by key: the rule wins, lists and filters replace, another form of `when` replaces the form. */
export function mergeDefaults(defaults: unknown, rule: unknown): unknown {
  if (!isMapping(defaults) || !isMapping(rule)) return rule === undefined ? defaults : rule;
  const merged: Record<string, unknown> = { ...defaults };
  for (const [key, value] of Object.entries(rule)) {
    if (!Object.hasOwn(defaults, key) || replacedWhole.has(key)) merged[key] = value;
    else if (key === "when" && isMapping(defaults[key]) && isMapping(value))
      merged[key] = mergeWhen(defaults[key], value);
    else merged[key] = mergeDefaults(defaults[key], value);
  }
  return merged;
}

/** `over` key by key into `base`; another form replaces the form and keeps the modifiers. */
export function mergeWhen<When extends Mapping>(base: When, over: Mapping): When {
  const form = formOf(over);
  const kept: Mapping =
    form === undefined || form === formOf(base)
      ? base
      : Object.fromEntries(modifiers.filter((key) => base[key] !== undefined).map((key) => [key, base[key]]));
  const merged: Record<string, unknown> = { ...kept };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    const nested = otherForms.some((other) => other === key) && isMapping(before) && isMapping(value);
    merged[key] = nested ? { ...before, ...value } : value;
  }
  return merged as When;
}

export function mergeUntil(base: UntilInput | undefined, over: UntilInput | undefined): UntilInput {
  return { ...base, ...over };
}

export type FormName = "threshold" | (typeof otherForms)[number];

/** The form that a `when` names; undefined when it names none, the first when it names several. */
export function formOf(when: Mapping): FormName | undefined {
  return formsOf(when)[0];
}

export function formsOf(when: Mapping): FormName[] {
  const threshold = when["above"] !== undefined || when["below"] !== undefined;
  return [...(threshold ? (["threshold"] as const) : []), ...otherForms.filter((form) => when[form] !== undefined)];
}
