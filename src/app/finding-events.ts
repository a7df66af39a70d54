import type { Decision } from "../model/decision.ts";
import type { Finding, FindingEvent, FindingState } from "../model/finding.ts";
import { compareBands } from "../model/priority.ts";
import { formatInstant } from "../model/time.ts";
import type { FindingEventKind } from "../triage/decided.ts";
import { priorityLine } from "../triage/score.ts";

const changeWords: Readonly<Partial<Record<FindingEventKind, string>>> = {
  opened: "first seen",
  came_back: "came back",
  went_quiet: "went quiet",
};

/** States that its ticket gives a finding; the others follow from what changed. */
const stateWords: Readonly<Partial<Record<FindingState, string>>> = {
  fixed: "its ticket is done and all is quiet: watched whether the fix holds",
  verified: "the fix held",
  regressed: "it happens although its ticket was done",
  suppressed: "its ticket was closed as not to be done, and that is kept to",
};

/** The timeline gets what changed, not every tick. */
export function eventsOf(
  { before, change }: { readonly before: Finding | undefined; readonly change: FindingEventKind },
  after: Finding,
): readonly FindingEvent[] {
  const { at } = after.decision;
  const events: FindingEvent[] = [];
  const changed = changeWords[change];
  if (changed !== undefined) {
    events.push({ at, kind: "state", code: change, text: `${changed} at ${formatInstant(at)}: ${after.title}` });
  }
  const state = before?.state === after.state ? undefined : stateWords[after.state];
  if (state !== undefined) events.push({ at, kind: "state", code: after.state, text: state });
  if (after.priority !== undefined && before?.priority?.band !== after.priority.band) {
    const rose = before?.priority === undefined || compareBands(after.priority.band, before.priority.band) > 0;
    events.push({ at, kind: "priority", code: rose ? "rose" : "fell", text: priorityLine(after.priority) });
  }
  // The last decision stands: nothing was decided.
  if (after.decision === before?.decision) return events;
  if (after.decision.action !== "none" || !sameDecision(before?.decision, after.decision)) {
    events.push({ at, kind: "decision", code: after.decision.reason, text: decisionText(after.decision) });
  }
  return events;
}

export function decisionText({ action, reason, because, would }: Decision): string {
  const instead = would === undefined ? "" : `; would have been ${would.action}: ${would.reason}`;
  return `${action}: ${reason}${instead}${because === undefined ? "" : `: ${because}`}`;
}

function sameDecision(before: Decision | undefined, after: Decision): boolean {
  return (
    before?.action === after.action && before.reason === after.reason && before.would?.reason === after.would?.reason
  );
}
