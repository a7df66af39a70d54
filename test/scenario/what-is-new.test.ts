import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Finding } from "../../src/model/finding.ts";
import type { Rule } from "../../src/model/rule.ts";
import { readRuleFile } from "../../src/rules/read-rule-file.ts";
import type { ScriptedEvent } from "../../src/sources/scripted/event-filter.ts";
import { createScriptedSource, type ScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import { openSqlStore } from "../../src/store/sql/open-sql-store.ts";
import type { Store } from "../../src/store/store.ts";
import { ManualClock } from "../../src/support/clock.ts";
import { createLocalTracker } from "../../src/trackers/local/local-tracker.ts";
import { createWorld, type World } from "../support/world.ts";

const minute = 60_000;
const start = Date.parse("2026-01-05T10:00:00Z");

function rulesOf(entries: string): readonly Rule[] {
  const text = `apiVersion: backfeed/v1
defaults: { why: Nobody has seen this before., signal: { source: logs, table: app, window: 5m } }
rules:
${entries}`;
  const context = { sources: { logs: { type: "scripted" } }, owners: ["default"] } as const;
  const read = readRuleFile("new.yaml", new TextEncoder().encode(text), context);
  expect(read.faults).to.deep.equal([]);
  return read.entries.flatMap(({ rule }) => rule ?? []);
}

const newMessage = `  - id: new-message
    title: 'New: {{ pattern }}'
    when: { new: { pattern_of: message, learned_from: 1h, settle: 30m } }
`;
const newError = `  - id: new-error
    title: '{{ labels.service }}: new error {{ labels["error.type"] }}'
    signal: { by: [service] }
    when: { new: { field: error.type, learned_from: 1h, settle: 30m } }
`;

describe("what is new, over the life of the program", () => {
  let folder = "";
  let world: World;
  let source: ScriptedSource;
  let events: ScriptedEvent[];
  let clock: ManualClock;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "backfeed-new-"));
    events = [];
    clock = new ManualClock(start);
    source = createScriptedSource({ name: "logs", script: { app: { events } } });
  });
  afterEach(async () => {
    await world.close();
    rmSync(folder, { recursive: true });
  });

  /** The program over the store on the disk, as after a start. */
  async function begin(rules: readonly Rule[], broken: (store: Store) => Store = (store) => store): Promise<void> {
    const store = broken(await openSqlStore({ url: `sqlite:${join(folder, "backfeed.db")}` }));
    const trackers: Parameters<typeof createWorld>[0]["trackers"] = ({ localTickets }) => [
      createLocalTracker({ name: "local", tickets: localTickets, clock }),
    ];
    world = await createWorld({ start: "", clock, rules, sources: [source], store, trackers });
  }

  function say(at: number, ...messages: readonly string[]): void {
    for (const message of messages) events.push({ "@timestamp": start + at * minute, message });
  }

  const findings = async (): Promise<readonly Finding[]> => (await world.store.history.findings({ limit: 50 })).items;
  const tickets = async () => (await world.store.localTickets.list({ limit: 50 })).items;

  it("files one ticket for a message of a new kind, with samples of that kind alone, and ends once it is known", async () => {
    say(-30, "user 1 logged in from 10.0.0.1");
    for (let at = 0; at < 60; at += 1) {
      say(at, `user ${at} logged in from 10.0.0.${at}`);
      if (at >= 5) say(at, `payment ${at} refused for ${["ann", "bob", "eve"][at % 3]}: no funds`);
    }
    await begin(rulesOf(newMessage));
    await world.through(5);
    expect(await findings()).to.deep.equal([]);
    await world.through(5);
    const [finding, ...others] = await findings();
    expect(others).to.deep.equal([]);
    expect(finding?.title).to.match(/^New: payment <num> refused for .+ no funds$/);
    const [ticket] = await tickets();
    const body = JSON.stringify(ticket);
    expect(body).to.include("count of each new pattern of message in app");
    expect(body).to.match(/pattern=[0-9a-f]{12}: payment <num> refused/);
    expect(body).to.include("no message like it known in the 1 h before it came up");
    const proof = await world.store.evidence.newest(finding?.id ?? "");
    const samples = proof?.evidence.sections[0]?.samples.flatMap(({ fields }) => fields.map(([, value]) => value));
    expect(samples?.filter((text) => text.includes("refused")).length).to.be.at.least(1);
    expect(samples?.filter((text) => text.includes("logged in"))).to.deep.equal([]);

    await world.through(26);
    expect((await findings())[0]?.worst).to.deep.include({ state: "recovering" });
    await world.through(15);
    const [known] = await findings();
    expect(known?.state).to.equal("quiet");
    expect(known?.worst.subject).to.equal("payment <num> refused for <*> no funds");
    const [told] = await tickets();
    expect(JSON.stringify(told)).to.include("Known now, and still there.");
    expect(await tickets()).to.have.length(1);
  });

  it("gives the same messages the same patterns after each restart, and finds nothing new in what is known", async () => {
    const kinds = ["user 1 logged in", "job alpha ended well", "cache of cart is warm", "disk x is at 7 percent"];
    for (let at = -10; at < 30; at += 1)
      say(at, ...kinds.map((kind) => kind.replace("x", `sd${"abc"[at % 3] ?? "a"}`)));
    await begin(rulesOf(newMessage));
    await world.through(2);
    const known = async () => (await world.store.state.knownLabelSets(["new-message"])).map(({ template }) => template);
    const before = await known();
    expect(before.length).to.be.within(4, 6);
    for (let restart = 0; restart < 4; restart += 1) {
      await world.close();
      await begin(rulesOf(newMessage));
      await world.through(3);
      expect((await known()).map((template) => template?.id)).to.have.members(before.map((template) => template?.id));
    }
    expect(await findings()).to.deep.equal([]);
  });

  it("loses and doubles nothing when it is killed between seeing and storing", async () => {
    say(-10, "user 1 logged in");
    say(2, "payment 1 refused: no funds");
    say(3, "payment 2 refused: no money");
    let kills = 1;
    await begin(rulesOf(newMessage + newError), (store) => ({
      ...store,
      state: {
        ...store.state,
        commitTick: async (commit) => {
          if (commit.tick < start + 4 * minute || kills === 0) return store.state.commitTick(commit);
          kills -= 1;
          throw new Error("killed");
        },
      },
    }));
    await world.through(3);
    const inStore = await world.store.state.knownLabelSets(["new-message"]);
    const thrown = await world.through(1).catch((error: unknown) => error);
    expect(thrown).to.be.instanceOf(Error);
    expect(await world.store.state.knownLabelSets(["new-message"])).to.deep.equal(inStore);
    await world.close();
    await begin(rulesOf(newMessage + newError));
    await world.tick(clock.now() + minute);
    const known = await world.store.state.knownLabelSets(["new-message"]);
    expect(known.map(({ template }) => template?.words.join(" "))).to.have.members([
      "user <num> logged in",
      "payment <num> refused: no <*>",
    ]);
    expect(await tickets()).to.have.length(1);
  });

  it("tells values apart by the other labels too, and is not learned before the source has answered", async () => {
    const error = (at: number, service: string, type: string) =>
      events.push({ "@timestamp": start + at * minute, service, "error.type": type });
    error(-30, "cart", "Timeout");
    error(-30, "pay", "Refused");
    error(3, "cart", "Timeout");
    error(3, "pay", "Timeout");
    await begin(rulesOf(newError));
    source.failNext("timeout", { times: 2 });
    await world.through(2);
    const state = (await world.store.state.ruleStates()).get("new-error");
    expect(state?.learned).to.equal(undefined);
    expect(state?.lastFailure).to.equal(
      "timeout: not learned yet, so nothing is new: the script failed this answer (timeout)",
    );
    await world.through(3);
    expect((await findings()).map(({ title }) => title)).to.deep.equal(["pay: new error Timeout"]);
    const [ticket] = await tickets();
    expect(JSON.stringify(ticket)).to.include("not seen in the 1 h before it came up");
  });

  it("looks back anew after it was away for longer than `learned_from`", async () => {
    const error = (at: number, type: string) =>
      events.push({ "@timestamp": start + at * minute, service: "cart", "error.type": type });
    error(-30, "Timeout");
    await begin(rulesOf(newError));
    await world.through(1);
    await world.close();
    error(50, "Refused");
    error(110, "Refused");
    error(150, "Fatal");
    clock.set(start + 145 * minute);
    await begin(rulesOf(newError));
    await world.through(10);
    expect((await findings()).map(({ title }) => title)).to.deep.equal(["cart: new error Fatal"]);
  });

  it("is one finding of Backfeed's own when there is no room for what is new, and files nothing for that", async () => {
    say(-30, "user 1 logged in");
    const narrow = newMessage.replace("    when:", "    signal: { max_groups: 5 }\n    when:");
    await begin(rulesOf(narrow));
    await world.through(2);
    for (let at = 2; at < 40; at += 1) {
      const word = () =>
        Math.sin(at * 97 + events.length)
          .toString(36)
          .replace(/[^a-z]/g, "");
      say(at, ...Array.from({ length: 50 }, () => `${word()} ${word()} ${word()} ${word()}`));
    }
    await world.through(20);
    expect((await world.store.state.knownLabelSets(["new-message"])).length).to.equal(5);
    const all = await findings();
    expect(all.filter(({ worst }) => worst.ruleId === "new-message")).to.have.length(4);
    const [own] = all.filter(({ worst }) => worst.ruleId === "backfeed-rule-full");
    expect(own?.title).to.equal("Rule new-message knows as much as it can: what is new is no longer seen");
    expect(own?.worst.verdict.detail).to.include("raise `max_groups`");
  });
});
