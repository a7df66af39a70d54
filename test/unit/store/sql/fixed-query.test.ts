import Sqlite from "better-sqlite3";
import { expect } from "chai";
import { Kysely } from "kysely";
import { fixedQuery } from "../../../../src/store/sql/fixed-query.ts";
import { LiteralLimitDialect } from "../../../../src/store/sql/literal-limit-dialect.ts";
import type { Tables } from "../../../../src/store/sql/schema.ts";

describe("queries of one text", () => {
  const prepared: string[] = [];
  let database: Kysely<Tables>;
  before(() => {
    const raw = new Sqlite(":memory:");
    raw.exec("create table meta (key text primary key, value text)");
    for (const key of ["a", "b", "c"]) raw.prepare("insert into meta values (?, ?)").run(key, `"${key}"`);
    const prepare = (text: string) => {
      prepared.push(text);
      return raw.prepare<unknown[]>(text);
    };
    database = new Kysely({ dialect: new LiteralLimitDialect({ database: { prepare, close: () => raw.close() } }) });
  });
  after(() => database.destroy());

  it("are built once, and run with the values of each time, in whatever order they stand", async () => {
    let built = 0;
    const between = fixedQuery((of, values: { least: string; most: string }) => {
      built += 1;
      return of
        .selectFrom("meta")
        .selectAll()
        .where("key", "<=", values.most)
        .where("key", "!=", "b")
        .where("key", ">=", values.least)
        .orderBy("key");
    });
    const keys = async (least: string, most: string) =>
      (await between(database, { least, most })).map(({ key }) => key);
    expect(await keys("a", "c")).to.deep.equal(["a", "c"]);
    expect(await keys("b", "c")).to.deep.equal(["c"]);
    expect(await database.connection().execute((own) => between(own, { least: "a", most: "a" }))).to.have.length(1);
    expect(built).to.equal(1);
  });

  it("write a limit out, since SQLite would plan a query with a bound one at each run", async () => {
    expect(await database.selectFrom("meta").selectAll().orderBy("key").limit(2).execute()).to.have.length(2);
    expect(prepared.at(-1)).to.match(/ limit 2$/);
  });
});
