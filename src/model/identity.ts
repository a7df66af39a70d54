import { createHash } from "node:crypto";
import { type Labels, labelsKey } from "./labels.ts";

/** Identity of an alert: 64 hexadecimal digits over instance, rule and identifying labels. No threshold, title or text in it. */
export function fingerprint(instance: string, ruleIdentity: string, labels: Labels): string {
  return digest(["alert", instance, ruleIdentity, labelsKey(labels)]);
}

/** Identity of a finding: 64 hexadecimal digits over instance, problem and group label values. */
export function groupKey(instance: string, problem: string, groupLabels: Labels): string {
  return digest(["group", instance, problem, labelsKey(groupLabels)]);
}

/** The 16 hexadecimal digits that stand for a group key in a ticket's label and in the finding's id. */
export function shortKey(key: string): string {
  return key.slice(0, 16);
}

/** The label that marks our tickets in a tracker: `<prefix>-<16 hex of the group key>`. */
export function ticketLabel(prefix: string, key: string): string {
  return `${prefix}-${shortKey(key)}`;
}

function digest(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
