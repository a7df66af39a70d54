import type { Window } from "../model/time.ts";

/** The largest step, in milliseconds, whose multiples (from the first) all these instants are; 0 when there is but one instant. */
export function commonStepMs(instants: readonly number[]): number {
  const [first = 0] = instants;
  return instants.reduce((step, instant) => greatestCommonDivisor(step, Math.abs(instant - first)), 0);
}

/** From the first start to the last end. */
export function spanOf(windows: readonly Window[]): Window {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const window of windows) {
    from = Math.min(from, window.from);
    to = Math.max(to, window.to);
  }
  return { from, to };
}

/** Euclid's algorithm. */
function greatestCommonDivisor(a: number, b: number): number {
  let [large, small] = [a, b];
  while (small > 0) [large, small] = [small, large % small];
  return large;
}
