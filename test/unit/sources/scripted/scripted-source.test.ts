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

describe("series that a question does not tell apart", () => {
  const measured = (measure: Query["measure"]) => {
    const of = query({ measure });
    const [a, b] = [{ host: "a" }, { host: "b" }];
    const series =
      measure.kind === "ratio"
        ? [
            { labels: a, total: [100], bad: [10] },
            { labels: b, total: [300], bad: [0] },
          ]
        : [
            { labels: a, value: [10], events: [1] },
            { labels: b, value: [2], events: [3] },
          ];
    const script = { t: { start, stepMs: minute, measure, series } };
    const source = createScriptedSource({ name: "logs", script });
    return source.answer({ questions: [at(0, of)], probes: [] }, never);
  };
  const field = "f";
  for (const [measure, value] of [
    [{ kind: "count" }, 12],
    [{ kind: "rate" }, 12],
    [{ kind: "sum", field }, 12],
    [{ kind: "unique", field }, 12],
    [{ kind: "avg", field }, 4],
    [{ kind: "min", field }, 2],
    [{ kind: "max", field }, 10],
    [{ kind: "percentile", field, percent: 95 }, 10],
    [{ kind: "ratio", bad: {} }, 0.025],
  ] as const) {
    it(`are one answer of their measure: ${measure.kind}`, async () => {
      const { answers } = await measured(measure);
      const [answer] = answers;
      expect(answer?.kind === "answered" ? answer.observations.map((each) => each.value) : answer).to.deep.equal([
        value,
      ]);
    });
  }

  it("fail for an expression, as in Prometheus", async () => {
    const { answers } = await measured({ kind: "promql", expression: "up", isShare: false });
    expect(answers[0]).to.deep.include({ kind: "failed" });
  });
});

describe("series that say what they measure", () => {
  const measure = { kind: "ratio", bad: { bad: true } } as const;
  const earlier = start - 60 * minute;
  const source = createScriptedSource({
    name: "logs",
    script: {
      t: {
        start,
        stepMs: minute,
        measure,
        failure: { code: "refused", message: "no", retryable: false },
        series: [
          { labels: {}, total: [9], bad: [1], users: [4, "failed"], totalUsers: [7] },
          { labels: {}, total: [50], bad: [5], ends: [earlier] },
        ],
      },
    },
  });
  const users = { kind: "unique", field: "user.id" } as const;
  const ask = async (tick: number, of: Partial<Query>) =>
    (await source.answer({ questions: [at(tick, query(of))], probes: [] }, never)).answers[0];

  it("answer how many users there are of the bad part and of the whole, and what they do not say fails", async () => {
    expect(await ask(0, { measure: users, filters: [measure.bad] })).to.have.nested.property(
      "observations[0].value",
      4,
    );
    expect(await ask(0, { measure: users })).to.have.nested.property("observations[0].value", 7);
    expect(await ask(1, { measure: users })).to.have.nested.property("failure.code", "unknown_field");
    expect(await ask(1, { measure: users, filters: [measure.bad] })).to.have.nested.property("failure.message", "no");
    expect(await ask(0, { measure: { kind: "count" } })).to.have.nested.property("failure.code", "unknown_field");
  });

  it("answer at instants of their own, at which the source had data", async () => {
    expect(await ask(-60, { measure })).to.have.nested.property("observations[0].value", 0.1);
    const probes = [earlier, earlier + minute].map((to) => ({ target: "t", window: { from: to - minute, to } }));
    expect((await source.answer({ questions: [], probes }, never)).probes).to.deep.equal([
      { kind: "answered", any: true },
      { kind: "answered", any: false },
    ]);
  });
});

describe("values that are each for a window of one length", () => {
  const measure = { kind: "ratio", bad: { bad: true } } as const;
  const source = createScriptedSource({
    name: "logs",
    script: {
      t: {
        start,
        stepMs: minute,
        windowMs: 2 * minute,
        series: [
          {
            labels: {},
            total: [10, 20, 30, undefined, 50, 60, "failed", 80],
            bad: [1, 2, 3, 4, 5, 6, 7, 8],
          },
        ],
      },
    },
  });
  const over = async (tick: number, minutes: number) => {
    const to = start + tick * minute;
    const question = { query: query({ measure }), window: { from: to - minutes * minute, to }, mustAnswer: [] };
    const [answer] = (await source.answer({ questions: [question], probes: [] }, never)).answers;
    if (answer?.kind !== "answered") return answer?.failure.code;
    const [observation] = answer.observations;
    return [observation?.badEvents, observation?.events];
  };

  it("make a longer one of those that lie in it end to end, and are their own where it is as long", async () => {
    expect(await over(4, 2)).to.deep.equal([5, 50]);
    expect(await over(4, 4)).to.deep.equal([5 + 3, 50 + 30]);
    expect(await over(4, 6)).to.deep.equal([5 + 3 + 1, 50 + 30 + 10]);
    expect(await over(5, 4)).to.deep.equal([6, 60]);
  });

  it("leave empty what lies before the first, what is missing, and what failed at another tick", async () => {
    expect(await over(4, 60)).to.deep.equal([9, 90]);
    expect(await over(7, 8)).to.deep.equal([8 + 6 + 2, 80 + 60 + 20]);
    expect(await over(6, 2)).to.equal("unreachable");
    expect(await over(6, 4)).to.equal("unreachable");
    expect(await over(8, 4)).to.deep.equal([undefined, 0]);
  });

  it("say nothing of a window that they do not make up", async () => {
    expect(await over(4, 5)).to.equal("refused");
    expect(await over(4, 1)).to.equal("refused");
  });
});
