import { type Finding, type InhibitionMemory, isOngoing, type TriageMemory } from "../model/finding.ts";
import type { DecideInput } from "./decided.ts";

const minuteMs = 60_000;
/** As long as alerts by default must be clear to have recovered. */
const leastGraceMs = 10 * minuteMs;

/**
 * How long a finding is not told of after what explained it ended, in milliseconds: it recovers later than its cause, by as
 * long as its windows still reach back into it, and each end of a cause would otherwise be a burst of tickets.
 */
export function inhibitionGraceMs(windowMs: number): number {
  return leastGraceMs + windowMs;
}

/** Keeps since when something explains the finding, and when that ended. */
export function watchInhibition(input: DecideInput, memory: TriageMemory): TriageMemory {
  const inhibition = watched(input, memory.inhibition);
  return inhibition === memory.inhibition ? memory : { ...memory, inhibition };
}

function watched(input: DecideInput, before: InhibitionMemory | undefined): InhibitionMemory | undefined {
  const { at, finding, change, explainer } = input;
  if (isOngoing(finding) && explainer !== undefined) {
    const lasts = before !== undefined && before.releasedAt === undefined && !isStale(input, before);
    return { by: explainer, since: lasts ? before.since : at, endedAt: undefined, releasedAt: undefined };
  }
  if (before === undefined || before.releasedAt !== undefined) {
    return change === "came_back" ? undefined : before;
  }
  if (before.endedAt === undefined) return { ...before, endedAt: at };
  if (!isOngoing(finding)) return before;
  // A later episode is another matter.
  if (change === "came_back" && isStale(input, before)) return undefined;
  return isGraceOver(input, before) && isSeenBad(finding) ? { ...before, releasedAt: at } : before;
}

/** It ended in an episode before this one, and its grace is over. */
function isStale(input: DecideInput, before: InhibitionMemory): boolean {
  return input.change === "came_back" && before.endedAt !== undefined && isGraceOver(input, before);
}

function isGraceOver({ at, graceMs }: DecideInput, { endedAt = at }: InhibitionMemory): boolean {
  return at >= endedAt + graceMs;
}

/** What recovers, or was not seen, may be over: it waits until that is known. */
function isSeenBad({ worst }: Finding): boolean {
  return worst.state === "firing" && worst.verdict.kind !== "failed" && worst.verdict.kind !== "no_data";
}

/** Whether something explains the finding, or did so until shortly. That it is over is told as ever. */
export function isInhibited({ finding }: Pick<DecideInput, "finding">, memory: TriageMemory): boolean {
  const { inhibition } = memory;
  return isOngoing(finding) && inhibition !== undefined && inhibition.releasedAt === undefined;
}
