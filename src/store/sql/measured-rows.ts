import { BackfeedError } from "../../support/errors.ts";
import { isMapping } from "../../support/mapping.ts";
import { unreadable } from "./codec.ts";
import { fixedQuery } from "./fixed-query.ts";

/** Of one rule and signal since an instant, oldest first. */
export const measuredRows = fixedQuery(
  (database, { ruleId, signal, since }: { ruleId: string; signal: string; since: number }) =>
    database
      .selectFrom("rule_numbers")
      .innerJoin("measured_windows", "measured_windows.rule_number", "rule_numbers.number")
      .select(["measured_windows.started_at", "measured_windows.body"])
      .where("rule_numbers.rule_id", "=", ruleId)
      .where("measured_windows.signal", "=", signal)
      .where("measured_windows.started_at", ">=", since)
      .orderBy("measured_windows.started_at"),
);

/** Values by label set as the JSON that is stored. Throws `internal` for a number that JSON cannot hold. */
export function encodeMeasured(values: ReadonlyMap<string, number>): string {
  for (const value of values.values()) {
    if (!Number.isFinite(value))
      throw new BackfeedError("internal", "a measured value is no number that can be stored");
  }
  return JSON.stringify(Object.fromEntries(values));
}

/** Throws `internal`, naming the row, when it is not readable. */
export function decodeMeasured(body: string, key: string): ReadonlyMap<string, number> {
  let stored: unknown;
  try {
    stored = JSON.parse(body);
  } catch (cause) {
    throw unreadable("measured_windows", key, "it is not JSON", cause);
  }
  if (!isMapping(stored)) throw unreadable("measured_windows", key, "it holds no values");
  const values = new Map<string, number>();
  for (const [hash, value] of Object.entries(stored)) {
    if (typeof value !== "number") throw unreadable("measured_windows", key, "one of its values is no number");
    values.set(hash, value);
  }
  return values;
}
