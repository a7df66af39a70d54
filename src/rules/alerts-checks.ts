import { alertsSource } from "../model/raised-alert.ts";
import type { Path, Report } from "../support/yaml/fault.ts";
import type { SignalParts } from "./signal-checks.ts";

/** What a signal of events or of metrics says, and one of alerts that another system raises does not. */
const ofOthers = ["index", "table", "promql", "filter", "measure", "bad"] as const;

/** Whether a signal is about alerts that another system raises. */
export function isOfAlerts(signal: { readonly source?: string | undefined } | undefined): boolean {
  return signal?.source === alertsSource;
}

/** Whether each received alert is an alert of its own, with labels that only its sender knows. */
export function isOfEachAlert(
  signal: { readonly source?: string | undefined; readonly by?: unknown } | undefined,
): boolean {
  return isOfAlerts(signal) && signal?.by === undefined;
}

/** Nothing that only events or metrics have: whether an alert fires was judged where it was raised. */
export function checkAlerts(signal: SignalParts, path: Path, report: Report): void {
  for (const key of ofOthers) {
    if (signal[key] === undefined) continue;
    report(
      [...path, key],
      {
        message: `\`${key}\` means nothing for received alerts: they fire or do not`,
        fix: "choose alerts by their labels in `where`, such as `where: { alertname: HighErrorRate }`, and remove it",
      },
      { at: "key" },
    );
  }
}
