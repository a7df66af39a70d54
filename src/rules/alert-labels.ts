import { patternLabel } from "../model/rule.ts";
import type { RuleParts } from "./checks.ts";

/** The labels that tell a rule's alerts apart: `by`, and what of `new` is known or not. */
export function alertLabels({ signal, when }: Pick<RuleParts, "signal" | "when">): readonly string[] {
  const by = (signal?.by ?? []).filter((field) => field !== undefined);
  const field = when?.new?.pattern_of === undefined ? when?.new?.field : patternLabel;
  return field === undefined || by.includes(field) ? by : [...by, field];
}
