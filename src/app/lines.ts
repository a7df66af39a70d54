import { formatInstant } from "../model/time.ts";
import type { TicketStore } from "../store/store.ts";
import type { TickResult } from "./tick.ts";

/** One judged label set, as `run --once --json` prints it. What was not measured is null. */
export interface RunLine {
  readonly tick: string;
  readonly rule: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly verdict: string;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly state: string;
  readonly outcome: string;
  readonly reason: string;
  readonly finding: string | null;
  readonly ticket: string | null;
  readonly score: number | null;
  readonly band: string | null;
}

/** The lines of some ticks, oldest first, with the keys of the tickets that are there now. */
export async function runLines(
  results: readonly TickResult[],
  tickets: Pick<TicketStore, "ofFindings">,
): Promise<readonly RunLine[]> {
  const ticks = results.map(({ tick, lines }) => ({ tick, lines: lines() }));
  const findings = ticks.flatMap(({ lines }) => lines.flatMap(({ finding }) => finding?.id ?? []));
  const records = await tickets.ofFindings([...new Set(findings)]);
  return ticks.flatMap(({ tick, lines }) =>
    lines.map(({ rule, evaluation, finding, action, reason }) => ({
      tick: formatInstant(tick),
      rule: rule.id,
      labels: evaluation.labels,
      verdict: evaluation.verdict.kind,
      value: evaluation.verdict.value ?? null,
      threshold: evaluation.verdict.threshold ?? null,
      state: evaluation.state,
      outcome: action,
      reason,
      finding: finding?.id ?? null,
      ticket: finding === undefined ? null : (records.get(finding.id)?.ref.key ?? null),
      score: finding?.priority?.score ?? null,
      band: finding?.priority?.band ?? null,
    })),
  );
}
