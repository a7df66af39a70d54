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
export async function moveTo(
  jira: Jira,
  options: { issueId: string; category: StatusCategory; wontDo: readonly string[]; signal: AbortSignal },
): Promise<"moved" | "unchanged" | "unavailable"> {
  const { issueId, category, wontDo, signal } = options;
  const isThere = async (): Promise<boolean> => {
    const { fields } = await jira.client.readIssue(issueId, { fields: "status" }, signal);
    return readCategory(fields.status?.statusCategory?.key) === category;
  };
  if (await isThere()) return "unchanged";
  const move = chooseMove(await jira.client.transitions(issueId, signal), { category, wontDo });
  if (move === undefined) return "unavailable";
  const hasFields = Object.keys(move.fields).length > 0;
  try {
    await jira.client.transition(
      issueId,
      { transition: { id: move.id }, ...(hasFields ? { fields: move.fields } : {}) },
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
 * first that is allowed. Closing as "won't do" is a person's decision (and would silence the finding), so it is never taken.
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
      const fields = requiredFields(one, isWontDo);
      return fields === undefined ? [] : [{ id: one.id, fields }];
    });
  return moves.find((move) => Object.keys(move.fields).length === 0) ?? moves[0];
}

/** Values for what the screen demands; undefined when we cannot give them. */
function requiredFields(
  transition: Transition,
  isWontDo: (name: string | undefined) => boolean,
): Record<string, unknown> | undefined {
  const required = Object.entries(transition.fields ?? {}).filter(
    ([, meta]) => meta.required && meta.hasDefaultValue !== true,
  );
  const fields: Record<string, unknown> = {};
  for (const [id, meta] of required) {
    const resolution = id === "resolution" ? chooseResolution(meta, isWontDo) : undefined;
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
