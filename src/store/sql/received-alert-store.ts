import { type Kysely, sql } from "kysely";
import { labelsKey } from "../../model/labels.ts";
import type { ReceivedAlert } from "../../model/raised-alert.ts";
import { BackfeedError } from "../../support/errors.ts";
import { sha256 } from "../../support/hashing.ts";
import type { ReceivedAlertStore } from "../store.ts";
import { encode, keyNumber } from "./codec.ts";
import type { Connections } from "./connections.ts";
import { inChunks } from "./in-chunks.ts";
import { readReceivedAlert } from "./rows.ts";
import type { Tables } from "./schema.ts";
import type { UnreadableRows } from "./unreadable-rows.ts";

/** All of them are read at every tick: a file and a read of some twenty megabytes. */
const mostKeptByDefault = 10_000;

export function createReceivedAlertStore(options: {
  connections: Connections;
  unreadable: UnreadableRows;
  mostKept?: number;
}): ReceivedAlertStore {
  const { connections, unreadable, mostKept = mostKeptByDefault } = options;
  const read = (rows: readonly { hash: string; body: string }[]) =>
    unreadable.read(rows, "received_alerts", (row) => row.hash, readReceivedAlert);
  return {
    hear: (labelSets, change) =>
      connections.writeDurably(async (database) => {
        const hashes = new Map(labelSets.map((labels) => [hashOf(labels), labels]));
        const rows = await inChunks([...hashes.keys()], (chunk) =>
          database.selectFrom("received_alerts").select(["hash", "body"]).where("hash", "in", chunk).execute(),
        );
        // One that cannot be read is heard of anew.
        const known = new Map(read(rows).map((alert) => [hashOf(alert.labels), alert]));
        for (const [hash, labels] of hashes) {
          const alert = change(known.get(hash), labels);
          const columns = {
            heard_at: keyNumber(alert.words.heardAt, "time of a notice"),
            ended: alert.words.until === undefined ? 0 : 1,
            body: encode(alert),
          };
          await database
            .insertInto("received_alerts")
            .values({ hash, ...columns })
            .onConflict((conflict) => conflict.column("hash").doUpdateSet(columns))
            .execute();
        }
        return { dropped: await makeRoom(database, mostKept) };
      }),

    all: async () => {
      const rows = await connections.read((database) =>
        database.selectFrom("received_alerts").select(["hash", "body"]).orderBy("hash").execute(),
      );
      return read(rows);
    },
  };
}

/** Labels are hostile and may be too long for a key. */
function hashOf(labels: ReceivedAlert["labels"]): string {
  return sha256(labelsKey(labels));
}

/** What ended goes first, the longest unheard. What fires is never forgotten to make room: then nothing new is taken. */
async function makeRoom(database: Kysely<Tables>, mostKept: number): Promise<number> {
  const { kept, firing } = await database
    .selectFrom("received_alerts")
    .select(({ fn }) => [fn.countAll<number>().as("kept"), sql<number>`coalesce(sum(1 - ended), 0)`.as("firing")])
    .executeTakeFirstOrThrow();
  if (Number(firing) > mostKept) {
    throw new BackfeedError("limit", `${mostKept} received alerts fire already: no more are taken`);
  }
  const tooMany = Number(kept) - mostKept;
  if (tooMany <= 0) return 0;
  await sql`delete from received_alerts where hash in (
    select hash from received_alerts where ended = 1 order by heard_at, hash limit ${tooMany})`.execute(database);
  return tooMany;
}
