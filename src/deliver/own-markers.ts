import type { TicketRecord } from "../model/ticket.ts";
import { aroundTracker } from "../trackers/around.ts";
import type { Tracker } from "../trackers/tracker.ts";

/**
 * The tracker as one finding may speak through it. An issue that people made the ticket of a finding (a duplicate's original,
 * an adopted one) may be another finding's ticket as well: there our comments carry the finding in their markers, so that neither
 * takes the other's for its own.
 */
export function withOwnMarkers(tracker: Tracker, { findingId, formerRefs = [] }: TicketRecord): Tracker {
  if (formerRefs.length === 0) return tracker;
  const own = <Comment extends { readonly marker: string }>(comment: Comment): Comment => ({
    ...comment,
    marker: `${findingId}:${comment.marker}`,
  });
  return {
    // Not spread from the tracker itself, whose verbs may be a class's.
    ...aroundTracker(tracker, (_verb, call) => call()),
    comment: (ref, comment, signal) => tracker.comment(ref, own(comment), signal),
    keepComment: (ref, comment, signal) => tracker.keepComment(ref, own(comment), signal),
  };
}
