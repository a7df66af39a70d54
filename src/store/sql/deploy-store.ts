import { type Kysely, sql } from "kysely";
import { type Deploy, mergeDeploys, serviceKey } from "../../model/deploy.ts";
import type { DeployStore } from "../store.ts";
import { encode, keyNumber, keyText } from "./codec.ts";
import type { Connections } from "./connections.ts";
import { pageOf, rowLimit, startOf } from "./cursor.ts";
import { inChunks } from "./in-chunks.ts";
import { readDeploy } from "./rows.ts";
import type { Tables } from "./schema.ts";
import type { UnreadableRows } from "./unreadable-rows.ts";

/** Two hundred a day for as long as they are kept, and a file of some ten megabytes. */
const mostKeptByDefault = 20_000;
/** Of one service, before one instant. */
const mostOfService = 200;

export function createDeployStore(options: {
  connections: Connections;
  unreadable: UnreadableRows;
  mostKept?: number;
}): DeployStore {
  const { connections, unreadable, mostKept = mostKeptByDefault } = options;
  const read = (rows: readonly { number: number; body: string }[]) =>
    unreadable.read(rows, "deploys", (row) => String(row.number), readDeploy);
  return {
    receive: (told) =>
      connections.writeDurably(async (database) => {
        const key = keyText(told.key, "deploy's key");
        const row = await database
          .selectFrom("deploys")
          .select(["number", "body"])
          .where("deploy_key", "=", key)
          .executeTakeFirst();
        if (row === undefined) {
          await database
            .insertInto("deploys")
            .values({ deploy_key: key, ...columnsOf(told) })
            .execute();
          return { outcome: "stored", dropped: await dropOldest(database, mostKept) };
        }
        const known = readDeploy(row);
        const merged = mergeDeploys(known, told);
        if (merged === known) return { outcome: "repeated", dropped: 0 };
        await database.updateTable("deploys").set(columnsOf(merged)).where("number", "=", row.number).execute();
        return { outcome: "changed", dropped: 0 };
      }),

    known: async (services) => {
      const keys = [...new Set(services.map(serviceKey))];
      const rows = await inChunks(keys, (chunk) =>
        connections.read((database) =>
          database.selectFrom("deploys").select("service_key").distinct().where("service_key", "in", chunk).execute(),
        ),
      );
      return new Set(rows.map(({ service_key }) => service_key));
    },

    ofService: async (service, until) => {
      const rows = await connections.read((database) =>
        database
          .selectFrom("deploys")
          .select(["number", "body"])
          .where("service_key", "=", serviceKey(service))
          .where("begin_at", "<=", until)
          .orderBy("at", "desc")
          .orderBy("number", "desc")
          .limit(mostOfService)
          .execute(),
      );
      return read(rows);
    },

    list: async (request) => {
      const after = startOf("deploys", request, ["number", "number"]);
      const rows = await connections.read((database) => {
        let query = database.selectFrom("deploys").select(["number", "at", "body"]);
        if (request.service !== undefined) query = query.where("service_key", "=", serviceKey(request.service));
        if (after !== undefined) {
          query = query.where(({ eb, refTuple, tuple }) => eb(refTuple("at", "number"), "<", tuple(...after)));
        }
        return query.orderBy("at", "desc").orderBy("number", "desc").limit(rowLimit(request)).execute();
      });
      return pageOf({ list: "deploys", request, rows, position: (row) => [row.at, row.number], read });
    },
  };
}

function columnsOf(deploy: Deploy) {
  const { startedAt, at } = deploy;
  return {
    service_key: keyText(serviceKey(deploy.service), "deploy's service"),
    begin_at: keyNumber(Math.min(startedAt ?? at, at), "begin of the deploy"),
    at: keyNumber(at, "time of the deploy"),
    body: encode(deploy),
  };
}

/** The newest matter: what is beyond the bound goes, oldest first. */
async function dropOldest(database: Kysely<Tables>, mostKept: number): Promise<number> {
  const dropped = await sql`delete from deploys where number in (
    select number from deploys order by at desc, number desc limit 1000 offset ${mostKept})`.execute(database);
  return Number(dropped.numAffectedRows ?? 0);
}
