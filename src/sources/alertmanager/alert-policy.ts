import type { Labels } from "../../model/labels.ts";
import type { ReceivedAlert } from "../../model/raised-alert.ts";
import type { Severity } from "../../model/rule.ts";
import { severityNamed } from "../../model/severity-words.ts";

/** What received alerts mean to us, as `server.webhooks.alertmanager` of the configuration says it. */
export interface AlertPolicy {
  readonly severityLabel: string;
  /** By the label's value in lower case; wins over the words that are known. */
  readonly severities: Readonly<Record<string, Severity>>;
  /** The first of them whose value is the name of an owner tells the owner. */
  readonly ownerLabels: readonly string[];
  readonly owners: ReadonlySet<string>;
  /** Undefined: as the sender groups. */
  readonly groupBy: readonly string[] | undefined;
  /** For how long an alert counts as seen after its sender spoke of it: its `repeat_interval`, and some time for delivery. */
  readonly seenForMs: number;
}

/** Of an alert without the label, or with a word that nobody knows, as of a rule that says none. */
const otherwise: Severity = "warning";

export function severityOf(labels: Labels, { severityLabel, severities: own }: AlertPolicy): Severity {
  const word = (labels[severityLabel] ?? "").trim().toLowerCase();
  return (Object.hasOwn(own, word) ? own[word] : severityNamed(word)) ?? otherwise;
}

export function ownerOf(labels: Labels, { ownerLabels, owners }: AlertPolicy): string | undefined {
  return ownerLabels.map((label) => labels[label]).find((value) => value !== undefined && owners.has(value));
}

/** Names of the labels that one ticket's alerts share, as far as the alert has them. */
export function groupNames({ labels, groupedBy }: ReceivedAlert, { groupBy }: AlertPolicy): readonly string[] {
  return groupBy === undefined ? groupedBy : groupBy.filter((name) => labels[name] !== undefined);
}
