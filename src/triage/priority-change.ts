import type { DecisionReason } from "../model/decision.ts";
import type { TriageMemory } from "../model/finding.ts";
import { type Band, compareBands } from "../model/priority.ts";
import { type DecideInput, type Said, say } from "./decided.ts";

const minuteMs = 60_000;
/** The numbers of RULES.md section 4. */
const lowerAfterMs = 30 * minuteMs;
const lowerEveryMs = 24 * 60 * minuteMs;
const lowerPoints = 5;

type TicketBand = Exclude<Band, "None">;

/** Raised at once. */
export function raise(input: DecideInput, memory: TriageMemory): Said | undefined {
  const { band } = input.priority;
  if (band === "None" || memory.ticketBand === undefined || compareBands(band, memory.ticketBand) <= 0)
    return undefined;
  return change(input, "priority_raised", band, { ...memory, ticketBand: band, belowSince: undefined });
}

/** Lowered after 30 min below and 5 points under the border, at most once in 24 h; never below the lowest band. */
export function lower(input: DecideInput, memory: TriageMemory): Said | undefined {
  const { at } = input;
  if (memory.belowSince === undefined || at - memory.belowSince < lowerAfterMs) return undefined;
  if (memory.loweredAt !== undefined && at - memory.loweredAt < lowerEveryMs) return undefined;
  const band = ticketBandOf(input);
  const lowered = { ...memory, ticketBand: band, belowSince: undefined, loweredAt: at };
  return change(input, "priority_lowered", band, lowered);
}

/** Written where the field is ours. A person's priority stays: the change is a comment then, once for each band. */
function change(input: DecideInput, reason: DecisionReason, band: TicketBand, changed: TriageMemory): Said {
  const memory = { ...changed, summaryAt: input.at };
  const { priority: ownership } = input.policy.ownership;
  const persons = ownership === "until_human_edit" && input.ticket?.peoples?.includes("priority") === true;
  if (persons && !memory.bandsTold.includes(band)) {
    return say("comment", reason, { ...memory, bandsTold: [...memory.bandsTold, band] }, { refreshSummary: true });
  }
  if (persons || ownership === "create_only") return say("update", "goes_on", memory, { refreshSummary: true });
  return say("update", reason, memory, { writePriority: band, refreshSummary: true });
}

/**
 * Keeps since when the score has been clearly under the border of the ticket's band. A new episode is watched anew: it
 * begins with a low score, and the quiet before it is not time spent below.
 */
export function watchScore(input: DecideInput): TriageMemory {
  const { memory } = input.finding;
  const { ticketBand } = memory;
  if (ticketBand === undefined || ticketBand === "None") return memory;
  const under =
    compareBands(ticketBandOf(input), ticketBand) < 0 &&
    input.priority.score <= input.scale.bands[ticketBand] - lowerPoints;
  const since = input.change === "came_back" ? undefined : memory.belowSince;
  return { ...memory, belowSince: under ? (since ?? input.at) : undefined };
}

function ticketBandOf({ priority }: DecideInput): TicketBand {
  return priority.band === "None" ? "Low" : priority.band;
}
