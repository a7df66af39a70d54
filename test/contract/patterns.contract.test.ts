import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Context } from "mocha";
import { readRuleFile } from "../../src/rules/read-rule-file.ts";
import { createElasticsearchSource } from "../../src/sources/elasticsearch/elasticsearch-source.ts";
import { createFilesSource } from "../../src/sources/files/files-source.ts";
import { createScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import type { Source } from "../../src/sources/source.ts";
import { createLocalTracker } from "../../src/trackers/local/local-tracker.ts";
import { sharedElasticsearch } from "../support/services/elasticsearch.ts";
import { startOrSkip } from "../support/services/service-missing.ts";
import { createWorld } from "../support/world.ts";

const minute = 60_000;
const start = Date.parse("2026-01-05T10:00:00Z");
const minutes = 30;

/** Several at one instant, long and hostile ones, one kind that begins late and one that ends early. */
const events = Array.from({ length: minutes + 20 }, (_, at) => at - 20).flatMap((at) => {
  const instant = new Date(start + at * minute + 30_000).toISOString();
  const said = [
    `user ${at} logged in from 10.0.0.${Math.abs(at)}`,
    `cache of ${["cart", "pay", "mail"][Math.abs(at) % 3]} is ${Math.abs(at)}% full`,
    `{"level":"warn"} <script>'"; DROP TABLE x; -- %_*?\\ \u202e ${"long ".repeat(700)}`,
    ...(at < 5 ? ["warming up"] : []),
    ...(at >= 12
      ? [
          `payment ${4_711 + at} refused for ${["ann", "bob"][Math.abs(at) % 2]}: insufficient  funds\n  at Pay.java:${at}`,
        ]
      : []),
    ...(at === 14 ? ["Disk sd_a* is 100% gone?"] : []),
  ];
  return said.map((message) => ({ "@timestamp": instant, message }));
});

interface Holder {
  readonly source: Source;
  /** Of the signal: where the events are. */
  readonly target: string;
  readonly type: "scripted" | "files" | "elasticsearch";
  close(): Promise<void>;
}

const scripted = async (): Promise<Holder> => {
  const source = createScriptedSource({ name: "s", script: { app: { events } } });
  return { source, target: "table: app", type: "scripted", close: () => source.close() };
};

async function files(): Promise<Holder> {
  const folder = mkdtempSync(join(tmpdir(), "backfeed-patterns-"));
  writeFileSync(join(folder, "app.ndjson"), events.map((event) => `${JSON.stringify(event)}\n`).join(""));
  const tables = { app: { path: "app.ndjson", timestamp: "@timestamp" } };
  const source = createFilesSource({ name: "s", tables, baseDirectory: folder });
  const close = async () => {
    await source.close();
    rmSync(folder, { recursive: true });
  };
  return { source, target: "table: app", type: "files", close };
}

const elasticsearch =
  (mapping: "text" | "keyword") =>
  async (context: Context): Promise<Holder> => {
    const index = `logs-patterns-${mapping}`;
    const { client, url } = await startOrSkip(context, sharedElasticsearch);
    const properties = { "@timestamp": { type: "date" }, message: { type: mapping } } as const;
    await client.indices.create({ index, mappings: { properties } });
    const operations = events.flatMap((event) => [{ index: { _index: index } }, event]);
    expect((await client.bulk({ operations, refresh: true })).errors).to.equal(false);
    const source = createElasticsearchSource({
      name: "s",
      nodes: [url],
      timestamp: "@timestamp",
      timeoutMs: 120_000,
      maxConcurrency: 4,
    });
    const close = async () => {
      await source.close();
      await client.indices.delete({ index });
    };
    return { source, target: `index: ${index}`, type: "elasticsearch", close };
  };

/** Every verdict with what its pattern looks like, and of each finding the title and the samples of its ticket. */
async function told({ source, target, type }: Holder) {
  const text = `apiVersion: backfeed/v1
rules:
  - id: new-message
    title: 'New: {{ pattern }}'
    why: It never said that before.
    signal: { source: s, ${target}, window: 1m }
    when: { new: { pattern_of: message, learned_from: 20m, settle: 10m } }
    until: { for: 2m }
`;
  const sources = { s: type === "files" ? { type, tables: ["app"] } : { type } };
  const read = readRuleFile("new.yaml", new TextEncoder().encode(text), { sources, owners: ["default"] });
  expect(read.faults).to.deep.equal([]);
  const rules = read.entries.flatMap(({ rule }) => rule ?? []);
  const world = await createWorld({
    start: new Date(start).toISOString(),
    rules,
    sources: [source],
    trackers: (store, clock) => [createLocalTracker({ name: "local", tickets: store.localTickets, clock })],
  });
  try {
    const lines: string[] = [];
    for (const { tick, judged } of await world.through(minutes)) {
      for (const { judgement } of judged.filter(({ judgement: { rule } }) => rule.id === "new-message")) {
        expect(judgement.failure).to.equal(undefined);
        for (const { labels, verdict, state, alert } of judgement.evaluations) {
          const facts = [labels["pattern"], verdict.kind, verdict.reason, verdict.value, state, alert?.subject];
          lines.push(`${new Date(tick).toISOString().slice(11, 16)} ${facts.join(" ")}`);
        }
      }
    }
    const found = (await world.store.history.findings({ limit: 50 })).items;
    const tickets = await Promise.all(
      found.map(async ({ id, title }) => {
        const proof = await world.store.evidence.newest(id);
        const section = proof?.evidence.sections[0];
        const samples = section?.samples.flatMap(({ fields }) =>
          fields.flatMap(([name, value]) => (name === "message" ? value : [])),
        );
        return { title, samples, missing: section?.missing };
      }),
    );
    return { lines: lines.sort(), tickets: tickets.sort((a, b) => (a.title < b.title ? -1 : 1)) };
  } finally {
    await world.close();
  }
}

describe("pattern contract: the same messages give the same patterns, verdicts and samples, whatever source they are in", function () {
  this.timeout(400_000);
  let expected: Awaited<ReturnType<typeof told>>;

  before(async () => {
    const holder = await scripted();
    expected = await told(holder);
    await holder.close();
  });

  it("and the script's are right", () => {
    expect(expected.tickets).to.deep.equal([
      { title: "New: Disk sd_a* is <num>% gone?", samples: ["Disk sd_a* is 100% gone?"], missing: [] },
      {
        title: "New: payment <num> refused for <*> insufficient funds",
        samples: ["payment 4723 refused for ann: insufficient  funds\n  at Pay.java:12"],
        missing: [],
      },
    ]);
    const breached = expected.lines.filter((line) => line.includes("breached"));
    expect(breached).to.have.length(10 + 1);
    expect(breached.every((line) => line.includes("first_seen 1 firing"))).to.equal(true);
  });

  for (const [name, create] of [
    ["files", files],
    ["elasticsearch, text", elasticsearch("text")],
    ["elasticsearch, keyword", elasticsearch("keyword")],
  ] as const) {
    it(`as the script: ${name}`, async function () {
      const holder = await create(this as unknown as Context);
      try {
        const found = await told(holder);
        expect(found.lines).to.deep.equal(expected.lines);
        expect(found.tickets).to.deep.equal(expected.tickets);
      } finally {
        await holder.close();
      }
    });
  }
});
