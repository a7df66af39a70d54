import type { Agent } from "undici";
import type { Rule } from "../../src/model/rule.ts";
import { bareValues } from "./bare.ts";
import type { Ours } from "./ours.ts";

const sample = 50;
/** Percentiles are estimates of two different sizes: within 3 % of one another. All else is exact, but for the order of a sum. */
const percentileTolerance = 0.03;
const sumTolerance = 1e-6;

/**
 * A wrong answer given fast is worth nothing: what our last tick measured against bare searches, for rules spread over all.
 * Gives how many values were compared; throws on the first that differs.
 */
export async function checkAgreement(
  ours: Ours,
  rules: readonly Rule[],
  { url, at, agent }: { readonly url: string; readonly at: number; readonly agent: Agent },
): Promise<number> {
  const measured = ours.measured();
  // A step that shares no factor with the mix of ten, so that every kind is looked at.
  const step = Math.max(1, Math.floor(rules.length / sample / 10) * 10 + 1);
  let compared = 0;
  for (let position = 0; position < rules.length; position += step) {
    const rule = rules[position];
    if (rule === undefined) continue;
    const bare = await bareValues(url, rule, at, agent);
    const own = measured.get(rule.id) ?? new Map<string, number | undefined>();
    const { kind } = rule.signal.measure;
    for (const [labels, value] of bare) {
      compared += 1;
      const tolerance = kind === "percentile" ? percentileTolerance : sumTolerance;
      if (!isClose(own.get(labels), value, tolerance)) {
        throw new Error(`${rule.id} ${labels}: we measured ${own.get(labels)}, a bare search ${value}`);
      }
    }
  }
  return compared;
}

function isClose(a: number | undefined, b: number | undefined, tolerance: number): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b));
}
