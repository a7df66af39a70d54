import type { TriageMemory } from "../model/finding.ts";
import { stateOf } from "./closing.ts";
import { withClosedTicket } from "./decide-closed.ts";
import { isInhibited, watchInhibition } from "./decide-inhibited.ts";
import { beforeTicket, isAsked } from "./decide-new.ts";
import { withOpenTicket } from "./decide-open.ts";
import { countReturn, type Decided, type DecideInput, nothing, type Said, say } from "./decided.ts";
import { watchScore } from "./priority-change.ts";
import { toldRules } from "./sections.ts";

/**
 * One decision for one finding at one tick, or when its ticket changed: row by row the table of triage/README.md. Pure:
 * what it must remember is in `memory`, and a mode that sends nothing remembers nothing, so that switching to `file`
 * files what is open then.
 */
export function decide(input: DecideInput): Decided {
  const told = noteExplained(input, withTold(input, judge(input)));
  const { anew, ...said } = inMode(input, told);
  const { finding } = input;
  return {
    ...said,
    state: stateOf(anew ? { ...input, ticket: undefined } : input, said.memory),
    generation: finding.generation + (anew ? 1 : 0),
  };
}

function judge(input: DecideInput): Said {
  const memory = { ...watchInhibition(input, watchScore(input)), silences: input.muting.bands };
  if (input.muting.silenced) return silent(input, memory, "silenced");
  const inhibited = isInhibited(input, memory);
  if (input.finding.memory.createdAt === undefined) {
    // Somebody who asks for a ticket gets one.
    const isWanted = isAsked(memory);
    return inhibited && !isWanted ? nothing(memory, "inhibited") : beforeTicket(input, memory);
  }
  const { ticket } = input;
  if (input.createParked || ticket?.gone !== undefined) return silent(input, memory, "awaiting_operator");
  if (ticket?.snoozedUntil !== undefined && input.at < ticket.snoozedUntil) return silent(input, memory, "snoozed");
  if (inhibited) return silent(input, memory, "inhibited");
  return quietly(
    withTicket(input, memory),
    (said) => greet(input, said),
    (said) => linkToParent(input, said),
  );
}

/** Nothing is told, and what happens meanwhile is watched and counted. */
function silent(
  input: DecideInput,
  memory: TriageMemory,
  reason: "silenced" | "inhibited" | "awaiting_operator" | "snoozed",
): Said {
  return nothing(input.change === "came_back" ? countReturn(memory) : memory, reason);
}

function withTicket(input: DecideInput, memory: TriageMemory): Said {
  const { ticket } = input;
  if (ticket?.closed !== undefined) return withClosedTicket(input, memory, ticket.closed);
  // Closed, and nobody has seen yet by whom and as what: reconcile's next look tells.
  if (ticket?.seen?.statusCategory === "done") return silent(input, memory, "awaiting_operator");
  return withOpenTicket(input, memory);
}

/** What is said when nothing else is, the first of it. */
function quietly(said: Said, ...others: readonly ((said: Said) => Said)[]): Said {
  return others.reduce((last, other) => (last.decision.action === "none" ? other(last) : last), said);
}

/** A ticket in a storm is linked with the parent's, once that is there; with another one, if people put one in its place. */
function linkToParent({ ticket, storm }: DecideInput, said: Said): Said {
  const membership = said.memory.storm;
  const parent = storm?.parent;
  if (ticket === undefined || membership === undefined || parent === undefined) return said;
  if (membership.linkedTo === parent.id || ticket.ref.id === parent.id) return said;
  return say("link", "storm", { ...said.memory, storm: { ...membership, linkedTo: parent.id } });
}

/** An issue that people put in the place of the ticket is told once what it stands for now. */
function greet({ ticket }: DecideInput, said: Said): Said {
  const { memory } = said;
  if (ticket === undefined || (ticket.formerRefs ?? []).length === 0 || memory.greeted === ticket.ref.id) return said;
  return say("comment", "takes_over", { ...memory, greeted: ticket.ref.id });
}

/** A ticket tells of every rule that is in the finding when it is filed; one of before this was remembered told of what is in it now. */
function withTold({ finding }: DecideInput, said: Said): Said {
  const { memory, decision } = said;
  const isUnknown = memory.createdAt !== undefined && memory.toldRules === undefined;
  if (decision.action === "create" || isUnknown)
    return { ...said, memory: { ...memory, toldRules: toldRules(finding) } };
  // A later episode is told with the proof of all that is in it.
  if (decision.reason !== "back_while_open" && decision.reason !== "regressed") return said;
  const told = new Set([...(memory.toldRules ?? []), ...toldRules(finding)]);
  return { ...said, memory: { ...memory, toldRules: [...told] } };
}

/** What is written names what it explains. */
function noteExplained({ finding }: DecideInput, said: Said): Said {
  if (!said.refreshSummary && said.decision.action !== "create") return said;
  return { ...said, memory: { ...said.memory, explainedTold: finding.explains?.count ?? 0 } };
}

/** Only mode `file` tells. */
function inMode({ finding }: DecideInput, said: Said): Said {
  const { mode } = finding;
  const { action, reason } = said.decision;
  if (mode === "file" || action === "none") return said;
  const kept = nothing(finding.memory, mode === "report" ? "report" : "dry_run");
  return { ...kept, decision: { ...kept.decision, would: { action, reason } } };
}
