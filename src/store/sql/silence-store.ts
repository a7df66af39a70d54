import type { Silence } from "../../model/silence.ts";
import { silenceEnd } from "../../model/silence.ts";
import { BackfeedError } from "../../support/errors.ts";
import type { SilenceStore } from "../store.ts";
import { encode, keyNumber } from "./codec.ts";
import type { Connections } from "./connections.ts";
import { pageOf, rowLimit, startOf } from "./cursor.ts";
import { readSilence, rowNumber } from "./rows.ts";
import type { UnreadableRows } from "./unreadable-rows.ts";

/** Each tick reads all that hold. */
const mostAtOnce = 1_000;

export function createSilenceStore(options: { connections: Connections; unreadable: UnreadableRows }): SilenceStore {
  const { connections, unreadable } = options;
  return {
    add: (draft) =>
      connections.writeDurably(async (database) => {
        const holding = await database
          .selectFrom("silences")
          .select(({ fn }) => fn.countAll<number>().as("count"))
          .where("until", ">", draft.createdAt)
          .executeTakeFirstOrThrow();
        if (Number(holding.count) >= mostAtOnce) {
          throw new BackfeedError("limit", `there are ${mostAtOnce} silences already: end some of them`);
        }
        const silence = { ...draft, endedAt: undefined };
        const { number } = await database
          .insertInto("silences")
          .values({
            starts_at: keyNumber(draft.startsAt, "start of the silence"),
            until: keyNumber(draft.endsAt, "end of the silence"),
            body: encode(silence),
          })
          .returning("number")
          .executeTakeFirstOrThrow();
        return { ...silence, id: String(number) };
      }),

    end: (id, now) =>
      connections.writeDurably(async (database) => {
        const number = rowNumber(id) ?? 0;
        const row = await database.selectFrom("silences").selectAll().where("number", "=", number).executeTakeFirst();
        if (row === undefined) throw new BackfeedError("not_found", `there is no silence ${JSON.stringify(id)}`);
        if (row.until <= now) throw new BackfeedError("conflict", `silence ${id} is over already`);
        const ended: Silence = { ...readSilence(row), endedAt: now };
        const { id: _, ...body } = ended;
        await database
          .updateTable("silences")
          .set({ until: keyNumber(silenceEnd(ended), "end of the silence"), body: encode(body) })
          .where("number", "=", number)
          .execute();
        return ended;
      }),

    active: async (at) => {
      const rows = await connections.read((database) =>
        database
          .selectFrom("silences")
          .select(["number", "body"])
          .where("starts_at", "<=", at)
          .where("until", ">", at)
          .orderBy("number")
          .execute(),
      );
      return unreadable.read(rows, "silences", (row) => String(row.number), readSilence);
    },

    list: async (request) => {
      const after = startOf("silences", request, ["number"]);
      const rows = await connections.read((database) => {
        let query = database.selectFrom("silences").select(["number", "body"]);
        if (after !== undefined) query = query.where("number", "<", after[0]);
        return query.orderBy("number", "desc").limit(rowLimit(request)).execute();
      });
      return pageOf({
        list: "silences",
        request,
        rows,
        position: (row) => [row.number],
        read: (page) => unreadable.read(page, "silences", (row) => String(row.number), readSilence),
      });
    },
  };
}
