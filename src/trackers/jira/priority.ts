import { type Band, bands } from "../../model/priority.ts";

export interface AllowedPriority {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
}

/**
 * The priority that a band becomes, of those a project allows. A project that has all four names means them, in whichever
 * order an administrator put them. Else, highest first as Jira lists them: the one of the same name, else by position, so
 * that the four bands spread over the list; a band never ranks above a higher one. Five and more are read like Jira's own
 * five, whose last lies below our Low.
 */
export function priorityOf<P extends AllowedPriority>(
  band: Exclude<Band, "None">,
  allowed: readonly P[],
): P | undefined {
  const highestFirst = [...bands].reverse().slice(0, 4);
  const named = (name: string) => allowed.findIndex((one) => one.name?.toLowerCase() === name.toLowerCase());
  if (highestFirst.every((name) => named(name) >= 0)) return allowed[named(band)];
  const last = allowed.length - 1;
  let index = 0;
  for (const [rank, name] of highestFirst.entries()) {
    const byName = named(name);
    const byPosition = Math.round((rank * last) / (allowed.length >= 5 ? 4 : 3));
    index = Math.max(index, byName >= 0 ? byName : byPosition);
    if (name === band) return allowed[index];
  }
  return undefined;
}
