import { z } from "zod";
import { outboxStates } from "../../model/outbox.ts";
import type { Audit } from "../audit.ts";
import type { ServerProgram } from "../program.ts";
import { type Route, route } from "../route.ts";
import { pageOf, pageQuery, viewPage } from "../views/common.ts";
import { outboxEntryView, viewOutboxEntry } from "../views/outbox-view.ts";

export function outboxRoutes(program: ServerProgram, audit: Audit): readonly Route[] {
  return [
    route({
      method: "get",
      path: "/api/v1/outbox",
      operation: "listOutbox",
      summary: "Intents towards trackers and how far they have come.",
      access: "viewer",
      query: { ...pageQuery, state: z.enum(outboxStates).optional() },
      answer: { kind: "json", name: "OutboxPage", schema: pageOf(outboxEntryView) },
      handle: async ({ query }) => viewPage(await program.history.outbox(query), viewOutboxEntry),
    }),
    route({
      method: "post",
      path: "/api/v1/outbox/{id}/retry",
      operation: "retryOutboxEntry",
      summary: "Makes a parked or waiting entry due at once, with its attempts counted anew.",
      access: "operator",
      faults: [404, 409],
      params: { id: z.string().regex(/^[A-Za-z0-9_:.-]{1,128}$/, "an outbox entry's id") },
      answer: { kind: "json", name: "OutboxEntry", schema: outboxEntryView },
      handle: async ({ params: { id }, caller, now }) => {
        const entry = await program.outbox.retry(id, now);
        program.wakeOutbox();
        await audit([entry.findingId], {
          at: now,
          caller,
          code: "outbox_retry",
          did: `asked to deliver again: ${entry.action.kind}`,
          facts: { entry: id },
        });
        return viewOutboxEntry(entry);
      },
    }),
  ];
}
