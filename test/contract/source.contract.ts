import { expect } from "chai";
import fc from "fast-check";
import type { Context } from "mocha";
import type { Answer, BatchAnswer, Filter, Probe } from "../../src/model/query.ts";
import type { Source } from "../../src/sources/source.ts";
import { BackfeedError } from "../../src/support/errors.ts";
import { type Dataset, hostileNames, makeDataset, muteService } from "../support/source-dataset.ts";
import {
  expectedAnswer,
  type FilterKind,
  type PlainMeasure,
  type PlainQuestion,
  plainQuestion,
  toQuestion,
} from "../support/source-expectation.ts";
import { anyBatch, expectRight, expectSame, family, zeroOrNothing } from "./source-answers.ts";
import { evidenceContract } from "./source-evidence.contract.ts";
import { historyContract } from "./source-history.contract.ts";

/** A source that holds the dataset. */
export interface SourceUnderTest {
  readonly source: Source;
  /** Where the dataset is: index, table, script. */
  readonly target: string;
  /** A target that does not exist, of the same form. */
  readonly missingTarget: string;
  /** The conditions of source-expectation.ts in the source's own language; `broken` is one that it cannot parse. */
  filterFor(kind: FilterKind): Filter;
  /** `service.name` is a label's value, as a template of the source's language; undefined where it has none. */
  readonly serviceFilter?: { readonly language: "lucene" | "sql"; readonly template: string };
  close(): Promise<void>;
}

export interface SourceContract {
  readonly name: string;
  /** Runs in a `before` hook, whose context may skip the suite where a service is missing (`startOrSkip`). */
  create(dataset: Dataset, context: Context): Promise<SourceUnderTest>;
  /** Only the first questions of each kind: for another version or another user of a source that is tested in full. */
  readonly short?: boolean;
  /** Whether it is asked window by window, since it has no `history`. */
  readonly windowByWindow?: boolean;
  /** Its percentiles are not the same when the same question is asked twice. */
  readonly digestsVary?: boolean;
  /** How many random batches; each asks its questions once together and once alone. */
  readonly randomBatches?: number;
}

const never = new AbortController().signal;

/** What every source must do. The same data, the same questions, the same answers. */
export function sourceContract({
  name,
  create,
  short = false,
  windowByWindow = false,
  digestsVary = false,
  randomBatches = 25,
}: SourceContract): void {
  describe(`source contract: ${name}`, function () {
    this.timeout(400_000);
    const dataset = makeDataset();
    let under: SourceUnderTest;

    before(async function () {
      under = await create(dataset, this);
    });
    after(async () => {
      await under?.close();
    });

    const ask = async (plains: readonly PlainQuestion[], probes: readonly Probe[] = []): Promise<BatchAnswer> =>
      under.source.answer({ questions: plains.map((plain) => toQuestion(plain, under)), probes }, never);
    const askOne = async (plain: PlainQuestion): Promise<Answer | undefined> => (await ask([plain])).answers[0];
    const expectAllRight = async (plains: readonly PlainQuestion[]) => {
      const { answers } = await ask(plains);
      expect(answers).to.have.length(plains.length);
      for (const [index, plain] of plains.entries()) expectRight(answers[index], dataset, plain);
    };
    const busy = (parts: Partial<PlainQuestion> = {}) => plainQuestion(dataset.busy, parts);

    describe("measures", () => {
      for (const measure of allMeasures) {
        it(`gives ${describeMeasure(measure)}, alone, filtered and by a field`, async () => {
          await expectAllRight([
            busy({ measure }),
            busy({ measure, where: { "service.environment": ["production"] }, filters: ["not_health"] }),
            busy({ measure, by: ["service.name"] }),
          ]);
        });
      }

      it("counts all values of a field that holds several, and ignores null and absent", async () => {
        const field = "timings";
        await expectAllRight(
          (["sum", "avg", "min", "max"] as const).map((kind) => busy({ measure: { kind, field }, by: ["sampled"] })),
        );
        await expectAllRight([busy({ measure: { kind: "percentile", field, percent: 95 } })]);
      });

      it("answers events whose field is null with their number and no value", async () => {
        const where = { "service.name": [muteService] };
        const measure: PlainMeasure = { kind: "avg", field: "duration_ms" };
        const answer = await askOne(busy({ where, measure }));
        const events = expectedAnswer(dataset, busy({ where })).groups.get("{}")?.events;
        expect(events).to.be.greaterThan(5);
        expect(answer).to.deep.equal({
          kind: "answered",
          observations: [{ labels: {}, value: undefined, events }],
          notAnswered: 0,
        });
        await expectAllRight([
          busy({ where, measure: { kind: "percentile", field: "duration_ms", percent: 50 } }),
          busy({ where, measure: { kind: "sum", field: "duration_ms" } }),
          busy({ where, measure: { kind: "max", field: "duration_ms" }, by: ["service.name"] }),
        ]);
      });

      it("answers a window of no events with one observation of nothing, and no groups", async () => {
        const window = dataset.empty;
        const plains = allMeasures.map((measure) => plainQuestion(window, { measure }));
        const { answers } = await ask([...plains, plainQuestion(window, { by: ["service.name"] })]);
        for (const [index, plain] of plains.entries()) {
          expectRight(answers[index], dataset, plain);
          const answer = answers[index];
          if (answer?.kind !== "answered") throw new Error("not answered");
          expect(answer.observations[0]?.value).to.equal(zeroOrNothing(toQuestion(plain, under).query.measure));
        }
        expect(answers.at(-1)).to.deep.equal({ kind: "answered", observations: [], notAnswered: 0 });
      });
    });

    it("takes windows as half-open, to the millisecond", async () => {
      const { from, to } = dataset.edge;
      const where = { "service.name": ["edge"] };
      const windows = [
        [from, to, 3],
        [from - 1, to, 4],
        [from + 1, to, 2],
        [from + 2, to, 1],
        [from, to + 1, 4],
        [from, to - 1, 2],
        [from, from + 1, 1],
      ] as const;
      const { answers } = await ask(windows.map(([start, end]) => plainQuestion({ from: start, to: end }, { where })));
      const counts = answers.map((answer) => (answer.kind === "answered" ? answer.observations[0]?.events : undefined));
      expect(counts).to.deep.equal(windows.map(([, , count]) => count));
    });

    it("matches exactly in `where`: text, numbers, booleans, several values, hostile text", async () => {
      await expectAllRight([
        ...hostileNames.map((name) => busy({ where: { "service.name": [name] } })),
        busy({ where: { "service.name": ["checkout", "cart"], "http.request.method": ["GET"] } }),
        busy({ where: { "http.response.status_code": [500] } }),
        busy({ where: { "http.response.status_code": [500, 503], sampled: [true] } }),
        busy({ where: { sampled: [false] } }),
        busy({ where: { tags: ["red"] } }),
        busy({ where: { "service.name": ["check"] } }),
        busy({ where: { "service.name": ["CHECKOUT"] } }),
        busy({ where: { "service.name": ["check*"] } }),
        busy({ where: { "service.name": [] } }),
      ]);
    });

    describe("groups", () => {
      it("leaves events without the field out of all groups, and prints labels as text", async () => {
        await expectAllRight([
          busy({ by: ["service.environment"] }),
          busy({ by: ["http.response.status_code"] }),
          busy({ by: ["sampled"] }),
          busy({ by: ["service.name", "http.response.status_code"] }),
          busy({ by: ["service.name", "service.environment"], measure: { kind: "ratio", bad: "server_error" } }),
        ]);
      });

      it("counts an event with several values in each of their groups", async () => {
        await expectAllRight([
          busy({ by: ["tags"] }),
          busy({ by: ["tags", "sampled"], measure: { kind: "ratio", bad: "slow" } }),
        ]);
      });

      it("gives the largest groups when there are too many, and says that others were not answered", async () => {
        await expectAllRight([
          busy({ by: ["service.name"], maxGroups: 4 }),
          busy({
            by: ["service.name"],
            maxGroups: 3,
            measure: { kind: "percentile", field: "duration_ms", percent: 95 },
          }),
          busy({ by: ["service.name", "url.path"], maxGroups: 1 }),
        ]);
      });

      it("gives the most bad groups of a ratio first", async () => {
        await expectAllRight([
          busy({ by: ["service.name"], maxGroups: 1, measure: { kind: "ratio", bad: "server_error" } }),
          busy({ by: ["service.name", "sampled"], maxGroups: 2, measure: { kind: "ratio", bad: "server_error" } }),
        ]);
      });

      it("answers what must be answered even when others are larger or worse", async () => {
        const mustAnswer = [{ "service.name": "mail" }, { "service.name": 'quo"te' }, { "service.name": "nobody" }];
        const two = [{ "service.name": "mail", sampled: "true" }];
        await expectAllRight([
          busy({ by: ["service.name"], maxGroups: 4, mustAnswer }),
          busy({ by: ["service.name"], maxGroups: 1, mustAnswer, measure: { kind: "ratio", bad: "server_error" } }),
          busy({ by: ["service.name"], maxGroups: 4, mustAnswer, measure: { kind: "avg", field: "duration_ms" } }),
          busy({
            by: ["service.name", "sampled"],
            maxGroups: 2,
            mustAnswer: two,
            measure: { kind: "ratio", bad: "slow" },
          }),
        ]);
      });

      it("answers three thousand groups", async () => {
        const by = ["request.key"];
        await expectAllRight([
          busy({ by, maxGroups: 10_000 }),
          ...(short
            ? []
            : [busy({ by: ["request.key", "sampled"], maxGroups: 10_000, measure: { kind: "sum", field: "bytes" } })]),
        ]);
      });
    });

    describe("planning", () => {
      it("answers a family of questions as if each were asked alone, in few requests", async () => {
        for (const measure of short ? allMeasures.slice(0, 3) : allMeasures) {
          const plains = family(dataset, measure);
          const { answers, requests } = await ask([...plains, ...plains]);
          for (const [index, plain] of [...plains, ...plains].entries()) expectRight(answers[index], dataset, plain);
          expect(requests, "requests").to.be.at.most(3);
        }
      });

      it("answers random batches as brute force does, and as each question alone", async () => {
        await fc.assert(
          fc.asyncProperty(anyBatch(dataset), async (plains) => {
            const { answers } = await ask(plains);
            for (const [index, plain] of plains.entries()) {
              expectRight(answers[index], dataset, plain);
              if (index % 8 === 0) expectSame(answers[index], await askOne(plain), plain);
            }
          }),
          { seed: 20260105, numRuns: short ? 3 : randomBatches },
        );
      });
    });

    describe("failures", () => {
      it("lets a bad filter fail alone, as refused and not to be repeated", async () => {
        const good = family(dataset, { kind: "count" }).slice(0, 4);
        const bad = { where: { "service.name": ["cart"] } };
        const plains = [
          ...good,
          busy({ ...bad, filters: ["broken"] }),
          busy({ ...bad, measure: { kind: "ratio", bad: "broken" } }),
          busy({ by: ["service.name"] }),
        ];
        const { answers } = await ask(plains);
        for (const [index, plain] of plains.entries()) {
          const answer = answers[index];
          if (index !== 4 && index !== 5) expectRight(answer, dataset, plain);
          else if (answer?.kind === "failed") {
            expect(answer.failure).to.include({ code: "refused", retryable: false });
            expect(answer.failure.message).to.have.length.within(10, 400);
          } else throw new Error(`the broken filter was answered: ${JSON.stringify(answer)}`);
        }
      });

      it("refuses an expression of a metrics source, and answers the others", async () => {
        const plain = toQuestion(busy(), under);
        const measure = { kind: "promql", expression: "up", isShare: false } as const;
        const questions = [plain, { ...plain, query: { ...plain.query, measure } }];
        const { answers } = await under.source.answer({ questions, probes: [] }, never);
        expectRight(answers[0], dataset, busy());
        expect(answers[1]).to.have.nested.property("failure.code", "refused");
        expect(answers[1]).to.have.nested.property("failure.retryable", false);
      });

      it("fails a question to a target that does not exist, and answers the others", async () => {
        const window = dataset.busy;
        const lost = { ...toQuestion(busy(), under), window };
        const questions = [
          { ...lost, query: { ...lost.query, target: under.missingTarget } },
          toQuestion(busy(), under),
        ];
        const probes = [
          { target: under.missingTarget, window },
          { target: under.target, window },
        ];
        const { answers, probes: seen } = await under.source.answer({ questions, probes }, never);
        expect(answers[0]).to.have.nested.property("failure.code", "unknown_target");
        expectRight(answers[1], dataset, busy());
        expect(seen[0]).to.have.nested.property("failure.code", "unknown_target");
        expect(seen[1]).to.deep.equal({ kind: "answered", any: true });
      });

      it("throws only when it is told to stop", async () => {
        const stopped = under.source.answer(
          { questions: [toQuestion(busy(), under)], probes: [] },
          AbortSignal.abort(),
        );
        const error = await stopped.then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        expect(error).to.be.instanceOf(BackfeedError);
        expect((error as BackfeedError).kind).to.equal("aborted");
      });
    });

    it("probes whether a window has any event", async () => {
      const { target } = under;
      const { busy: full, empty, edge } = dataset;
      const just = { from: edge.to - 1, to: edge.to };
      const beside = { from: edge.to - 1_000, to: edge.to - 1 };
      const { probes } = await ask(
        [],
        [full, empty, just, beside, full].map((window) => ({ target, window })),
      );
      const seen = probes.map((probe) => (probe.kind === "answered" ? probe.any : probe));
      expect(seen).to.deep.equal([true, false, true, false, true]);
      expect(await ask([])).to.deep.equal({ answers: [], probes: [], requests: 0 });
    });

    evidenceContract({ dataset, under: () => under });
    if (!windowByWindow) {
      const runs = Math.min(short ? 4 : 12, randomBatches);
      historyContract({ dataset, under: () => under, runs, digestsVary });
    }
  });
}

const allMeasures: readonly PlainMeasure[] = [
  { kind: "count" },
  { kind: "ratio", bad: "server_error" },
  { kind: "avg", field: "duration_ms" },
  { kind: "rate" },
  { kind: "sum", field: "bytes" },
  { kind: "min", field: "duration_ms" },
  { kind: "max", field: "duration_ms" },
  { kind: "unique", field: "session.id" },
  { kind: "unique", field: "http.response.status_code" },
  { kind: "percentile", field: "duration_ms", percent: 50 },
  { kind: "percentile", field: "duration_ms", percent: 99 },
];

function describeMeasure(measure: PlainMeasure): string {
  const field = "field" in measure ? ` of ${measure.field}` : "";
  return `${measure.kind}${measure.kind === "percentile" ? ` ${measure.percent}` : ""}${field}`;
}
