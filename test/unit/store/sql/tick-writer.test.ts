import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect } from "chai";
import { openSqlStore } from "../../../../src/store/sql/open-sql-store.ts";
import { TickWriter } from "../../../../src/store/sql/tick-writer.ts";
import { UnreadableRows } from "../../../../src/store/sql/unreadable-rows.ts";
import { firingRule, ruleCommit, tick } from "../../../contract/store-builders.ts";

describe("TickWriter", () => {
  let folder = "";
  let database: Sqlite.Database;
  let writer: TickWriter;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "backfeed-store-"));
    const path = join(folder, "backfeed.db");
    await (await openSqlStore({ url: `sqlite:${path}` })).close();
    database = new Sqlite(path);
    writer = new TickWriter({ database, unreadable: new UnreadableRows(undefined) });
  });
  afterEach(() => {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const stored = () => database.prepare("select rule_id from rule_states order by rule_id").pluck().all();
  const write = (...names: string[]) => {
    const rules = names.map((name) => firingRule(name));
    return writer.write(tick(rules), rules).map((failure) => failure.ruleId);
  };

  it("gives every rule of the transaction back when the disk is full, and stores them once there is room", () => {
    expect(write("first")).to.deep.equal([]);
    const pages = database.pragma("page_count", { simple: true });
    database.pragma(`max_page_count = ${pages}`);
    const names = Array.from({ length: 60 }, (_, index) => `rule-${index}`);
    expect(write(...names)).to.deep.equal(names);
    expect(database.inTransaction).to.equal(false);
    expect(stored()).to.deep.equal(["first"]);

    database.pragma("max_page_count = 1000000");
    expect(write(...names)).to.deep.equal([]);
    expect(stored()).to.have.length(61);
  });

  it("gives every rule back when the commit itself fails", () => {
    const orphan = "insert into finding_events (finding_id, at, body) values ('nobody', 1, '{}')";
    database.exec(`create trigger orphan after insert on rule_states begin ${orphan}; end`);
    const rules = [ruleCommit("a"), ruleCommit("b")];
    // A constraint that only the commit looks at: the pragma holds for the next transaction.
    database.pragma("defer_foreign_keys = on");
    const failures = writer.write(tick(rules), rules);
    expect(failures.map((failure) => failure.ruleId)).to.deep.equal(["a", "b"]);
    expect(failures[0]?.message).to.include("FOREIGN KEY");
    expect(database.inTransaction).to.equal(false);
    expect(stored()).to.deep.equal([]);
    database.exec("drop trigger orphan");
    expect(writer.write(tick(rules), rules)).to.deep.equal([]);
    expect(stored()).to.deep.equal(["a", "b"]);
  });
});
