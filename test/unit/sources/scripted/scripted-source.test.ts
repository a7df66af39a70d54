import { expect } from "chai";
import type { Query, Question } from "../../../../src/model/query.ts";
import { createScriptedSource } from "../../../../src/sources/scripted/scripted-source.ts";
import { parseNotation } from "../../../../src/support/series-notation.ts";

const never = new AbortController().signal;
const start = Date.parse("2026-01-05T10:00:00Z");
const minute = 60_000;

function query(parts: Partial<Query> = {}): Query {
  return { target: "t", where: {}, filters: [], measure: { kind: "count" }, by: [], maxGroups: 100, ...parts };
}

/** A question about the five minutes up to the n-th tick. */
function at(tick: number, of: Query): Question {
  const to = start + tick * minute;
  return { query: of, window: { from: to - 5 * minute, to }, mustAnswer: [] };
}

describe("a scripted source in series mode", () => {
  const ratio = query({ measure: { kind: "ratio", bad: {} }, by: ["service.name"] });
  const source = createScriptedSource({
    name: "logs",
    script: {
      t: {
        start,
        stepMs: minute,
        series: [
          { labels: { "service.name": "a" }, total: parseNotation("1000x4"), bad: parseNotation("2 80 _ ! 1") },
          { labels: { "service.name": "fine" }, total: parseNotation("_x2 3") },
          { labels: { "service.name": "b" }, total: parseNotation("_ 10 0 10 10"), bad: parseNotation("0x4") },
        ],
      },
      single: { start, stepMs: minute, series: [{ labels: {}, value: parseNotation("7 _ !") }] },
    },
  });
  const ask = async (question: Question) =>
    (await source.answer({ questions: [question], probes: [] }, never)).answers[0];

  it("answers each tick with that tick's value", async () => {
    expect(await ask(at(1, ratio))).to.deep.equal({
      kind: "answered",
      observations: [
        { labels: { "service.name": "a" }, events: 1_000, badEvents: 80, value: 0.08 },
        { labels: { "service.name": "b" }, events: 10, badEvents: 0, value: 0 },
      ],
      notAnswered: 0,
    });
  });

  it("has no observation of a label set without data, and none outside the script", async () => {
    const groupsAt = async (tick: number) => {
      const answer = await ask(at(tick, ratio));
      return answer?.kind === "answered" ? answer.observations.map(({ labels }) => labels["service.name"]) : answer;
    };
    expect(await groupsAt(0)).to.deep.equal(["a"]);
    expect(await groupsAt(2), "without a bad part all is good").to.deep.equal(["fine"]);
    expect(await groupsAt(-1)).to.deep.equal([]);
    expect(await groupsAt(5)).to.deep.equal([]);
  });

  it("fails the whole question where any label set failed", async () => {
    expect(await ask(at(3, ratio))).to.have.nested.property("failure.retryable", true);
  });

  it("had no data before its first tick, so that nothing is compared with a time before the script", async () => {
    const probe = (tick: number) => ({ target: "t", window: at(tick, ratio).window });
    const { probes } = await source.answer({ questions: [], probes: [probe(-1), probe(0), probe(3)] }, never);
    expect(probes.map((answer) => answer.kind === "answered" && answer.any)).to.deep.equal([false, true, true]);
  });

  it("answers an ungrouped query always with one observation", async () => {
    const of = (measure: Query["measure"]) => query({ target: "single", measure });
    const value = async (tick: number, measure: Query["measure"]) => ask(at(tick, of(measure)));
    expect(await value(0, { kind: "count" })).to.deep.include({ observations: [{ labels: {}, value: 7, events: 7 }] });
    expect(await value(1, { kind: "count" })).to.deep.include({ observations: [{ labels: {}, value: 0, events: 0 }] });
    expect(await value(1, { kind: "avg", field: "x" })).to.deep.include({
      observations: [{ labels: {}, value: undefined, events: 0 }],
    });
  });
});

describe("a scripted source's handles", () => {
  const question = at(0, query());
  const batch = { questions: [question], probes: [{ target: "t", window: question.window }] };
  const make = () => createScriptedSource({ name: "logs", script: { t: { events: [] } } });

  it("fail the next answers with a code, then go on", async () => {
    const source = make();
    source.failNext("timeout", { times: 2 });
    for (const expected of ["failed", "failed", "answered"]) {
      const { answers, probes } = await source.answer(batch, never);
      expect([answers[0]?.kind, probes[0]?.kind]).to.deep.equal([expected, expected]);
    }
    expect(source.asked).to.have.length(3);
  });

  it("fail the questions that a test picks", async () => {
    const source = make();
    const failure = { code: "refused", message: "no", retryable: false } as const;
    source.failWhen(({ query: asked }) => (asked.measure.kind === "rate" ? failure : undefined));
    const questions = [at(0, query()), at(0, query({ measure: { kind: "rate" } }))];
    const { answers } = await source.answer({ questions, probes: [] }, never);
    expect(answers.map((answer) => answer.kind)).to.deep.equal(["answered", "failed"]);
  });

  it("hold an answer until they let it go, or the asker stops", async () => {
    const source = make();
    let release = () => {};
    source.holdNext(
      new Promise((resolve) => {
        release = resolve;
      }),
    );
    const held = source.answer(batch, never);
    expect(source.asked).to.have.length(0);
    release();
    expect((await held).answers[0]?.kind).to.equal("answered");

    const stop = new AbortController();
    source.holdNext(new Promise(() => {}));
    const stopped = source.answer(batch, stop.signal).catch((error: unknown) => error);
    stop.abort();
    expect(await stopped).to.have.property("kind", "aborted");
  });

  it("take events that are added while it runs", async () => {
    const events: Record<string, unknown>[] = [];
    const source = createScriptedSource({ name: "logs", script: { t: { events, timestamp: "at" } } });
    events.push({ at: start - 1, service: { name: "a" } }, { at: start, service: { name: "a" } });
    const { answers } = await source.answer(batch, never);
    expect(answers[0]).to.deep.include({ observations: [{ labels: {}, value: 1, events: 1 }] });
  });
});
