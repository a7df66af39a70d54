import type { TicketRecord } from "../model/ticket.ts";
import { asBackfeedError } from "../support/errors.ts";
import type { DriftCommand, DriftContext } from "./drift.ts";
import { withoutSecrets } from "./look.ts";
import type { ReconcileContext } from "./reconcile-context.ts";
import { takeOver } from "./take-over.ts";

/**
 * Does what a look left to be done outside: takes command labels off, files anew, follows a duplicate. Each failure is told
 * and is no other's; the ticket still says what was asked for, so the next pass looks and tries again.
 */
export async function carryOut(
  looked: { readonly record: TicketRecord; readonly commands: readonly DriftCommand[]; readonly context: DriftContext },
  context: ReconcileContext,
  signal: AbortSignal,
): Promise<void> {
  const { record } = looked;
  for (const command of looked.commands) {
    try {
      await carryOutOne(record, command, looked.context, context, signal);
    } catch (thrown) {
      const error = asBackfeedError(thrown);
      if (error.kind === "aborted") throw error;
      const facts = { ticket: record.ref.key, finding: record.findingId, command: command.kind, kind: error.kind };
      context.logger.warn(
        "TICKET_COMMAND_FAILED",
        "what people asked for on a ticket could not be done, and is tried again",
        facts,
        error,
      );
      await context.store.tickets.looked([record], 0);
    }
  }
}

async function carryOutOne(
  record: TicketRecord,
  command: DriftCommand,
  compared: DriftContext,
  context: ReconcileContext,
  signal: AbortSignal,
): Promise<void> {
  const { tracker, store } = context;
  switch (command.kind) {
    case "remove_label":
      await tracker.changeLabels(record.ref, { add: [], remove: [command.label] }, signal);
      return;
    case "refile": {
      const finding = (await store.state.findings([record.groupKey])).get(record.groupKey);
      // A generation further it was filed anew already, and only the label is left.
      if (finding?.generation === record.generation) {
        await context.refile(record.findingId, `${compared.who ?? "a person"} on ${record.ref.key}`);
      }
      await tracker.changeLabels(record.ref, { add: [], remove: [command.label] }, signal);
      return;
    }
    case "follow": {
      const original = (await tracker.readMany([command.other], signal)).get(command.other.id);
      if (original === undefined) return;
      await store.tickets.change(record, (current) =>
        current.ref.id === record.ref.id
          ? takeOver(current, withoutSecrets(original, context), "duplicate", compared)
          : undefined,
      );
    }
  }
}
