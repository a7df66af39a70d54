import { day, parseDuration } from "../support/duration.ts";

/** What a person asks of us by a label on the ticket. `label` is taken off when it was carried out. */
export type LabelCommand =
  | { readonly kind: "snooze"; readonly label: string; readonly forMs: number }
  | { readonly kind: "refile"; readonly label: string }
  | { readonly kind: "adopt"; readonly label: string; readonly findingId: string }
  /** Begins as a command does, and is none. */
  | { readonly kind: "unknown"; readonly label: string };

/** Longer is a "won't do", which people can say by closing. */
const longestSnoozeMs = 366 * day;

/**
 * The commands among a ticket's labels: `<prefix>-snooze-<duration>`, `<prefix>-refile`, `<prefix>-adopt-<16 hex>`. Case
 * does not count, since people type them. Pure.
 */
export function labelCommands(labels: readonly string[], prefix: string): readonly LabelCommand[] {
  const found = new RegExp(`^${prefix}-(snooze|refile|adopt)(?:-(.*))?$`, "i");
  return labels.flatMap((label): LabelCommand[] => {
    const [, verb, argument = ""] = found.exec(label) ?? [];
    switch (verb?.toLowerCase()) {
      case undefined:
        return [];
      case "refile":
        return [argument === "" ? { kind: "refile", label } : { kind: "unknown", label }];
      case "snooze": {
        const forMs = parseDuration(argument.toLowerCase());
        const isUsable = forMs !== undefined && forMs > 0 && forMs <= longestSnoozeMs;
        return [isUsable ? { kind: "snooze", label, forMs } : { kind: "unknown", label }];
      }
      default: {
        const findingId = argument.toLowerCase();
        return [/^[0-9a-f]{16}$/.test(findingId) ? { kind: "adopt", label, findingId } : { kind: "unknown", label }];
      }
    }
  });
}
