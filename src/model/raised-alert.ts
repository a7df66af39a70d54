import type { Labels } from "./labels.ts";
import type { Severity } from "./rule.ts";
import { formatInstant } from "./time.ts";

export const alertSenders = ["alertmanager", "grafana"] as const;
/** The kinds of systems whose alerts are taken in. */
export type AlertSender = (typeof alertSenders)[number];

/** The name under which rules find received alerts; `server.webhooks.alertmanager` makes this source. */
export const alertsSource = "alertmanager";

/** The rule of alerts that no other rule is about, and the problem of what each of them is: whichever rule takes an alert, its ticket stays. */
export const alertsProblem = "backfeed-alertmanager";

/** How each is called in a sentence. */
export const senderNames: Readonly<Record<AlertSender, string>> = { alertmanager: "Alertmanager", grafana: "Grafana" };

/** What a sender says of one alert, for people: cleaned, cut, without secrets. Times are milliseconds, UTC. */
export interface RaisedWords {
  readonly sender: AlertSender;
  /** Since when it fires: the sender's `startsAt`. */
  readonly since: number;
  /** When it ceased to; undefined while it fires. */
  readonly until: number | undefined;
  /** When the sender last said so. */
  readonly heardAt: number;
  readonly summary: string | undefined;
  readonly description: string | undefined;
  /** Addresses begin with http: or https:. */
  readonly runbook: string | undefined;
  readonly links: readonly { readonly text: string; readonly url: string }[];
  /** What was measured, as the sender writes it: Grafana does. */
  readonly values: string | undefined;
  /** The expression behind it, where the sender's link holds it: Prometheus' does. */
  readonly expression: string | undefined;
  /** Alerts of its group that the sender left out of what it sent last (`max_alerts`). */
  readonly leftOut: number;
}

/** One alert as its source gives it at one tick, and what holds of it where its rule says nothing. */
export interface RaisedAlert {
  readonly words: RaisedWords;
  readonly severity: Severity;
  /** Undefined: nobody is named whom the owners file knows. */
  readonly owner: string | undefined;
  /** Names of the labels by which its sender groups it. */
  readonly groupedBy: readonly string[];
}

/** What is remembered of one alert of another system. Its identity is its label set, as it is for Alertmanager. */
export interface ReceivedAlert {
  readonly labels: Labels;
  readonly words: RaisedWords;
  readonly groupedBy: readonly string[];
  /** When its present state (this stretch of firing, or its end) was heard of first. */
  readonly changedAt: number;
}

/** `raised by Alertmanager since 2026-…, heard of last at 2026-…`; for people, in a sentence. */
export function raisedText({ sender, since, until, heardAt }: RaisedWords, isSeen = true): string {
  const raised = `raised by ${senderNames[sender]}`;
  if (until !== undefined) return `${raised} from ${formatInstant(since)} to ${formatInstant(until)}`;
  const heard = isSeen ? `heard of last at ${formatInstant(heardAt)}` : `not heard of since ${formatInstant(heardAt)}`;
  return `${raised} since ${formatInstant(since)}, ${heard}`;
}
