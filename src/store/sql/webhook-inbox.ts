import type { Kysely } from "kysely";
import { BackfeedError } from "../../support/errors.ts";
import type { WebhookInbox } from "../store.ts";
import { encode, keyText } from "./codec.ts";
import type { Connections } from "./connections.ts";
import { readHint, rowNumber } from "./rows.ts";
import type { Tables } from "./schema.ts";
import type { UnreadableRows } from "./unreadable-rows.ts";

/** Hints that may wait: a bulk change of all tickets, and yet a file of a few megabytes. */
const mostWaiting = 10_000;

/** Rows of what webhooks brought. A delivery is one row, however often it comes. */
export function createWebhookInbox(options: { connections: Connections; unreadable: UnreadableRows }): WebhookInbox {
  const { connections, unreadable } = options;
  return {
    receive: (hint) =>
      connections.writeDurably(async (database) => {
        const tracker = keyText(hint.tracker, "tracker's name");
        const delivery = keyText(hint.deliveryId, "delivery's id");
        if (await isKnown(database, tracker, delivery)) return "repeated";
        await refuseWhenFull(database);
        await database
          .insertInto("webhook_inbox")
          .values({ tracker, delivery_id: delivery, done_at: null, body: encode(hint) })
          .execute();
        return "stored";
      }),

    pending: async (tracker, limit) => {
      const rows = await connections.read((database) =>
        database
          .selectFrom("webhook_inbox")
          .select(["number", "body"])
          .where("tracker", "=", tracker)
          .where("done_at", "is", null)
          .orderBy("number")
          .limit(limit)
          .execute(),
      );
      return unreadable.read(rows, "webhook_inbox", (row) => String(row.number), readHint);
    },

    done: (ids, now) =>
      connections.write(async (database) => {
        const numbers = ids.flatMap((id) => rowNumber(id) ?? []);
        if (numbers.length === 0) return;
        await database.updateTable("webhook_inbox").set({ done_at: now }).where("number", "in", numbers).execute();
      }),
  };
}

async function isKnown(database: Kysely<Tables>, tracker: string, delivery: string): Promise<boolean> {
  const row = await database
    .selectFrom("webhook_inbox")
    .select("number")
    .where("tracker", "=", tracker)
    .where("delivery_id", "=", delivery)
    .executeTakeFirst();
  return row !== undefined;
}

async function refuseWhenFull(database: Kysely<Tables>): Promise<void> {
  const { waiting } = await database
    .selectFrom("webhook_inbox")
    .select(({ fn }) => fn.countAll<number>().as("waiting"))
    .where("done_at", "is", null)
    .executeTakeFirstOrThrow();
  if (Number(waiting) < mostWaiting) return;
  throw new BackfeedError("limit", `${mostWaiting} hints of webhooks wait already`);
}
