import type { FindingEvent } from "../model/finding.ts";
import type { TicketRecord } from "../model/ticket.ts";
import { formatInstant } from "../model/time.ts";
import { cleanText } from "../support/clean-text.ts";
import { formatDuration } from "../support/duration.ts";
import type { DriftContext } from "./drift.ts";
import type { LabelCommand } from "./label-commands.ts";

export interface CommandDrift {
  readonly record: TicketRecord;
  readonly events: readonly FindingEvent[];
  readonly commands: readonly (
    | { readonly kind: "remove_label"; readonly label: string }
    | { readonly kind: "refile"; readonly label: string }
  )[];
}

/**
 * What people asked for by label. Pure. A command is carried out once: it is noted on the record, and as long as its label
 * still stands there only taking it off is tried again. When it was off, the same label is a new wish.
 */
export function commandDrift(
  record: TicketRecord,
  commands: readonly LabelCommand[],
  context: DriftContext & { readonly at: number },
): CommandDrift {
  const known = new Set(record.commandsDone);
  let after = record;
  const events: FindingEvent[] = [];
  const outside: CommandDrift["commands"][number][] = [];
  const done: string[] = [];
  for (const command of commands) {
    const { label } = command;
    // Not noted as done: whoever carries it out sees by the generation whether it was.
    if (command.kind === "refile") {
      outside.push({ kind: "refile", label });
      continue;
    }
    done.push(label);
    outside.push({ kind: "remove_label", label });
    if (known.has(label)) continue;
    const told = carriedOut(after, command, context);
    after = told.record;
    events.push({ at: context.now, kind: "ticket", code: told.code, text: told.text, facts: { label: shown(label) } });
  }
  const same = done.length === known.size && done.every((label) => known.has(label));
  const commandsDone = done.length === 0 ? undefined : done;
  return { record: same ? after : { ...after, commandsDone }, events, commands: outside };
}

function carriedOut(
  record: TicketRecord,
  command: Exclude<LabelCommand, { kind: "refile" }>,
  { at, who }: DriftContext & { readonly at: number },
): { readonly record: TicketRecord; readonly code: string; readonly text: string } {
  const label = shown(command.label);
  const by = who === undefined ? "a person" : shown(who);
  switch (command.kind) {
    case "snooze": {
      const snoozedUntil = at + command.forMs;
      const text = `${by} snoozed it for ${formatDuration(command.forMs)}: nothing is told before ${formatInstant(snoozedUntil)}`;
      return { record: { ...record, snoozedUntil }, code: "snoozed", text };
    }
    case "adopt": {
      const isOwn = command.findingId === record.findingId;
      const text = isOwn
        ? `${by} set ${label}: ${record.ref.key} is the ticket of this finding already`
        : `${by} set ${label}: not done, since ${record.ref.key} is the ticket of this finding`;
      return { record, code: isOwn ? "adopted_already" : "adopt_refused", text };
    }
    case "unknown": {
      const forms = "snooze-7d (any duration up to a year), refile or adopt-<16 digits of a finding>";
      return { record, code: "command_unknown", text: `${by} set ${label}: not understood, write ${forms}` };
    }
  }
}

function shown(text: string): string {
  return cleanText(text, { maxLength: 80, singleLine: true });
}
