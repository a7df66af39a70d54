import type { Severity } from "../model/rule.ts";
import { cleanText } from "../support/clean-text.ts";
import { liquidText } from "./words.ts";

/** What people call severities in labels of alerts. */
const severities: Readonly<Record<Severity, readonly string[]>> = {
  critical: ["critical", "crit", "page", "emergency", "fatal", "disaster"],
  high: ["high", "error", "major"],
  warning: ["warning", "warn", "medium", "average", "ticket"],
  low: ["low", "minor"],
  info: ["info", "informational", "information", "none", "debug"],
};

/** Undefined for a word that is none of them. */
export function severityOf(word: string): Severity | undefined {
  const lower = word.toLowerCase();
  return (Object.keys(severities) as Severity[]).find((severity) => severities[severity].includes(lower));
}

/** A label of an alert as one of a ticket: `team=payments`, without white space, which trackers refuse. */
export function ticketLabel(name: string, value: string): string {
  return liquidText(cleanText(`${name}=${value}`, { maxLength: 200, singleLine: true }).replace(/\s+/g, "-"));
}
