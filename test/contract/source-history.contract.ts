import { expect } from "chai";
import fc from "fast-check";
import { labelsKey } from "../../src/model/labels.ts";
import type { Answer, HistoryBatch, PastAnswers, Query } from "../../src/model/query.ts";
import type { Window } from "../../src/model/time.ts";
import type { Source } from "../../src/sources/source.ts";
import type { Dataset } from "../support/source-dataset.ts";
import { plainQuestion, toQuestion } from "../support/source-expectation.ts";
import type { SourceUnderTest } from "./source.contract.ts";
import { anyBatch } from "./source-answers.ts";

const never = new AbortController().signal;
const minute = 60_000;

/** The third part of the contract, of sources that answer many windows at once: as if each were asked by itself. */
export function historyContract({
  dataset,
  under,
  runs,
  digestsVary,
}: {
  dataset: Dataset;
  under: () => SourceUnderTest;
  runs: number;
  /** Its percentiles are not even the same when the same question is asked twice. */
  digestsVary: boolean;
}): void {
  const { busy, edge, empty } = dataset;
  const query = (parts: Parameters<typeof plainQuestion>[1] = {}): Query =>
    toQuestion(plainQuestion(busy, parts), under()).query;

  describe("many windows at once", () => {
    it("answers each as it is answered by itself: random queries, overlapping windows, edges and gaps", async () => {
      const windows = fc.oneof(
        // A schedule's: a window each step, longer than the step, as long, or shorter.
        fc
          .record({
            from: fc.constantFrom(busy.from - 20 * minute, busy.from + 90, edge.from - 5 * minute),
            stepMs: fc.constantFrom(minute, 2 * minute, 90_000),
            windowMs: fc.constantFrom(30_000, minute, 5 * minute, 17 * minute),
            count: fc.integer({ min: 1, max: 40 }),
          })
          .map(({ from, stepMs, windowMs, count }) => regular(from, stepMs, windowMs, count)),
        // None's: the edges of the data, and what has no common step.
        fc.constant([edge, { from: edge.from + 1, to: edge.to }, { from: edge.from, to: edge.to + 1 }, empty]),
        fc.constant([
          { from: busy.from + 7, to: busy.from + 600_011 },
          { from: busy.from + 1_013, to: busy.from + 3_000_017 },
          { from: busy.from + 3_000_000, to: busy.to + 86_400_000 },
        ]),
      );
      await fc.assert(
        fc.asyncProperty(anyBatch(dataset), windows, async (plains, some) => {
          const queries = plains.slice(0, 4).map((plain) => toQuestion(plain, under()).query);
          const questions = queries.map((each) => ({ query: each, windows: some }));
          await expectAsAlone(under().source, { questions, digestsVary });
        }),
        { numRuns: runs, seed: seedOf() },
      );
    });

    it("answers a day of minutes of counts, distinct values and a percentile in three requests or scans", async () => {
      const windows = regular(busy.from - 12 * 60 * minute, minute, 5 * minute, 1_440);
      const questions = [
        query(),
        query({ measure: { kind: "unique", field: "user.id" } }),
        query({ measure: { kind: "percentile", field: "duration_ms", percent: 95 }, by: ["service.name"] }),
      ].map((each) => ({ query: each, windows }));
      // What a target looks like is asked once.
      await under().source.answer(
        { questions: questions.map((each) => ({ ...each, window: edge, mustAnswer: [] })), probes: [] },
        never,
      );
      const { requests, answers } = await historyOf(under().source)({ questions, probes: [] }, never);
      expect(requests).to.be.at.most(3);
      for (const answer of answers) expect(wholeOf(answer)).to.have.length(1_440);
    });

    it("leaves out a window with more groups than may be answered, and gives the others", async () => {
      const each = query({ by: ["service.name"], maxGroups: 8 });
      const windows = [edge, { from: busy.from, to: busy.to }];
      const { answers } = await historyOf(under().source)({ questions: [{ query: each, windows }], probes: [] }, never);
      const [past] = answers;
      if (past?.kind !== "answered") throw new Error(JSON.stringify(past));
      expect(past.windows[0]).to.have.property("kind", "answered");
      expect(past.windows[1]).to.equal(undefined);
    });

    it("says of each window whether there was any event, and fails for a target that is not there", async () => {
      const { target, missingTarget, source } = under();
      const windows = [
        busy,
        empty,
        edge,
        { from: edge.to + 1, to: edge.to + 2 },
        { from: empty.from, to: empty.to + 1 },
      ];
      const { probes, answers } = await historyOf(source)(
        {
          questions: [{ query: { ...query(), target: missingTarget }, windows }],
          probes: [
            { target, windows },
            { target: missingTarget, windows },
          ],
        },
        never,
      );
      const alone = await source.answer(
        { questions: [], probes: windows.map((window) => ({ target, window })) },
        never,
      );
      expect(probes[0]).to.deep.equal({ kind: "answered", windows: alone.probes });
      expect(probes[1]).to.have.property("kind", "failed");
      expect(answers[0]).to.have.property("kind", "failed");
    });

    it("fails a query that the source refuses, and only that", async () => {
      const windows = regular(busy.from, minute, minute, 3);
      const broken = query({ filters: ["broken"] });
      const { answers } = await historyOf(under().source)(
        { questions: [broken, query()].map((each) => ({ query: each, windows })), probes: [] },
        never,
      );
      expect(answers[0]).to.have.property("kind", "failed");
      expect(wholeOf(answers[1])).to.have.length(3);
    });

    it("stops when it is told to", async () => {
      const aborted = AbortSignal.abort();
      const asked = historyOf(under().source)(
        { questions: [{ query: query(), windows: [busy] }], probes: [] },
        aborted,
      );
      expect(await asked.catch((error: unknown) => error)).to.have.property("kind", "aborted");
    });
  });
}

function seedOf(): number {
  return process.env["SEED"] === "random" ? Date.now() : 20_260_105;
}

/** Windows of a schedule: one each step, the first ending at `from`. */
export function regular(from: number, stepMs: number, windowMs: number, count: number): readonly Window[] {
  return Array.from({ length: count }, (_, place) => {
    const to = from + place * stepMs;
    return { from: to - windowMs, to };
  });
}

/** Compares with `answer`, window by window: the same groups, events and values, to the last digit where they are exact. */
export async function expectAsAlone(
  source: Source,
  { questions, digestsVary = false }: Pick<HistoryBatch, "questions"> & { readonly digestsVary?: boolean },
): Promise<{ readonly answered: number; readonly leftOut: number }> {
  const { answers } = await historyOf(source)({ questions, probes: [] }, never);
  let [answered, leftOut] = [0, 0];
  for (const [place, { query, windows }] of questions.entries()) {
    const past = answers[place];
    const { answers: alone } = await source.answer(
      { questions: windows.map((window) => ({ query, window, mustAnswer: [] })), probes: [] },
      never,
    );
    if (past?.kind !== "answered") {
      for (const each of alone) expect(each, JSON.stringify(past)).to.have.property("kind", "failed");
      continue;
    }
    for (const [at, window] of windows.entries()) {
      const found = past.windows[at];
      if (found === undefined) leftOut += 1;
      else {
        answered += 1;
        const where = JSON.stringify({ query, window });
        if (query.measure.kind === "percentile" && digestsVary) expectNear(found, alone[at], where);
        else expect(told(found, query), where).to.deep.equal(told(alone[at], query));
      }
    }
  }
  return { answered, leftOut };
}

function historyOf(source: Source): NonNullable<Source["history"]> {
  const { history } = source;
  if (history === undefined) throw new Error(`${source.name} answers window by window`);
  return history.bind(source);
}

/** Of sums and means of fractions the last digits depend on the order of adding; everything else is exact. */
function told(answer: Answer | undefined, { measure }: Query) {
  // Of series that fall together, which two are named depends on the order they came in.
  if (answer?.kind !== "answered") return answer?.failure.code;
  const inexact = measure.kind === "sum" || measure.kind === "avg";
  const observations = answer.observations.map(({ labels, value, events, badEvents }) => {
    return { labels, events, badEvents, value: inexact ? value?.toPrecision(12) : value };
  });
  observations.sort((a, b) => (labelsKey(a.labels) < labelsKey(b.labels) ? -1 : 1));
  return { observations, notAnswered: answer.notAnswered };
}

/** Within the 2 % that a percentile may be off by. */
function expectNear(answer: Answer | undefined, other: Answer | undefined, where: string): void {
  if (answer?.kind !== "answered" || other?.kind !== "answered") throw new Error(`not answered: ${where}`);
  const values = new Map(other.observations.map(({ labels, value }) => [labelsKey(labels), value]));
  expect([...values.keys()].sort(), where).to.deep.equal(
    answer.observations.map(({ labels }) => labelsKey(labels)).sort(),
  );
  for (const { labels, value } of answer.observations) {
    const expected = values.get(labelsKey(labels));
    if (value === undefined || expected === undefined) expect(value, where).to.equal(expected);
    else expect(value, where).to.be.closeTo(expected, 0.02 * Math.abs(expected) + 1e-9);
  }
}

function wholeOf(past: PastAnswers<Answer> | undefined): readonly Answer[] {
  if (past?.kind !== "answered") throw new Error(`not answered: ${JSON.stringify(past)}`);
  return past.windows.map((answer) => {
    if (answer === undefined) throw new Error("a window was left out");
    return answer;
  });
}
