import { type Kysely, sql } from "kysely";
import { BackfeedError } from "../../support/errors.ts";
import type { Tables } from "./schema.ts";
import { initialSchema } from "./schema-1.ts";
import { silenceSchema } from "./schema-2.ts";
import { scoreSchema } from "./schema-3.ts";
import { ticketChangeSchema } from "./schema-4.ts";
import { ticketLifeSchema } from "./schema-5.ts";
import { deploySchema } from "./schema-6.ts";
import { stormSchema } from "./schema-7.ts";
import { measuredSchema } from "./schema-8.ts";
import { receivedAlertSchema } from "./schema-9.ts";
import { knownValueSchema } from "./schema-10.ts";

interface Migration {
  readonly name: string;
  up(database: Kysely<Tables>): Promise<void>;
}

/** In order, forward only: the schema's version is how many of these have run. Never edit one that was released. */
const migrations: readonly Migration[] = [
  { name: "initial", up: initialSchema },
  { name: "silences", up: silenceSchema },
  { name: "score", up: scoreSchema },
  { name: "ticket changes", up: ticketChangeSchema },
  { name: "ticket life", up: ticketLifeSchema },
  { name: "deploys", up: deploySchema },
  { name: "storms", up: stormSchema },
  { name: "measured windows", up: measuredSchema },
  { name: "received alerts", up: receivedAlertSchema },
  { name: "known values", up: knownValueSchema },
];

/**
 * Brings the schema to this program's version, each migration in a transaction of its own, which `transact` gives.
 * Throws `configuration` when the store was written by a newer program.
 */
export async function migrate(
  transact: (work: (database: Kysely<Tables>) => Promise<void>) => Promise<void>,
  place: string,
): Promise<void> {
  await transact(async (database) => {
    await sql`create table if not exists migrations (version bigint primary key, name text not null)`.execute(database);
  });
  for (let version = 0; version < migrations.length; ) {
    await transact(async (database) => {
      const done = await schemaVersion(database);
      refuseNewer(done, place);
      const migration = migrations[done];
      version = done + 1;
      if (migration === undefined) return;
      await migration.up(database);
      await sql`insert into migrations (version, name) values (${version}, ${migration.name})`.execute(database);
    });
  }
}

/** For those who only read: throws `configuration` unless the schema is exactly this program's. */
export async function requireSchema(database: Kysely<Tables>, place: string): Promise<void> {
  const found = await sql<{ name: string }>`select name from sqlite_master where name = 'migrations'`.execute(database);
  const version = found.rows.length === 0 ? 0 : await schemaVersion(database);
  refuseNewer(version, place);
  if (version < migrations.length) {
    throw new BackfeedError(
      "configuration",
      `the store ${place} has schema ${version}, this program needs ${migrations.length}: start \`backfeed serve\` or \`backfeed run\` once, which brings it up to date`,
    );
  }
}

async function schemaVersion(database: Kysely<Tables>): Promise<number> {
  const answer = await sql<{ version: number | null }>`select max(version) as version from migrations`.execute(
    database,
  );
  return Number(answer.rows[0]?.version ?? 0);
}

function refuseNewer(version: number, place: string): void {
  if (version <= migrations.length) return;
  throw new BackfeedError(
    "configuration",
    `the store ${place} was written by a newer Backfeed (schema ${version}, this program knows ${migrations.length}): run that version, or restore a backup from before the upgrade`,
  );
}
