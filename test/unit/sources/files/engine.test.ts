import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createEngine, type Engine } from "../../../../src/sources/files/engine.ts";
import { failureOf } from "../../../../src/sources/files/failure.ts";
import { never } from "./files-fixture.ts";

describe("the engine of a files source", () => {
  let folder: string;
  let engine: Engine;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "backfeed-engine-"));
    writeFileSync(join(folder, "a.csv"), "a\n1\n");
    engine = createEngine({
      readableDirectories: [folder],
      cacheDirectory: folder,
      memoryLimit: "50MB",
      maxTemporaryBytes: 5_000_000,
      threads: 1,
    });
  });
  after(async () => {
    await engine.close();
    rmSync(folder, { recursive: true });
  });

  const failure = async (sql: string) =>
    engine.rows(sql, never).then(
      () => undefined,
      (error: unknown) => failureOf(error, (text) => text),
    );

  it("reads its folders and nothing else, and nothing can change that", async () => {
    expect(await engine.rows(`SELECT CAST(a AS DOUBLE) FROM read_csv('${folder}/a.csv')`, never)).to.eql([[1]]);
    for (const sql of [
      "FROM read_text('/etc/passwd')",
      `FROM read_text('${folder}/../../../etc/passwd')`,
      "FROM glob('/etc/*')",
      "COPY (SELECT 1) TO '/tmp/backfeed-never.csv'",
      "ATTACH '/tmp/backfeed-never.db'",
      "INSTALL httpfs",
      "LOAD httpfs",
      "SET enable_external_access = true",
      "SET allowed_directories = ['/']",
      "SET memory_limit = '100GB'",
      "SET lock_configuration = false",
    ]) {
      expect(await failure(sql), sql).to.have.property("code");
    }
  });

  it("stops a statement that would never end", async () => {
    const stop = new AbortController();
    const work = engine.rows("SELECT sum(a.range * b.range) FROM range(100000000) a, range(100000000) b", stop.signal);
    setTimeout(() => stop.abort(new Error("enough")), 20);
    const reason = await work.catch((error: unknown) => error);
    expect(reason).to.have.property("message", "enough");
    expect(await engine.rows("SELECT 'still there'", never)).to.eql([["still there"]]);
  });

  it("says that memory does not suffice, so that it is tried again", async () => {
    const found = await failure("SELECT len(list(range::VARCHAR || repeat('x', 100))) FROM range(10000000)");
    expect(found).to.include({ code: "overloaded", retryable: true });
    expect(await engine.rows("SELECT 1.5::DOUBLE", never)).to.eql([[1.5]]);
  });

  it("refuses a cache folder that it cannot write to", async () => {
    const options = { readableDirectories: [folder], memoryLimit: "50MB", maxTemporaryBytes: 1, threads: 1 };
    const other = createEngine({ ...options, cacheDirectory: join(folder, "a.csv") });
    const error = await other.rows("SELECT 1", never).catch((thrown: unknown) => thrown);
    expect(error).to.have.property("kind", "configuration");
    await other.close();
  });
});
