import type { LocalTicket } from "../../model/local-ticket.ts";
import type { StatusCategory } from "../../model/ticket.ts";

/** A place where a ticket can be. */
export interface LocalStatus {
  readonly name: string;
  readonly category: StatusCategory;
  /** What a ticket that comes here is resolved as. */
  readonly resolution: string | undefined;
}

const toDo: LocalStatus = { name: "To Do", category: "new", resolution: undefined };
const inProgress: LocalStatus = { name: "In Progress", category: "indeterminate", resolution: undefined };
const done: LocalStatus = { name: "Done", category: "done", resolution: "Done" };
const wontDo: LocalStatus = { name: "Won't Do", category: "done", resolution: "Won't Do" };
/** What a ticket is that people closed as a duplicate. No transition leads there, since that needs an original. */
export const closedAsDuplicate = { status: done.name, statusCategory: done.category, resolution: "Duplicate" } as const;

/** Where a new ticket stands. */
export const firstStatus = toDo;

/** From a status to others; of two in one category the first is meant when only the category is named. */
const transitions: ReadonlyMap<string, readonly LocalStatus[]> = new Map([
  [toDo.name, [inProgress, done, wontDo]],
  [inProgress.name, [toDo, done, wontDo]],
  [done.name, [toDo]],
  [wontDo.name, [toDo]],
]);

/** Where a ticket can go from its status. A status of no version of ours leads back to the first. */
export function statusesFrom(ticket: Pick<LocalTicket, "status">): readonly LocalStatus[] {
  return transitions.get(ticket.status) ?? [firstStatus];
}

/** The ticket there, its resolution set or taken away. One that is reopened is no duplicate any more. */
export function movedTo(ticket: LocalTicket, status: LocalStatus, by: string, at: number): LocalTicket {
  const isReopened = ticket.statusCategory === "done" && status.category !== "done";
  const moved: LocalTicket = {
    ...ticket,
    status: status.name,
    statusCategory: status.category,
    resolution: status.resolution,
    updatedAt: at,
  };
  const related = ticket.related?.filter(({ type }) => type !== "duplicate");
  const how = isReopened ? "reopened" : "moved";
  return withHistory(isReopened && related !== undefined ? { ...moved, related } : moved, {
    at,
    author: by,
    text: `${how} from ${ticket.status} to ${status.name}`,
  });
}

/** Entries of a history that are kept: how it began, and the newest. */
const maxHistory = 500;

/** The ticket with one more entry in its history. */
export function withHistory(ticket: LocalTicket, entry: LocalTicket["history"][number]): LocalTicket {
  const history = [...ticket.history, entry];
  if (history.length > maxHistory) history.splice(1, history.length - maxHistory);
  return { ...ticket, history };
}
