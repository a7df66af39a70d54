import type { StatusCategory } from "../../model/ticket.ts";
import { BackfeedError } from "../../support/errors.ts";
import type { FieldMeta, Transition } from "./schemas.ts";
import type { Jira } from "./session.ts";

/** A transition that can be made, with the fields that its screen asks for. */
export interface Move {
  readonly id: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Moves to a status of the category, by whatever transition the workflow offers from where the issue stands. */
export function moveTo(
  jira: Jira,
  options: { issueId: string; category: StatusCategory; wontDo: readonly string[]; signal: AbortSignal },
): Promise<"moved" | "unchanged" | "unavailable"> {
  const { issueId, category, wontDo, signal } = options;
  return move(jira, { issueId, to: [category], isThere: (current) => current === category, wontDo, signal });
}

/** Moves a done issue to a status that is not: to one in progress, else to one that waits. */
export function reopen(
  jira: Jira,
  options: { issueId: string; signal: AbortSignal },
): Promise<"moved" | "unchanged" | "unavailable"> {
  const to = ["indeterminate", "new"] as const;
  return move(jira, { ...options, to, isThere: (current) => current !== "done", wontDo: [] });
}

async function move(
  jira: Jira,
  options: {
    issueId: string;
    /** The categories to move to, the best first. */
    to: readonly StatusCategory[];
    isThere: (current: StatusCategory) => boolean;
    wontDo: readonly string[];
    signal: AbortSignal;
  },
): Promise<"moved" | "unchanged" | "unavailable"> {
  const { issueId, to, wontDo, signal } = options;
  const isThere = async (): Promise<boolean> => {
    const { fields } = await jira.client.readIssue(issueId, { fields: "status" }, signal);
    return options.isThere(readCategory(fields.status?.statusCategory?.key));
  };
  if (await isThere()) return "unchanged";
  const transitions = await jira.client.transitions(issueId, signal);
  const [chosen] = to.flatMap((category) => chooseMove(transitions, { category, wontDo }) ?? []);
  if (chosen === undefined) return "unavailable";
  const hasFields = Object.keys(chosen.fields).length > 0;
  try {
    await jira.client.transition(
      issueId,
      { transition: { id: chosen.id }, ...(hasFields ? { fields: chosen.fields } : {}) },
      signal,
    );
    return "moved";
  } catch (thrown) {
    if (!(thrown instanceof BackfeedError) || thrown.kind !== "refused") throw thrown;
    // Somebody moved it since it was read, or a rule of the workflow says no.
    return (await isThere()) ? "unchanged" : "unavailable";
  }
}

/**
 * The transition to take: one that asks for nothing before one that asks for a resolution, which is filled with Done or the
 * first that is allowed; on the way to an open status it would stay, so there nothing is filled. Closing as "won't do" is a person's decision (and would silence the finding), so it is never taken.
 */
export function chooseMove(
  transitions: readonly Transition[],
  options: { category: StatusCategory; wontDo: readonly string[] },
): Move | undefined {
  const wontDo = new Set(options.wontDo.map((name) => name.toLowerCase()));
  const isWontDo = (name: string | undefined): boolean => wontDo.has((name ?? "").toLowerCase());
  const moves = transitions
    .filter((one) => one.isAvailable !== false && one.to !== undefined)
    .filter((one) => readCategory(one.to?.statusCategory?.key) === options.category)
    .filter((one) => options.category !== "done" || !(isWontDo(one.to?.name) || isWontDo(one.name)))
    .flatMap((one) => {
      const fields = requiredFields(one, options.category, isWontDo);
      return fields === undefined ? [] : [{ id: one.id, fields }];
    });
  return moves.find((move) => Object.keys(move.fields).length === 0) ?? moves[0];
}

/** Values for what the screen demands; undefined when we cannot give them. */
function requiredFields(
  transition: Transition,
  category: StatusCategory,
  isWontDo: (name: string | undefined) => boolean,
): Record<string, unknown> | undefined {
  const required = Object.entries(transition.fields ?? {}).filter(
    ([, meta]) => meta.required && meta.hasDefaultValue !== true,
  );
  const fields: Record<string, unknown> = {};
  for (const [id, meta] of required) {
    const resolution = id === "resolution" && category === "done" ? chooseResolution(meta, isWontDo) : undefined;
    if (resolution === undefined) return undefined;
    fields[id] = { name: resolution };
  }
  return fields;
}

function chooseResolution(meta: FieldMeta, isWontDo: (name: string | undefined) => boolean): string | undefined {
  const names = (meta.allowedValues ?? []).flatMap((one) =>
    one.name === undefined || isWontDo(one.name) ? [] : [one.name],
  );
  return names.find((name) => name.toLowerCase() === "done") ?? names[0];
}

/** Jira's fourth category, "No Category", counts as new. */
export function readCategory(key: string | undefined): StatusCategory {
  return key === "done" || key === "indeterminate" ? key : "new";
}
