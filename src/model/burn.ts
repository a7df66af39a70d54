/**
 * How many times as fast as would spend just the whole error budget in its period: share of bad events / (1 - objective).
 * 0.6 % against 99.9 % burns 6 times as fast, and not 5.9999999999999947 times: limits and cuts are at whole numbers.
 * Source: Google, The Site Reliability Workbook, chapter 5, "Alerting on SLOs", alert on burn rate.
 */
export function burnRate(share: number, objective: number): number {
  return Number((share / (1 - objective)).toPrecision(12));
}

/** The share of the budget that is gone when it burns at a rate for a time: rate x time / period. */
export function budgetSpentBy(rate: number, lastedMs: number, periodMs: number): number {
  return (rate * lastedMs) / periodMs;
}
