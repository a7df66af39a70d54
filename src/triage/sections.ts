import { mostSections } from "../model/evidence.ts";
import type { AlertSummary, Finding } from "../model/finding.ts";

/** Each rule's worst alert that the finding shows, worst first: one rule, one section. Pure. */
export function worstOfRules({ worst, others }: Pick<Finding, "worst" | "others">): readonly AlertSummary[] {
  const seen = new Set<string>();
  return [worst, ...others].filter(({ ruleId }) => !seen.has(ruleId) && seen.add(ruleId));
}

/** Ids of the rules that a ticket filed now tells of. */
export function toldRules(finding: Finding): readonly string[] {
  return worstOfRules(finding).map(({ ruleId }) => ruleId);
}

/**
 * Rules that began to fire after the ticket was filed and whose proof is to come to it: each once for a ticket, and no
 * more than the ticket has room for. Pure.
 */
export function joiningRules(finding: Finding): readonly string[] {
  const { toldRules: told } = finding.memory;
  // A ticket from before this was remembered tells of whatever was in it.
  if (told === undefined) return [];
  const room = Math.max(0, mostSections - told.length);
  return worstOfRules(finding)
    .filter(({ ruleId, state }) => state === "firing" && !told.includes(ruleId))
    .map(({ ruleId }) => ruleId)
    .slice(0, room);
}
