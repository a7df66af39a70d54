import { expect } from "chai";
import { createPastSource } from "../../../../src/app/offline/past-source.ts";
import type { Answer, HistoryBatch, Query, Question } from "../../../../src/model/query.ts";
import { createScriptedSource } from "../../../../src/sources/scripted/scripted-source.ts";
import type { Source } from "../../../../src/sources/source.ts";

const never = new AbortController().signal;
const query: Query = { target: "logs", where: {}, filters: [], measure: { kind: "count" }, by: [], maxGroups: 1 };
const window = { from: 0, to: 60_000 };
const other = { from: 60_000, to: 120_000 };
const question = (parts: Partial<Question> = {}): Question => ({ query, window, mustAnswer: [], ...parts });
const counted = (value: number): Answer => ({
  kind: "answered",
  observations: [{ labels: {}, value, events: value }],
  notAnswered: 0,
});

function sources(answers: readonly (Answer | undefined)[]) {
  const scripted = createScriptedSource({ name: "s", script: { logs: { events: [{ "@timestamp": 1_000 }] } } });
  const source: Source = {
    ...scripted,
    history: async ({ questions, probes }: HistoryBatch) => ({
      answers: questions.map(() => ({ kind: "answered", windows: answers })),
      probes: probes.map(() => ({ kind: "answered", windows: [{ kind: "answered", any: true }] })),
      requests: 1,
    }),
  };
  return { scripted, past: createPastSource(source) };
}

describe("a source that answers ticks of the past", () => {
  it("gives what was read at once, in the places of the questions, and asks only the rest by itself", async () => {
    const { scripted, past } = sources([counted(42), undefined]);
    past.use([await past.read({ questions: [{ query, windows: [window, other] }], probes: [] }, never)]);
    const { answers, probes, requests } = await past.source.answer(
      {
        questions: [question({ window: other }), question({ query: { ...query } }), question({ anyTime: true })],
        probes: [{ target: "logs", window }],
      },
      never,
    );
    const values = answers.map((answer) => (answer.kind === "answered" ? answer.observations[0]?.value : answer));
    expect(values).to.deep.equal([0, 42, 1]);
    expect(probes).to.deep.equal([{ kind: "answered", any: true }]);
    expect(requests).to.equal(1);
    expect(scripted.asked[0]?.questions).to.have.length(2);
    expect(past.cost()).to.deep.equal({ batched: 1, single: 1, fromBatches: 1, alone: 3 });
    expect(past.problem()).to.equal(undefined);
  });

  it("asks nothing when all was read", async () => {
    const { scripted, past } = sources([counted(1)]);
    past.use([await past.read({ questions: [{ query, windows: [window] }], probes: [] }, never)]);
    await past.source.answer({ questions: [question()], probes: [] }, never);
    expect(scripted.asked).to.have.length(0);
  });

  it("tells that a source that fails today says nothing of the past, and a query that is refused again and again", async () => {
    const failing = sources([]);
    failing.scripted.failNext("timeout");
    await failing.past.source.answer({ questions: [question()], probes: [] }, never);
    expect(failing.past.problem()).to.have.nested.property("error.kind", "unavailable");

    const refusing = sources([]);
    for (let tick = 0; tick < 51; tick += 1) {
      expect(refusing.past.problem()).to.equal(undefined);
      refusing.scripted.failNext("refused", { retryable: false });
      await refusing.past.source.answer({ questions: [question()], probes: [] }, never);
    }
    expect(refusing.past.problem()).to.deep.include({ query });
  });

  it("fails to read when the source cannot answer now, and leaves what it refuses to the ticks", async () => {
    const { scripted } = sources([]);
    const failing = (retryable: boolean) =>
      createPastSource({
        ...scripted,
        history: async () => ({
          answers: [{ kind: "failed", failure: { code: "unreachable", message: "gone", retryable } }],
          probes: [],
          requests: 1,
        }),
      }).read({ questions: [{ query, windows: [window] }], probes: [] }, never);
    expect(await failing(true).catch((error: unknown) => error)).to.have.property("kind", "unavailable");
    expect([...(await failing(false)).answers.values()].map(({ size }) => size)).to.deep.equal([0]);
  });
});
