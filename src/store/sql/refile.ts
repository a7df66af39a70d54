import type { Kysely } from "kysely";
import type { Finding } from "../../model/finding.ts";
import { BackfeedError } from "../../support/errors.ts";
import type { Refiled, RefileRequest } from "../store.ts";
import { encode, encodeText } from "./codec.ts";
import { insertEvent } from "./history-store.ts";
import { readFinding, readOutboxEntry } from "./rows.ts";
import type { Tables } from "./schema.ts";
import { ticketOfFinding } from "./ticket-store.ts";

/** StateStore's `refile`, inside its transaction. A row that cannot be read refuses it: what it says may matter. */
export async function refile(
  database: Kysely<Tables>,
  options: { findingId: string; now: number; judge: (request: RefileRequest) => Refiled },
): Promise<Finding> {
  const { findingId, now, judge } = options;
  const row = await database
    .selectFrom("findings")
    .select(["id", "body"])
    .where("id", "=", findingId)
    .executeTakeFirst();
  if (row === undefined) throw new BackfeedError("not_found", `there is no finding ${JSON.stringify(findingId)}`);
  const open = await database
    .selectFrom("outbox")
    .selectAll()
    .where("finding_id", "=", findingId)
    .where("finished_at", "is", null)
    .orderBy("number")
    .execute();
  const { finding, event, drop, note } = judge({
    finding: readFinding(row),
    ticket: await ticketOfFinding(database, findingId),
    open: open.map(readOutboxEntry),
  });
  await database
    .updateTable("findings")
    .set({ body: encode(finding), wished_at: finding.memory.wishedAt ?? null, storm: finding.memory.storm?.id ?? null })
    .where("id", "=", findingId)
    .execute();
  for (const { id } of drop) {
    await database
      .updateTable("outbox")
      .set({ state: "dropped", lease_owner: null, lease_until: null, note: encodeText(note), finished_at: now })
      .where("number", "=", Number(id))
      .execute();
  }
  await insertEvent(database, findingId, event);
  return finding;
}
