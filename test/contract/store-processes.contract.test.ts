import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import Sqlite from "better-sqlite3";
import { expect } from "chai";
import { openSqlStore } from "../../src/store/sql/open-sql-store.ts";
import { BackfeedError } from "../../src/support/errors.ts";
import { compiledScript } from "../support/compiled-script.ts";
import { idOf } from "./store-builders.ts";

const script = fileURLToPath(new URL("store-writer-process.ts", import.meta.url));

/** Runs the writer until it has said so many lines, and kills it there: wherever it has come to meanwhile. */
class Writer {
  readonly lines: string[] = [];
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;
  #errors = "";
  #wanted: { lines: number; resolve: () => void } | undefined;

  constructor(compiled: string, url: string) {
    this.#process = spawn(process.execPath, [compiled, url]);
    this.#process.stderr?.on("data", (data) => {
      this.#errors += String(data);
    });
    createInterface({ input: this.#process.stdout! }).on("line", (line) => {
      this.lines.push(line);
      if (this.#wanted !== undefined && this.lines.length >= this.#wanted.lines) this.#wanted.resolve();
    });
    this.#ended = new Promise((resolve) => this.#process.on("close", () => resolve()));
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  async said(lines: number): Promise<void> {
    const said = new Promise<void>((resolve) => {
      this.#wanted = { lines, resolve };
      if (this.lines.length >= lines) resolve();
    });
    await Promise.race([
      said,
      this.#ended.then(() => {
        if (this.lines.length < lines) throw new Error(`the writer ended by itself: ${this.#errors}`);
      }),
    ]);
  }

  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#ended;
  }
}

describe("an SQLite store and the processes around it", function () {
  this.timeout(300_000);
  const folder = mkdtempSync(join(tmpdir(), "backfeed-store-"));
  const writers: Writer[] = [];
  afterEach(() => Promise.all(writers.splice(0).map((writer) => writer.kill())));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const start = async (url: string) => {
    const writer = new Writer(await compiledScript(script), url);
    writers.push(writer);
    return writer;
  };

  it("has all of a rule's tick or nothing of it, and all that was told, whenever the writer is killed", async () => {
    const path = join(folder, "killed.db");
    const url = `sqlite:${path}`;
    let told = 0;
    for (let round = 0; round < 20; round++) {
      const writer = await start(url);
      await writer.said(1 + Math.floor(Math.random() * 6));
      await writer.kill();
      told = Math.max(told, ...writer.lines.slice(1).map(Number));
      await checkWhole(path, told);
    }
  });

  async function checkWhole(path: string, told: number): Promise<void> {
    const store = await openSqlStore({ url: `sqlite:${path}` });
    const states = await store.state.ruleStates();
    const watermarks = [...states.values()].map((state) => state.watermark);
    expect(states.size === 0 ? 0 : Math.min(...watermarks), "what was told is stored").to.be.at.least(told);
    const transactions = [states, states].map(
      (all, index) =>
        new Set([...all].filter(([id]) => Number(id.slice(5)) < 100 === (index === 0)).map(([, one]) => one.watermark)),
    );
    expect(transactions.map((set) => set.size)).to.satisfy((sizes: number[]) => sizes.every((size) => size <= 1));

    const alerts = new Map((await store.state.alerts()).map((alert) => [alert.ruleId, alert]));
    for (const [ruleId, { watermark }] of states) {
      if (Number(ruleId.slice(5)) % 10 !== 0) continue;
      const ticks = await store.history.ruleTicks(ruleId, 10_000);
      expect(ticks.map((one) => one.tick)).to.deep.equal(Array.from({ length: watermark }, (_, n) => watermark - n));
      expect(alerts.get(ruleId)?.since).to.equal(watermark);
      expect((await store.state.knownLabelSets([ruleId])).map((set) => set.seenAt)).to.deep.equal([watermark]);
      expect((await store.history.finding(idOf(ruleId)))?.changedAt).to.equal(watermark);
      const all = Array.from({ length: watermark }, (_, n) => n + 1);
      expect((await store.history.events(idOf(ruleId))).map((event) => event.at)).to.deep.equal(all.slice(-2_000));
      expect((await store.outbox.openOf([idOf(ruleId)])).map((entry) => entry.createdAt)).to.deep.equal(all);
    }
    await store.close();
    const file = new Sqlite(path, { readonly: true });
    expect(file.pragma("quick_check", { simple: true })).to.equal("ok");
    expect(file.pragma("foreign_key_check")).to.deep.equal([]);
    file.close();
  }

  it("is written by one process: a second is told who holds it, and comes in once that one is dead", async () => {
    const url = `sqlite:${join(folder, "held.db")}`;
    const writer = await start(url);
    await writer.said(2);
    const thrown = await openSqlStore({ url }).catch((error: unknown) => error);
    expect(thrown).to.be.instanceOf(BackfeedError);
    const error = thrown as BackfeedError;
    expect(error.kind).to.equal("conflict");
    expect(error.message).to.include(`process ${writer.pid} on ${hostname()}`).and.include(url.slice("sqlite:".length));

    const reader = await openSqlStore({ url, access: "read" });
    expect((await reader.state.ruleStates()).size).to.be.greaterThan(0);
    await reader.close();

    await writer.kill();
    const store = await openSqlStore({ url });
    expect((await store.state.ruleStates()).size).to.be.greaterThan(0);
    await store.close();
  });
});
