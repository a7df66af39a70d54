import { bands } from "../../model/priority.ts";
import type { Storm } from "../../model/storm.ts";
import type { StormRank, StormStore } from "../store.ts";
import { decode, encode, type Shape } from "./codec.ts";
import type { Connections } from "./connections.ts";
import { fixedQuery } from "./fixed-query.ts";
import { readFinding } from "./rows.ts";
import type { UnreadableRows } from "./unreadable-rows.ts";

/** Storms live for hours and open an hour apart: as many at once are a fault to hear of elsewhere. */
const mostLiving = 100;

const stormShape: Shape<Storm> = {
  id: "string",
  parentId: "string",
  parentGroupKey: "string",
  openedAt: "number",
  takesUntil: "number",
  children: "array",
};

const livingStorms = fixedQuery((database, _values: Record<never, never>) =>
  database
    .selectFrom("storms")
    .select(["id", "body"])
    .where("ended_at", "is", null)
    .orderBy("opened_at", "desc")
    .limit(mostLiving),
);

const rankColumns = ["id", "group_key", "score", "band"] as const;

function readRank(row: { id: string; group_key: string; score: number; band: string }): StormRank {
  const band = bands.find((each) => each === row.band) ?? "None";
  return { id: row.id, groupKey: row.group_key, score: row.score, band };
}

export function createStormStore(options: { connections: Connections; unreadable: UnreadableRows }): StormStore {
  const { connections, unreadable } = options;
  return {
    living: async () => {
      const rows = await connections.read((database) => livingStorms(database, {}));
      return unreadable.read(
        rows,
        "storms",
        (row) => row.id,
        (row) => decode<Storm>(row.body, stormShape, "storms", row.id),
      );
    },

    members: async (id, limit) => {
      const rows = await connections.read((database) =>
        database
          .selectFrom("findings")
          .select(["id", "body"])
          .where("storm", "=", id)
          .orderBy("score", "desc")
          .orderBy("id")
          .limit(limit)
          .execute(),
      );
      return unreadable.read(rows, "findings", (row) => row.id, readFinding);
    },

    ticketed: async (id, limit) => {
      const rows = await connections.read((database) =>
        database
          .selectFrom("findings")
          .select(["id", "body"])
          .where("storm", "=", id)
          .where(({ exists, selectFrom }) =>
            exists(
              selectFrom("tickets").select("tickets.generation").whereRef("tickets.finding_id", "=", "findings.id"),
            ),
          )
          .orderBy("id")
          .limit(limit)
          .execute(),
      );
      return unreadable.read(rows, "findings", (row) => row.id, readFinding);
    },

    memberCount: (id) =>
      connections.read(async (database) => {
        const row = await database
          .selectFrom("findings")
          .select(({ fn }) => fn.countAll<number>().as("members"))
          .where("storm", "=", id)
          .executeTakeFirst();
        return Number(row?.members ?? 0);
      }),

    worst: async (id, limit) => {
      const rows = await connections.read((database) =>
        database
          .selectFrom("findings")
          .select(rankColumns)
          .where("storm", "=", id)
          .orderBy("score", "desc")
          .orderBy("id")
          .limit(limit)
          .execute(),
      );
      return rows.map(readRank);
    },

    wished: async (after, until) => {
      const rows = await connections.read((database) =>
        database
          .selectFrom("findings")
          .select([...rankColumns, "state"])
          .where("wished_at", ">", after)
          .where("wished_at", "<=", until)
          .where("storm", "is", null)
          .orderBy("id")
          .execute(),
      );
      return rows.map((row) => ({ ...readRank(row), isOpen: row.state === "open" || row.state === "regressed" }));
    },

    end: (storm, at) =>
      connections.write(async (database) => {
        await database
          .updateTable("storms")
          .set({ ended_at: at, body: encode({ ...storm, endedAt: at }) })
          .where("id", "=", storm.id)
          .execute();
      }),
  };
}
