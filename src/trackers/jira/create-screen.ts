import type { Clock } from "../../support/clock.ts";
import { BackfeedError } from "../../support/errors.ts";
import { type JiraClient, safeKey } from "./client.ts";
import type { FieldMeta } from "./schemas.ts";

/** What a create of one issue type in one project takes. */
export interface CreateScreen {
  readonly project: string;
  readonly issueType: { readonly id: string; readonly name: string };
  /** By field id, `priority` or `customfield_10010`. */
  readonly fields: ReadonlyMap<string, FieldMeta>;
}

/** Administrators change screens now and then; a refusal that names a field asks anew at once. */
const maxAgeMs = 10 * 60_000;
const mostScreens = 200;
// Pages of one list: 100 entries each.
const mostPages = 10;

export interface CreateScreens {
  /** Throws `refused` when there is no such issue type, `unauthorized` when we may create none. */
  get(client: JiraClient, where: { project: string; issueType: string }, signal: AbortSignal): Promise<CreateScreen>;
  forget(where: { project: string; issueType: string }): void;
}

/** Create screens, asked for when first needed and kept for ten minutes. */
export function createScreens(options: { clock: Pick<Clock, "now"> }): CreateScreens {
  const known = new Map<string, { at: number; screen: CreateScreen }>();
  const keyOf = (where: { project: string; issueType: string }) => `${where.project} ${where.issueType}`;
  return {
    get: async (client, where, signal) => {
      const key = keyOf(where);
      const now = options.clock.now();
      const kept = known.get(key);
      // A clock that jumped back must not keep a screen for ever.
      if (kept !== undefined && Math.abs(now - kept.at) < maxAgeMs) return kept.screen;
      const screen = await readScreen(client, where, signal);
      known.delete(key);
      known.set(key, { at: now, screen });
      const oldest = known.keys().next().value;
      if (known.size > mostScreens && oldest !== undefined) known.delete(oldest);
      return screen;
    },
    forget: (where) => {
      known.delete(keyOf(where));
    },
  };
}

async function readScreen(
  client: JiraClient,
  where: { project: string; issueType: string },
  signal: AbortSignal,
): Promise<CreateScreen> {
  const project = safeKey(where.project);
  const types = await readPages((startAt) => client.issueTypes(project, startAt, signal));
  if (types.length === 0) {
    throw new BackfeedError(
      "unauthorized",
      `Jira lets us create no issues in ${project}: give the account the permission "Create issues" there`,
      { facts: { project } },
    );
  }
  const type = types.find((one) => one.name.toLowerCase() === where.issueType.toLowerCase());
  if (type?.id === undefined) {
    const names = types.map((one) => one.name).slice(0, 20);
    throw new BackfeedError(
      "refused",
      `${project} has no issue type "${where.issueType}": write one of ${names.join(", ")} as issue_type`,
      { facts: { project } },
    );
  }
  const typeId = type.id;
  const fields = await readPages((startAt) => client.createFields(project, typeId, startAt, signal));
  const byId = fields.flatMap((field) => {
    const id = field.fieldId ?? field.key;
    return id === undefined ? [] : [[id, field] as const];
  });
  return { project, issueType: { id: typeId, name: type.name }, fields: new Map(byId) };
}

async function readPages<T>(
  read: (
    startAt: number,
  ) => Promise<{ items: T[]; total?: number | null | undefined; isLast?: boolean | null | undefined }>,
): Promise<T[]> {
  const all: T[] = [];
  for (let page = 0; page < mostPages; page++) {
    const { items, total, isLast } = await read(all.length);
    all.push(...items);
    const isDone = isLast ?? (total === undefined || total === null ? items.length < 100 : all.length >= total);
    if (isDone || items.length === 0) break;
  }
  return all;
}
