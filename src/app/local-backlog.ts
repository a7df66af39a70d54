import { randomUUID } from "node:crypto";
import { labelCommands } from "../learn/label-commands.ts";
import type { LocalTicket } from "../model/local-ticket.ts";
import type { ServerProgram } from "../server/program.ts";
import { BackfeedError } from "../support/errors.ts";
import type { Program } from "./program.ts";

/** The embedded backlog as API and pages see it: what people do there is heard of as a webhook's hint would be. */
export function localBacklog(program: Program): ServerProgram["localTickets"] {
  const { store, trackers, clock, redactor, learning, config, logger } = program;
  const local = [...trackers.local.values()][0];
  const tracker = () => {
    if (local === undefined) throw new BackfeedError("not_found", "no local tracker is configured");
    return local;
  };
  const { redact } = redactor;

  /** Learning looks soon, and knows who did it. Without the hint it looks within a minute, so that its loss fails nothing. */
  const heard = async (ticket: LocalTicket, who: string): Promise<LocalTicket> => {
    const { name } = tracker();
    const prefix = config.trackers[name]?.labelPrefix ?? "";
    const hint = {
      tracker: name,
      deliveryId: randomUUID(),
      issueId: ticket.id,
      who,
      adopts: labelCommands(ticket.labels, prefix).some(({ kind }) => kind === "adopt"),
      receivedAt: clock.now(),
    };
    await store.inbox.receive(hint).then(
      () => learning.wake(),
      (thrown: unknown) => logger.debug("a hint about a local ticket was not stored", { ticket: ticket.key, thrown }),
    );
    return ticket;
  };

  return {
    byKey: (key) => store.localTickets.byKey(key),
    attachment: (ticketId, name) => store.localTickets.attachment(ticketId, name),
    transitions: (ticket) => local?.transitions(ticket) ?? [],
    transition: async (key, to, author) => heard(await tracker().move(key, to, author), author),
    // Of a comment there is nothing to learn.
    comment: async (key, text, author) => tracker().addComment(key, redact(text), author),
    async edit(key, change, author) {
      const { summary, assignee, addLabels } = change;
      const clean = {
        ...change,
        ...(summary === undefined ? {} : { summary: redact(summary) }),
        ...(typeof assignee === "string" ? { assignee: redact(assignee) } : {}),
        ...(addLabels === undefined ? {} : { addLabels: addLabels.map(redact) }),
      };
      return heard(await tracker().edit(key, clean, author), author);
    },
    closeAsDuplicate: async (key, of, author) => heard(await tracker().closeAsDuplicate(key, of, author), author),
  };
}
