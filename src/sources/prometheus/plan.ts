import type { Probe, Question } from "../../model/query.ts";
import type { Window } from "../../model/time.ts";
import { expressionsOf, type Side } from "./expressions.ts";

/** A question by its place in the batch, and which side of it this is. */
export interface Asked {
  readonly position: number;
  readonly side: Side;
}

/** One expression at one instant, with everybody who asked it. */
export interface Instant {
  readonly expression: string;
  /** Milliseconds. */
  readonly at: number;
  readonly questions: readonly Asked[];
  /** Places in the batch. */
  readonly probes: readonly number[];
}

/** How many times an expression is evaluated to see what was there at any time of a window, at most. */
const mostSteps = 1_000;
const minuteMs = 60_000;

/** Each expression once for each instant: rules that differ in limits, labels or owner share an answer. Pure. */
export function planInstants(questions: readonly Question[], probes: readonly Probe[]): readonly Instant[] {
  const instants = new Map<string, Instant & { questions: Asked[]; probes: number[] }>();
  const of = (expression: string, at: number) => {
    const key = `${at} ${expression}`;
    let instant = instants.get(key);
    if (instant === undefined) {
      instant = { expression, at, questions: [], probes: [] };
      instants.set(key, instant);
    }
    return instant;
  };
  for (const [position, { query, window, anyTime }] of questions.entries()) {
    for (const { side, text } of expressionsOf(query, window.to - window.from)) {
      // A ratio's whole counts the window: that it was there at all is in that number.
      const expression = anyTime === true && side === "value" ? atAnyTime(text, window) : text;
      of(expression, window.to).questions.push({ position, side });
    }
  }
  for (const [position, { window }] of probes.entries()) of(scraped(window), window.to).probes.push(position);
  return [...instants.values()];
}

/** A comment at the expression's end must not swallow what follows it. */
function atAnyTime(expression: string, { from, to }: Window): string {
  const stepMs = Math.max(minuteMs, Math.ceil((to - from) / mostSteps));
  return `last_over_time((${expression}\n)[${to - from}ms:${stepMs}ms])`;
}

/** Prometheus writes `up` at every scrape, also at one that failed. */
export function scraped({ from, to }: Window): string {
  return `count(count_over_time(up[${Math.max(1, to - from)}ms]))`;
}
