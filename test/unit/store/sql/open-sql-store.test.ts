import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect } from "chai";
import { openSqlStore } from "../../../../src/store/sql/open-sql-store.ts";
import { BackfeedError } from "../../../../src/support/errors.ts";
import {
  alert,
  createDraft,
  finding,
  firingRule,
  idOf,
  keyOf,
  localTicket,
  minute,
  ruleCommit,
  start,
  tick,
  ticketRecord,
} from "../../../contract/store-builders.ts";

/** What each schema brought, taken away again; the newest first. */
const undone: readonly (readonly [number, readonly string[]])[] = [
  [
    10,
    [
      ...["first_seen_at", "template"].map((column) => `alter table known_label_sets drop column ${column}`),
      ...["learned_to", "full_since"].map((column) => `alter table rule_states drop column ${column}`),
    ],
  ],
  [9, ["drop table received_alerts"]],
  [8, ["drop table measured_windows"]],
  [
    7,
    [
      ...["findings_by_reason", "findings_by_wish", "findings_by_storm"].map((index) => `drop index ${index}`),
      ...["reason", "wished_at", "storm"].map((column) => `alter table findings drop column ${column}`),
      "drop table storms",
    ],
  ],
  [6, ["drop table deploys", "alter table rule_states drop column watched_since"]],
  [
    5,
    [
      ...["look", "sweep", "attention", "issue"].map((by) => `drop index tickets_by_${by}`),
      ...["looked_at", "sweep_at", "ended_at", "attend_at"].map((name) => `alter table tickets drop column ${name}`),
      ...["ticket_edits", "webhook_inbox", "reconcile_marks"].map((table) => `drop table ${table}`),
    ],
  ],
  [4, ["drop index local_tickets_by_change", "alter table local_tickets drop column updated_at"]],
  [3, ["alter table findings drop column score"]],
  [2, ["drop table silences"]],
];

describe("openSqlStore", () => {
  let folder = "";
  let path = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "backfeed-store-"));
    path = join(folder, "var", "backfeed.db");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const refusal = async (work: Promise<unknown>): Promise<BackfeedError> => {
    const thrown = await work.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(thrown).to.be.instanceOf(BackfeedError);
    return thrown as BackfeedError;
  };
  const edit = (sql: string, ...values: unknown[]) => {
    const file = new Sqlite(path);
    file.prepare(sql).run(...values);
    file.close();
  };
  /** The file as the program with this schema would have left it. */
  const backTo = (version: number) => {
    for (const [schema, statements] of undone)
      if (schema > version) for (const statement of statements) edit(statement);
    edit("delete from migrations where version > ?", version);
  };

  it("makes the folder and the file, and leaves one database file and its lock when it closes", async () => {
    const store = await openSqlStore({ url: `sqlite:${path}` });
    await store.state.commitTick(tick([firingRule("a")]));
    await store.close();
    expect(readdirSync(join(folder, "var")).sort()).to.deep.equal(["backfeed.db", "backfeed.db.lock"]);
    expect(statSync(path).mode & 0o077, "others cannot read it").to.equal(0);
  });

  it("refuses addresses and files that are no store, in words", async () => {
    for (const url of ["postgres://db/backfeed", "backfeed.db", "sqlite:", ""]) {
      const error = await refusal(openSqlStore({ url }));
      expect([error.kind, error.message]).to.deep.equal([
        "configuration",
        `store: ${JSON.stringify(url)} is not supported, write sqlite:PATH`,
      ]);
    }
    const note = join(folder, "note.txt");
    writeFileSync(note, "this is not a database, it only looks long enough to be one".repeat(40));
    expect(await refusal(openSqlStore({ url: `sqlite:${note}` }))).to.include({ kind: "configuration" });
    expect(await refusal(openSqlStore({ url: `sqlite:${note}/below.db` }))).to.include({ kind: "configuration" });
    expect(await refusal(openSqlStore({ url: `sqlite:${folder}` }))).to.include({ kind: "configuration" });
  });

  it("refuses a second opening in the same process, and gives way after a failed one", async () => {
    const store = await openSqlStore({ url: `sqlite:${path}` });
    const error = await refusal(openSqlStore({ url: `sqlite:${path}` }));
    expect([error.kind, error.facts["pid"]]).to.deep.equal(["conflict", process.pid]);
    symlinkSync(path, join(folder, "other.db"));
    expect((await refusal(openSqlStore({ url: `sqlite:${join(folder, "other.db")}` }))).kind).to.equal("conflict");
    await store.close();
    edit("insert into migrations (version, name) values (99, 'later')");
    await refusal(openSqlStore({ url: `sqlite:${path}` }));
    edit("delete from migrations where version = 99");
    await (await openSqlStore({ url: `sqlite:${path}` })).close();
  });

  it("refuses a schema that a newer program wrote, for every access", async () => {
    await (await openSqlStore({ url: `sqlite:${path}` })).close();
    edit("insert into migrations (version, name) values (11, 'later')");
    for (const access of ["write", "read", "copy"] as const) {
      const error = await refusal(openSqlStore({ url: `sqlite:${path}`, access }));
      expect([access, error.kind]).to.deep.equal([access, "configuration"]);
      expect(error.message).to.include("newer Backfeed (schema 11, this program knows 10)");
    }
  });

  it("brings the schema before silences up to date and keeps what is in it; who only reads says what to do", async () => {
    const store = await openSqlStore({ url: `sqlite:${path}` });
    await store.state.commitTick(tick([firingRule("a")]));
    await store.close();
    backTo(1);
    const error = await refusal(openSqlStore({ url: `sqlite:${path}`, access: "read" }));
    expect([error.kind, error.message]).to.deep.equal([
      "configuration",
      `the store ${path} has schema 1, this program needs 10: start \`backfeed serve\` or \`backfeed run\` once, which brings it up to date`,
    ]);
    const upgraded = await openSqlStore({ url: `sqlite:${path}` });
    expect(await upgraded.silences.active(0)).to.deep.equal([]);
    expect((await upgraded.history.findings({ limit: 5 })).items).to.have.length(1);
    await upgraded.close();
  });

  it("brings the schema before scores up to date: what is stored already is listed by its score", async () => {
    const store = await openSqlStore({ url: `sqlite:${path}` });
    const scores: readonly (readonly [string, number | undefined])[] = [
      ...Array.from({ length: 450 }, (_, index) => [`f-${index}`, 40 + (index % 13)] as const),
      ["none", undefined],
      ["damaged", 54],
    ];
    const commits = scores.map(([name, score]) => {
      const priority =
        score === undefined ? undefined : { score, band: "Medium" as const, parts: [], adjustment: undefined };
      return { finding: finding(name, { priority }), events: [], outbox: [] };
    });
    await store.state.commitTick(tick([ruleCommit("any", { findings: commits })]));
    await store.close();
    backTo(2);
    edit("update findings set body = 'x' where id = ?", idOf("damaged"));
    const upgraded = await openSqlStore({ url: `sqlite:${path}`, logger: { error: () => undefined } });
    const { items } = await upgraded.history.findings({ limit: 1_000 });
    const listed = items.map(({ priority }) => priority?.score ?? 0);
    expect(listed).to.have.length(451);
    expect(listed).to.deep.equal([...listed].sort((a, b) => b - a));
    await upgraded.close();
  });

  it("brings the schema before ticket changes up to date: tickets of the backlog are asked for by when they changed", async () => {
    const store = await openSqlStore({ url: `sqlite:${path}` });
    for (let index = 0; index < 450; index++) {
      await store.localTickets.create({ ...localTicket(`t-${index}`), updatedAt: 1_000 + (index % 7) });
    }
    await store.close();
    backTo(3);
    edit("update local_tickets set body = 'x' where key = ?", "LOCAL-6");
    const upgraded = await openSqlStore({ url: `sqlite:${path}`, logger: { error: () => undefined } });
    const changed = await upgraded.localTickets.changedSince(1_005, 1_000);
    expect(changed).to.have.length(127);
    expect(changed.map(({ updatedAt }) => updatedAt)).to.satisfy((times: number[]) => times.every((at) => at >= 1_005));
    await upgraded.close();
  });

  it("brings the schema before the life of tickets up to date: tickets of then are looked at, and for duplicates too", async () => {
    const store = await openSqlStore({ url: `sqlite:${path}` });
    await store.tickets.put(ticketRecord("a"));
    await store.close();
    backTo(4);
    const { tickets, close } = await openSqlStore({ url: `sqlite:${path}` });
    const { ref } = ticketRecord("a");
    expect(
      await tickets.live({
        tracker: "jira",
        lookedBefore: start + 1_000_000,
        lookedAfter: start + 2_000_000,
        endedAfter: start,
        limit: 9,
      }),
    ).to.have.length(1);
    expect(await tickets.unswept({ tracker: "jira", now: start, limit: 9 })).to.have.length(1);
    expect((await tickets.byIssueIds("jira", [ref.id]))[0]?.ref).to.deep.equal(ref);
    await close();
  });

  it("brings the schema before deploys up to date: of a rule of then the oldest tick tells since when it is watched", async () => {
    const store = await openSqlStore({ url: `sqlite:${path}` });
    await store.state.commitTick(tick([ruleCommit("a"), ruleCommit("b")], start));
    await store.state.commitTick(tick([ruleCommit("a")], start + 60_000));
    await store.close();
    backTo(5);
    edit("delete from rule_ticks where tick = ?", start);
    const { state, close } = await openSqlStore({ url: `sqlite:${path}` });
    expect(Object.fromEntries(await state.watchedSince(["a", "b"]))).to.deep.equal({ a: start + 60_000, b: start });
    await close();
  });

  it("brings the schema before storms up to date: what waits for a cap is filed without waiting for its rule", async () => {
    const store = await openSqlStore({ url: `sqlite:${path}` });
    const decided = (reason: "over_cap" | "unchanged") => ({
      finding: finding(reason, { decision: { action: "none", reason, at: start } }),
      events: [],
      outbox: [],
    });
    await store.state.commitFindings([decided("over_cap"), decided("unchanged")]);
    await store.close();
    backTo(6);
    const upgraded = await openSqlStore({ url: `sqlite:${path}` });
    expect((await upgraded.state.waiting(9)).map(({ id }) => id)).to.deep.equal([idOf("over_cap")]);
    expect(await upgraded.storms.living()).to.deep.equal([]);
    await upgraded.close();
  });

  it("reads beside a writer and refuses to write", async () => {
    const writer = await openSqlStore({ url: `sqlite:${path}` });
    const reader = await openSqlStore({ url: `sqlite:${path}`, access: "read" });
    await writer.state.commitTick(tick([firingRule("a")]));
    expect((await reader.history.findings({ limit: 5 })).items.map((one) => one.problem)).to.deep.equal(["a"]);
    for (const write of [
      () => reader.state.commitTick(tick([ruleCommit("b")])),
      () => reader.tickets.put(ticketRecord("a")),
      () => reader.outbox.claim({ now: start, owner: "w", leaseMs: 1, limit: 1 }),
    ]) {
      expect(await refusal(write())).to.include({ kind: "conflict" });
    }
    await reader.close();
    await reader.close();
    await writer.close();
    rmSync(path);
    expect(await refusal(openSqlStore({ url: `sqlite:${path}`, access: "read" }))).to.include({
      kind: "configuration",
    });
  });

  it("answers no ping when its file was deleted or replaced under it, and its writer writes nothing more", async () => {
    const aside = join(folder, "aside.db");
    const store = await openSqlStore({ url: `sqlite:${path}` });
    const reader = await openSqlStore({ url: `sqlite:${path}`, access: "read" });
    const copy = await openSqlStore({ url: `sqlite:${path}`, access: "copy" });
    await store.ping();
    renameSync(path, aside);
    for (const opened of [store, reader]) {
      const error = await refusal(opened.ping());
      expect([error.kind, error.message]).to.deep.equal([
        "unavailable",
        `the store ${path} was deleted while it is open: stop, put the right file there, start again`,
      ]);
    }
    copyFileSync(aside, path);
    expect((await refusal(reader.ping())).message).to.include("was replaced by another file while it is open");
    renameSync(aside, path);
    for (const opened of [reader, copy]) await opened.ping();
    // What others did to the file meanwhile nobody knows: only a restart opens it again.
    expect(store.lost.aborted).to.equal(true);
    for (const work of [store.ping(), store.state.commitTick(tick([firingRule("a")]))]) {
      expect(await refusal(work)).to.include({ kind: "unavailable" });
    }
    for (const opened of [store, reader, copy]) await opened.close();
  });

  it("refuses every write, from the first, once its file was deleted, and tells so by a signal", async () => {
    const store = await openSqlStore({ url: `sqlite:${path}` });
    await store.state.commitTick(tick([firingRule("a")]));
    expect(store.lost.aborted).to.equal(false);
    rmSync(path);
    for (const work of [
      () => store.outbox.claim({ now: 0, owner: "w", leaseMs: 1_000, limit: 1 }),
      () => store.state.commitTick(tick([firingRule("b")])),
      () => store.state.openInstance("other", []),
    ]) {
      const error = await refusal(work());
      expect([error.kind, error.message.includes("was deleted while it is open")]).to.deep.equal(["unavailable", true]);
      expect(store.lost.aborted).to.equal(true);
    }
    await store.close();
  });

  it("copies the state for a dry run, also beside a writer, and changes nothing of it", async () => {
    const writer = await openSqlStore({ url: `sqlite:${path}` });
    await writer.state.commitTick(tick([firingRule("a")]));
    const copy = await openSqlStore({ url: `sqlite:${path}`, access: "copy" });
    expect((await copy.state.findings([keyOf("a")])).size).to.equal(1);
    expect(await copy.state.commitTick(tick([firingRule("b")]))).to.deep.equal([]);
    expect((await copy.state.ruleStates()).size).to.equal(2);
    expect((await writer.state.ruleStates()).size).to.equal(1);
    await copy.close();
    await writer.close();
  });

  it("works in memory, where nothing is left", async () => {
    const store = await openSqlStore({ url: "sqlite::memory:" });
    const [first, second] = await Promise.all([
      store.state.commitTick(tick([firingRule("a")])),
      store.state.commitTick(tick([firingRule("b")])),
    ]);
    expect([...first, ...second]).to.deep.equal([]);
    expect((await store.state.alerts()).map((one) => one.ruleId)).to.have.members(["a", "b"]);
    await store.close();
    expect(existsSync(":memory:")).to.equal(false);
  });

  describe("with a row that cannot be read", () => {
    const reports: string[] = [];
    const logger = {
      error: (code: string, _message: string, facts?: Readonly<Record<string, unknown>>) => {
        reports.push(`${code} ${facts?.["table"]} ${facts?.["key"]}`);
      },
    };
    const damaged = async (...edits: readonly [sql: string, ...values: unknown[]][]) => {
      const store = await openSqlStore({ url: `sqlite:${path}` });
      await store.state.commitTick(tick([firingRule("a"), firingRule("b")]));
      await store.tickets.put(ticketRecord("a"));
      await store.close();
      for (const [sql, ...values] of edits) edit(sql, ...values);
      reports.length = 0;
      return openSqlStore({ url: `sqlite:${path}`, logger });
    };

    it("reports it once and goes on with the others", async () => {
      const store = await damaged(["update alerts set body = 'x' where rule_id = 'a'"]);
      expect((await store.state.alerts()).map((one) => one.ruleId)).to.deep.equal(["b"]);
      await store.state.alerts();
      expect(reports).to.deep.equal([`STORE_ROW_UNREADABLE alerts ${alert("a").fingerprint}`]);
      await store.state.commitTick(tick([ruleCommit("a", { alertsChanged: [alert("a")] })]));
      expect(await store.state.alerts()).to.have.length(2);
      await store.close();
    });

    it("does not overwrite a finding: its rule fails alone, until the row is mended", async () => {
      const store = await damaged([`update findings set body = '{"v":9,"body":{}}' where id = ?`, idOf("a")]);
      expect([...(await store.state.findings([keyOf("a"), keyOf("b")])).keys()]).to.deep.equal([keyOf("b")]);
      const failures = await store.state.commitTick(tick([firingRule("a"), firingRule("b")], start + minute));
      expect(failures).to.have.length(1);
      expect(failures[0]?.message).to.include(idOf("a")).and.include("findings");
      expect((await refusal(store.history.finding(idOf("a")))).message).to.include("its version is not known");
      edit("delete from outbox where finding_id = ?", idOf("a"));
      edit("delete from findings where id = ?", idOf("a"));
      await store.close();
      const again = await openSqlStore({ url: `sqlite:${path}`, logger });
      expect(await again.state.commitTick(tick([firingRule("a")], start + minute))).to.deep.equal([]);
      await again.close();
    });

    it("parks an outbox entry, and goes on with those of other findings", async () => {
      const store = await damaged(["update outbox set body = '{}' where finding_id = ?", idOf("a")]);
      const claim = () => store.outbox.claim({ now: start, owner: "w", leaseMs: minute, limit: 9 });
      expect((await claim()).map((entry) => entry.findingId)).to.deep.equal([idOf("b")]);
      expect(await store.outbox.counts()).to.include({ pending: 1, parked: 1 });
      expect(await claim()).to.deep.equal([]);
      expect((await store.history.outbox({ limit: 9 })).items).to.have.length(1);
      expect(reports).to.deep.equal(["STORE_ROW_UNREADABLE outbox 1"]);
      await store.close();
    });

    it("says which, when that row was asked for", async () => {
      const store = await damaged(['update tickets set body = \'{"v":1,"body":{"tracker":5}}\'']);
      const error = await refusal(store.tickets.ofFinding(idOf("a")));
      expect([error.kind, error.facts]).to.deep.equal(["internal", { table: "tickets", key: `${idOf("a")} 1` }]);
      expect((await store.tickets.ofFindings([idOf("a")])).size).to.equal(0);
      await store.close();
    });
  });

  it("refuses a value beyond the limit, and its rule alone", async () => {
    const store = await openSqlStore({ url: `sqlite:${path}` });
    const large = { ...createDraft("big"), idempotencyKey: "big" };
    if (large.action.kind !== "create") throw new Error("a create was meant");
    const draft = { ...large, action: { ...large.action, summary: "x".repeat(17_000_000) } };
    const failures = await store.state.commitTick(tick([firingRule("big", { outbox: [draft] }), firingRule("small")]));
    expect(failures.map((failure) => failure.ruleId)).to.deep.equal(["big"]);
    expect(failures[0]?.message).to.include("too large");
    await store.close();
  });
});
