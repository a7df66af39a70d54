import { type Severity, severities } from "./rule.ts";

/** What people call severities in labels of alerts, beside our own names. */
const words: Readonly<Record<Severity, readonly string[]>> = {
  critical: ["crit", "page", "emergency", "disaster", "fatal"],
  high: ["error", "major", "urgent"],
  warning: ["warn", "medium", "average", "moderate", "ticket"],
  low: ["minor"],
  info: ["information", "informational", "notice", "debug", "none"],
};

/** The severity that a word of other people's alerts means, in any case; undefined for a word that is none of theirs. */
export function severityNamed(word: string): Severity | undefined {
  const lower = word.trim().toLowerCase();
  return severities.find((severity) => severity === lower || words[severity].includes(lower));
}
