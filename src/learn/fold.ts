import { type Document, paragraph } from "../model/document.ts";
import type { TicketRef } from "../model/ticket.ts";
import type { Tracker } from "../trackers/tracker.ts";

export interface FoldRequest {
  readonly tracker: Pick<Tracker, "link" | "comment" | "transition">;
  readonly duplicate: TicketRef;
  readonly kept: TicketRef;
  /** Why there are two, for people. */
  readonly because: string;
  /** Close the duplicate, where the workflow has a way. */
  readonly closes: boolean;
}

/**
 * Makes one ticket of two: links the duplicate to the one that is kept, says so on it, and closes it. Each step is done
 * once, however often asked. Throws BackfeedError.
 */
export async function fold({ tracker, duplicate, kept, because, closes }: FoldRequest, signal: AbortSignal) {
  await tracker.link(duplicate, { other: kept, type: "duplicate" }, signal);
  const marker = `duplicate:${kept.id}`;
  await tracker.comment(duplicate, { marker, document: foldedDocument(kept, because, closes) }, signal);
  if (closes) await tracker.transition(duplicate, "done", signal);
}

function foldedDocument(kept: TicketRef, because: string, closes: boolean): Document {
  const what = closes ? "It is closed here" : "Please close it when nothing here is needed any more";
  return [
    paragraph(`${because} Work goes on in `, { kind: "link", text: kept.key, url: kept.url }, "."),
    paragraph(`${what}; everything that happens from now on is told there.`),
  ];
}
