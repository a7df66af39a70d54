import { z } from "zod";
import { type OutboxEntry, outboxKinds, outboxStates } from "../../model/outbox.ts";
import { instant } from "./common.ts";

/** One intent towards a tracker and how far it has come; its text and evidence request stay inside. */
export const outboxEntryView = z.object({
  id: z.string(),
  findingId: z.string(),
  generation: z.number(),
  kind: z.enum(outboxKinds),
  tracker: z.string().optional().meta({ description: "Of a create: where it goes." }),
  state: z.enum(outboxStates),
  rank: z.number(),
  attempts: z.number(),
  looks: z.number(),
  lostCreates: z.number(),
  createdAt: instant,
  nextAttemptAt: instant,
  finishedAt: instant.optional(),
  note: z.string().optional(),
});

export function viewOutboxEntry(entry: OutboxEntry): z.infer<typeof outboxEntryView> {
  const { action } = entry;
  return {
    id: entry.id,
    findingId: entry.findingId,
    generation: entry.generation,
    kind: action.kind,
    tracker: action.kind === "create" ? action.route.tracker : undefined,
    state: entry.state,
    rank: entry.rank,
    attempts: entry.attempts,
    looks: entry.looks,
    lostCreates: entry.lostCreates,
    createdAt: entry.createdAt,
    nextAttemptAt: entry.nextAttemptAt,
    finishedAt: entry.finishedAt,
    note: entry.note,
  };
}
