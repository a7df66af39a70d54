import { expect } from "chai";
import type { Labels } from "../../src/model/labels.ts";
import type { MessagesRequest, Query, SampleRequest, SeriesQuery } from "../../src/model/query.ts";
import { renderInfra } from "../../src/rules/infra.ts";
import { sampleText } from "../../src/rules/templates.ts";
import { BackfeedError } from "../../src/support/errors.ts";
import { type Dataset, hostileMessage, hostileNames, hostileService, muteService } from "../support/source-dataset.ts";
import {
  expectedAnswer,
  matching,
  type PlainMeasure,
  plainQuestion,
  toQuestion,
} from "../support/source-expectation.ts";
import type { SourceUnderTest } from "./source.contract.ts";
import { expectValue } from "./source-answers.ts";

const never = new AbortController().signal;

/** The second half of the contract: what a ticket shows (samples, charts), and what `check --online` asks. */
export function evidenceContract({ dataset, under }: { dataset: Dataset; under: () => SourceUnderTest }): void {
  const query = (parts: Parameters<typeof plainQuestion>[1] = {}): Query =>
    toQuestion(plainQuestion(dataset.busy, parts), under()).query;
  const samples = (parts: Partial<SampleRequest> & { query: Query }) =>
    under().source.samples(
      { labels: {}, window: dataset.busy, badOnly: false, limit: 5, fields: [], maxValueLength: 10_000, ...parts },
      never,
    );

  describe("messages", () => {
    const messages = (parts: Partial<MessagesRequest> = {}) =>
      under().source.messages(
        { query: query(), field: "message", window: dataset.busy, limit: 10_000, maxLength: 10_000, ...parts },
        never,
      );
    const all = () => matching(dataset, plainQuestion(dataset.busy));

    it("are those of every event of the window, each with its instant", async () => {
      const { messages: found, more } = await messages();
      const expected = all().map((event) => `${event["@timestamp"]} ${event.message}`);
      expect(more).to.equal(false);
      expect(found.map(({ at, text }) => `${new Date(at).toISOString()} ${text}`)).to.have.members(expected);
      expect(found).to.have.length(expected.length);
    });

    it("are the newest of more than the limit, and say so", async () => {
      const limit = all().length - 1;
      const { messages: found, more } = await messages({ limit });
      expect([found.length, more]).to.deep.equal([limit, true]);
      expect((await messages({ limit: limit + 1 })).more).to.equal(false);
      const newest = all().map((event) => Date.parse(event["@timestamp"]));
      expect(found.map(({ at }) => at).sort()).to.deep.equal(newest.sort().slice(1));
    });

    it("are cut, are only those that match, and are none of a field that no event has", async () => {
      const cut = await messages({ maxLength: 10, limit: 5 });
      for (const { text } of cut.messages) expect([...text].length).to.be.at.most(10);
      const where = { "service.name": ["cart"] };
      const expected = matching(dataset, plainQuestion(dataset.busy, { where }));
      expect((await messages({ query: query({ where }) })).messages).to.have.length(expected.length);
      expect((await messages({ field: "no.such.field" })).messages).to.deep.equal([]);
      expect((await messages({ window: dataset.empty })).messages).to.deep.equal([]);
    });

    it("are asked for again by the words that those of one pattern have, in order and in any case", async () => {
      const [event] = all();
      const words = (event?.message ?? "").split(/\s+/).filter((word) => /^[\p{L}\p{N}]+$/u.test(word));
      const pieces = words.slice(0, 2).map((word) => word.toUpperCase());
      expect(pieces).to.have.length(2);
      const holds = ({ message }: { message: string }) => {
        const lower = message.toLowerCase();
        const first = lower.indexOf((pieces[0] ?? "").toLowerCase());
        return first >= 0 && lower.indexOf((pieces[1] ?? "").toLowerCase(), first + 1) > first;
      };
      const containing = { ...query(), containing: { field: "message", pieces } };
      const found = await samples({ query: containing, fields: ["message"], limit: 20 });
      expect(found.length).to.be.at.least(1);
      for (const { fields } of found) expect(holds({ message: fields[0]?.[1] ?? "" })).to.equal(true);
      const nothing = { ...query(), containing: { field: "message", pieces: ["nobody", "said", "this"] } };
      expect(await samples({ query: nothing, limit: 5 })).to.deep.equal([]);
    });
  });

  describe("samples", () => {
    it("are the newest first, of one label set, with the fields asked for in order", async () => {
      const labels: Labels = { "service.name": "cart", "http.response.status_code": "200" };
      const by = Object.keys(labels);
      const fields = ["http.response.status_code", "message", "no.such.field", "sampled"];
      const found = await samples({ query: query({ by }), labels, fields, limit: 3 });
      const expected = matching(
        dataset,
        plainQuestion(dataset.busy, { where: { "service.name": ["cart"], "http.response.status_code": [200] } }),
      )
        .toReversed()
        .slice(0, 3);
      expect(found).to.deep.equal(
        expected.map((event) => ({
          at: Date.parse(event["@timestamp"]),
          fields: [
            ["http.response.status_code", "200"],
            ["message", event.message],
            ["sampled", String(event.sampled)],
          ],
        })),
      );
    });

    it("give timestamp and message when no field is asked for, and only the bad part when told so", async () => {
      const parts = { where: { "service.name": ["checkout"] }, filters: ["not_health" as const] };
      const found = await samples({
        query: query({ ...parts, measure: { kind: "ratio", bad: "server_error" } }),
        badOnly: true,
        limit: 4,
      });
      const expected = matching(
        dataset,
        plainQuestion(dataset.busy, { ...parts, filters: ["not_health", "server_error"] }),
      ).slice(-4);
      expect(found).to.deep.equal(
        expected.toReversed().map((event) => ({
          at: Date.parse(event["@timestamp"]),
          fields: [
            ["@timestamp", event["@timestamp"]],
            ["message", event.message],
          ],
        })),
      );
    });

    it("keep hostile text unharmed, and cut with a mark what is too long", async () => {
      const where = { "service.name": [hostileService] };
      const [whole] = await samples({ query: query({ where }), fields: ["message"], limit: 1 });
      expect(whole?.fields).to.deep.equal([["message", hostileMessage]]);
      const [cut] = await samples({ query: query({ where }), fields: ["message"], limit: 1, maxValueLength: 100 });
      const value = cut?.fields[0]?.[1] ?? "";
      expect([...value], "in code points").to.have.length.within(90, 100);
      expect(value.endsWith("…")).to.equal(true);
      expect(hostileMessage.startsWith(value.slice(0, -1))).to.equal(true);
    });

    it("find hostile labels, and leave out null and join several values", async () => {
      for (const name of hostileNames) {
        const found = await samples({
          query: query({ by: ["service.name"] }),
          labels: { "service.name": name },
          fields: ["service.name"],
          limit: 1,
        });
        expect(found.map((sample) => sample.fields)).to.deep.equal([[["service.name", name]]]);
      }
      const fields = ["duration_ms", "tags"];
      const tagged = { "service.name": [muteService], tags: ["red"] };
      const [sample] = await samples({ query: query({ where: tagged }), fields, limit: 1 });
      const event = matching(dataset, plainQuestion(dataset.busy, { where: tagged })).at(-1);
      expect(sample?.fields).to.deep.equal([["tags", event?.tags?.join(", ")]]);
    });

    it("are none where nothing matches", async () => {
      expect(await samples({ query: query(), window: dataset.empty })).to.deep.equal([]);
    });
  });

  describe("series", () => {
    const stepMs = 300_000;
    const measures: readonly PlainMeasure[] = [
      { kind: "count" },
      { kind: "rate" },
      { kind: "ratio", bad: "slow" },
      { kind: "sum", field: "bytes" },
      { kind: "avg", field: "duration_ms" },
      { kind: "unique", field: "user.id" },
      { kind: "percentile", field: "duration_ms", percent: 95 },
    ];

    for (const measure of measures) {
      it(`gives ${measure.kind} for each step from the window's start, empty steps included`, async () => {
        // Starts off the step's grid, runs into hours without events, and ends with a shorter step.
        const window = { from: dataset.busy.from + 30 * 60_000 + 7_001, to: dataset.busy.to + 20 * 60_000 };
        const by = ["service.name"];
        const labels = { "service.name": "cart" };
        const points = await under().source.series({ query: query({ measure, by }), labels, window, stepMs }, never);
        const starts: number[] = [];
        for (let at = window.from; at < window.to; at += stepMs) starts.push(at);
        expect(points.map((point) => point.at)).to.deep.equal(starts);
        for (const { at, value } of points) {
          const step = { from: at, to: Math.min(at + stepMs, window.to) };
          const plain = plainQuestion(step, { measure, where: { "service.name": ["cart"] } });
          const group = expectedAnswer(dataset, plain).groups.get("{}");
          if (group !== undefined) expectValue(value, group, measure, `step ${at}`);
        }
      });
    }
  });

  describe("lines", () => {
    const stepMs = 3_600_000;
    const window = dataset.busy;
    const by = ["service.name"];

    it("are the largest groups, largest first, each as its series, and say how many were left out", async () => {
      const asked = query({ measure: { kind: "sum", field: "bytes" }, by });
      const { lines, more } = await under().source.lines({ query: asked, window, stepMs, limit: 3 }, never);
      const plain = plainQuestion(window, { measure: { kind: "sum", field: "bytes" }, by });
      const groups = [...expectedAnswer(dataset, plain).groups.values()];
      groups.sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
      expect(lines.map(({ labels }) => labels)).to.deep.equal(groups.slice(0, 3).map(({ labels }) => labels));
      expect(more).to.equal(groups.length - 3);
      for (const { labels, points } of lines) {
        const alone = await under().source.series({ query: asked, labels, window, stepMs }, never);
        expect(points).to.deep.equal(alone);
      }
    });

    it("are one in all of a query without groups, and none where no group is", async () => {
      const one = await under().source.lines({ query: query(), window, stepMs, limit: 3 }, never);
      const alone = await under().source.series({ query: query(), labels: {}, window, stepMs }, never);
      expect(one).to.deep.equal({ lines: [{ labels: {}, points: alone }], more: 0 });
      const none = await under().source.lines({ query: query({ by }), window: dataset.empty, stepMs, limit: 3 }, never);
      expect(none).to.deep.equal({ lines: [], more: 0 });
    });

    it("of a template are those of the label's value, however hostile it is", async () => {
      const { serviceFilter } = under();
      for (const name of [...hostileNames, hostileService, "cart"]) {
        const template = { ...query(), where: { "service.name": ['{{ labels["service.name"] }}'] } };
        const written =
          serviceFilter === undefined
            ? []
            : [{ language: serviceFilter.language, query: { ...query(), filters: [serviceFilter.template] } } as const];
        const expected = await under().source.series(
          { query: query(), labels: { "service.name": name }, window, stepMs },
          never,
        );
        for (const ask of [{ language: "sql", query: template } as const, ...written]) {
          const rendered = renderInfra({ source: "s", title: "t", ask }, sampleText({ "service.name": name }));
          const { lines } = await under().source.lines({ query: rendered, window, stepMs, limit: 1 }, never);
          expect(lines[0]?.points, JSON.stringify(rendered)).to.deep.equal(expected);
        }
        expect(expected.some(({ value }) => value !== 0)).to.equal(true);
      }
    });

    it("are refused of another language, and of a target that is not there", async () => {
      const of = (asked: SeriesQuery) => under().source.lines({ query: asked, window, stepMs, limit: 1 }, never);
      for (const asked of [{ promql: "up" }, { ...query({ by }), target: under().missingTarget }]) {
        const error = await of(asked).catch((thrown: unknown) => thrown);
        expect(error, JSON.stringify(asked)).to.be.instanceOf(BackfeedError);
      }
    });
  });

  describe("check", () => {
    it("finds nothing wrong with good queries", async () => {
      const good = [
        query({ where: { "service.name": ["cart"] }, filters: ["slow"], by: ["service.name", "sampled"] }),
        query({ measure: { kind: "percentile", field: "duration_ms", percent: 95 } }),
        query({ measure: { kind: "ratio", bad: "server_error" }, by: ["http.response.status_code"] }),
        query({ measure: { kind: "unique", field: "user.id" } }),
      ];
      expect(await under().source.check(good, never)).to.deep.equal([]);
    });

    it("names the query that has an unknown target, an unknown field, a broken filter or a mean of text", async () => {
      const lost = { ...query(), target: under().missingTarget };
      const bad = [
        lost,
        query({ by: ["no.such.field"] }),
        query({ measure: { kind: "avg", field: "no.such.number" } }),
        query({ filters: ["broken"] }),
        query({ measure: { kind: "ratio", bad: "broken" } }),
        query({ measure: { kind: "avg", field: "service.name" } }),
      ];
      const good = query({ where: { sampled: [true] } });
      const faults = await under().source.check([good, ...bad], never);
      for (const [index, faulty] of bad.entries()) {
        const messages = faults.filter((fault) => fault.query === faulty).map((fault) => fault.message);
        expect(messages, `faults of query ${index}`).to.have.length.of.at.least(1);
        expect(messages[0]).to.have.length.within(10, 400);
      }
      for (const fault of faults.filter(
        ({ query: { filters, measure } }) => filters.length > 0 || measure.kind === "ratio",
      )) {
        expect(fault.inFilter, fault.message).to.equal(true);
        expect(fault.fix, fault.message).to.contain("`filter`");
      }
      expect(faults.filter((fault) => fault.query === good)).to.deep.equal([]);
    });
  });
}
