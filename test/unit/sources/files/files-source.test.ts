import { appendFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { BackfeedError } from "../../../../src/support/errors.ts";
import {
  ask,
  type Fixture,
  makeFixture,
  measureOf,
  ndjson,
  never,
  observe,
  query,
  question,
  window,
} from "./files-fixture.ts";

const kindOf = (work: Promise<unknown>) =>
  work.then(
    () => "done",
    (error: unknown) => (error instanceof BackfeedError ? error.kind : String(error)),
  );

describe("a files source", () => {
  let fixture: Fixture;
  beforeEach(() => {
    fixture = makeFixture();
  });
  afterEach(() => fixture.close());

  for (const [how, options] of [
    ["kept in the cache", {}],
    ["read anew each time", { cacheBytes: 0 }],
  ] as const) {
    it(`notices new, grown, replaced and removed files, ${how}`, async () => {
      fixture.write("log/a.ndjson", ndjson([{ a: 1 }, { a: 2 }]));
      const source = fixture.source(options);
      const sum = () => measureOf(source, { measure: { kind: "sum", field: "a" } });
      expect(await sum()).to.equal(3);
      fixture.write("log/b.ndjson.gz", gzipSync(ndjson([{ a: 10, b: "new field" }])));
      expect(await sum()).to.equal(13);
      expect(await measureOf(source, { filters: ["b = 'new field'"] })).to.equal(1);
      appendFileSync(join(fixture.folder, "log/a.ndjson"), ndjson([{ a: 100 }]));
      expect(await sum()).to.equal(113);
      fixture.write("log/a.ndjson", ndjson([{ a: 0.5 }]));
      expect(await sum()).to.equal(10.5);
      rmSync(join(fixture.folder, "log/b.ndjson.gz"));
      expect(await sum()).to.equal(0.5);
      expect(await measureOf(source, { filters: ["b IS NOT NULL"] })).to.equal(0);
    });
  }

  it("reads the line that was half written once it is whole", async () => {
    const [first = "", second = ""] = ndjson([{}, {}]).split(/(?<=\n)/);
    fixture.write("log/a.ndjson", first + second.slice(0, 20));
    const source = fixture.source();
    expect(await measureOf(source)).to.equal(1);
    appendFileSync(join(fixture.folder, "log/a.ndjson"), second.slice(20));
    expect(await measureOf(source)).to.equal(2);
  });

  it("says which files are missing, and finds them when they come", async () => {
    const source = fixture.source();
    expect(await ask(source)).to.have.deep.property("failure", {
      code: "unknown_target",
      message: "table log: no file matches its path",
      retryable: true,
    });
    expect(await kindOf(source.series({ query: query(), labels: {}, window, stepMs: 60_000 }, never))).to.equal(
      "not_found",
    );
    fixture.write("log/a.ndjson", ndjson([{}]));
    expect(await measureOf(source)).to.equal(1);
  });

  it("fails, to be repeated, while a compressed file is not whole", async () => {
    const whole = gzipSync(ndjson(Array.from({ length: 2_000 }, (_, number) => ({ text: `${number * 7_919}` }))));
    fixture.write("log/a.ndjson.gz", whole.subarray(0, whole.length / 2));
    const source = fixture.source();
    expect(await ask(source)).to.have.nested.property("failure.retryable", true);
    fixture.write("log/a.ndjson.gz", whole);
    expect(await ask(source)).to.have.property("kind", "answered");
  });

  it("answers an empty file with nothing", async () => {
    fixture.write("log/a.ndjson", "");
    expect(await observe(fixture.source())).to.eql([{ labels: {}, events: 0, value: 0 }]);
  });

  it("asks each question alone when together they would have too many groups", async () => {
    const events = Array.from({ length: 60 }, (_, number) => ({
      service: `s${number % 3}`,
      user: `u${number % 20}`,
      bad: number % 20 === 7,
    }));
    fixture.write("log/a.ndjson", ndjson(events));
    const parts = [0, 1, 2].map((service) => ({
      where: { service: [`s${service}`] },
      by: ["user"],
      maxGroups: 3,
      measure: { kind: "ratio" as const, bad: "bad" },
    }));
    const mustAnswer = [{ user: "u19" }];
    const questions = parts.map((part) => question(part, mustAnswer));
    const together = await fixture.source().answer({ questions, probes: [] }, never);
    const alone = await fixture.source({ maxRows: 5 }).answer({ questions, probes: [] }, never);
    expect(together.requests).to.equal(1);
    expect(alone.requests).to.equal(4);
    expect(alone.answers).to.eql(together.answers);
    const [answer] = alone.answers;
    if (answer?.kind !== "answered") throw new Error("not answered");
    expect(answer.observations.map((group) => group.labels["user"])).to.eql(["u19", "u7", "u0"]);
    expect(answer.notAnswered).to.equal(17);
  });

  it("lets one failing question among many fail alone", async () => {
    fixture.write("log/a.ndjson", ndjson([{ v: "x" }, { v: "1" }]));
    const filters = ["v = 'x'", "CAST(v AS INTEGER) = 1", "v = '1'"];
    const { answers } = await fixture
      .source()
      .answer({ questions: filters.map((filter) => question({ filters: [filter] })), probes: [] }, never);
    expect(
      answers.map((answer) => (answer.kind === "failed" ? answer.failure.code : answer.observations[0]?.events)),
    ).to.eql([1, "refused", 1]);
  });

  it("keeps secrets out of its failures", async () => {
    fixture.write("log/a.ndjson", ndjson([{ v: "password=hunter2" }]));
    const answer = await ask(fixture.source(), { filters: ["CAST(v AS INTEGER) = 1"] });
    expect(answer)
      .to.have.nested.property("failure.message")
      .that.contains("<redacted:password>")
      .and.does.not.contain("hunter2");
  });

  it("gives up at its deadline, to be repeated", async () => {
    fixture.write("log/a.ndjson", ndjson([{}]));
    // No time at all: the database cannot have opened yet.
    const answer = await ask(fixture.source({ timeoutMs: 0 }));
    expect(answer).to.have.nested.property("failure.code", "timeout");
    expect(answer).to.have.nested.property("failure.retryable", true);
  });

  it("stops when it is told to, before and while it works", async () => {
    fixture.write("log/a.ndjson", ndjson([{}]));
    const source = fixture.source();
    const stop = new AbortController();
    const work = kindOf(source.answer({ questions: [question()], probes: [] }, stop.signal));
    stop.abort();
    expect(await work).to.equal("aborted");
    expect(await kindOf(source.check([query()], AbortSignal.abort()))).to.equal("aborted");
    expect(await measureOf(source)).to.equal(1);
  });

  it("answers nothing more after close, and leaves no file behind", async () => {
    fixture.write("log/a.ndjson", ndjson([{}]));
    fixture.write("cache/keep", "");
    const source = fixture.source({ cacheDirectory: join(fixture.folder, "cache") });
    await measureOf(source);
    expect(readdirSync(join(fixture.folder, "cache"))).to.have.length(2);
    await source.close();
    expect(readdirSync(join(fixture.folder, "cache"))).to.eql(["keep"]);
    expect(
      await ask(source).then(
        (answer) => answer.kind,
        (error: BackfeedError) => error.kind,
      ),
    ).to.equal("aborted");
  });

  it("refuses what is no local file, and series without end", async () => {
    expect(() => fixture.source({ tables: { log: { path: "https://example.org/a.csv", timestamp: "t" } } })).to.throw(
      /local files/,
    );
    fixture.write("log/a.ndjson", ndjson([{}]));
    const work = fixture.source().series({ query: query(), labels: {}, window, stepMs: 1 }, never);
    expect(await kindOf(work)).to.equal("limit");
  });
});
