import { isMapping } from "../../support/mapping.ts";
import type { RuleTickCounts } from "../store.ts";
import { unreadable } from "./codec.ts";

/** `[version, verdicts, outcomes, notEvaluated]`: short, since there is a row for every rule and tick. */
export function encodeCounts(counts: RuleTickCounts): string {
  return JSON.stringify([1, counts.verdicts, counts.outcomes, counts.notEvaluated]);
}

/** Throws `internal`, naming the row, when it is not readable. */
export function decodeCounts(text: string, key: string): RuleTickCounts {
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch (cause) {
    throw unreadable("rule_ticks", key, "it is not JSON", cause);
  }
  const [version, verdicts, outcomes, notEvaluated] = Array.isArray(stored) ? stored : [];
  if (version !== 1 || !isCounts(verdicts) || !isCounts(outcomes) || typeof notEvaluated !== "number") {
    throw unreadable("rule_ticks", key, "it holds no counts");
  }
  return { verdicts, outcomes, notEvaluated };
}

function isCounts(value: unknown): value is Record<string, number> {
  return isMapping(value) && Object.values(value).every((count) => typeof count === "number");
}
