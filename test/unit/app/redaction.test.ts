import { expect } from "chai";
import { redactAction, redactingSource } from "../../../src/app/redaction.ts";
import type { BatchAnswer } from "../../../src/model/query.ts";
import type { Source } from "../../../src/sources/source.ts";
import { BackfeedError } from "../../../src/support/errors.ts";
import { createDraft } from "../../contract/store-builders.ts";

const secret = "hunter2";
const redact = (text: string) => text.replaceAll(secret, "<secret>").replaceAll("hunter3", "<secret>");

function sourceOf(answer: BatchAnswer): Source {
  return {
    name: "logs",
    answer: async () => answer,
    samples: async () => [],
    messages: async () => ({ messages: [{ at: 1, text: `login ${secret}` }], more: true }),
    series: async () => [],
    lines: async () => ({ lines: [{ labels: { host: secret }, points: [] }], more: 0 }),
    check: async () => [],
    close: async () => undefined,
  };
}

async function answered(answer: Partial<BatchAnswer>): Promise<BatchAnswer> {
  const complete = { answers: [], probes: [], requests: 1, ...answer };
  return redactingSource(sourceOf(complete), redact).answer(
    { questions: [], probes: [] },
    new AbortController().signal,
  );
}

describe("redaction", () => {
  it("takes secrets out of label values before anything is hashed, and leaves the rest the same object", async () => {
    const clean = { labels: { path: "/cart" }, value: 1, events: 1 };
    const dirty = { labels: { path: `/login?p=${secret}` }, value: 2, events: 2 };
    const answer = await answered({ answers: [{ kind: "answered", observations: [clean, dirty], notAnswered: 0 }] });
    const [first] = answer.answers;
    if (first?.kind !== "answered") throw new Error("not answered");
    expect(first.observations[0]).to.equal(clean);
    expect(first.observations[1]?.labels).to.deep.equal({ path: "/login?p=<secret>" });
  });

  it("makes one label set of two that differ in a secret alone: the larger stands for both", async () => {
    const observations = [secret, "hunter3"].map((p, index) => ({ labels: { p }, value: index, events: index + 1 }));
    const answer = await answered({ answers: [{ kind: "answered", observations, notAnswered: 0 }] });
    expect(answer.answers[0]).to.deep.include({ observations: [{ labels: { p: "<secret>" }, value: 1, events: 2 }] });
  });

  it("takes secrets out of messages, and out of what is said of those that cannot be read", async () => {
    const complete = { answers: [], probes: [], requests: 1 };
    const request = {
      query: { target: "a", where: {}, filters: [], measure: { kind: "count" }, by: [], maxGroups: 1 },
      field: "message",
      window: { from: 0, to: 1 },
      limit: 10,
      maxLength: 100,
    } as const;
    const signal = new AbortController().signal;
    const source = sourceOf(complete);
    expect(await redactingSource(source, redact).messages(request, signal)).to.deep.equal({
      messages: [{ at: 1, text: "login <secret>" }],
      more: true,
    });
    const refusing = { ...source, messages: () => Promise.reject(new BackfeedError("refused", `no ${secret}`)) };
    const failure = await redactingSource(refusing, redact)
      .messages(request, signal)
      .catch((thrown: unknown) => thrown);
    expect(failure).to.deep.include({ kind: "refused", message: "no <secret>" });
  });

  it("takes secrets out of failures of questions and probes", async () => {
    const failed = {
      kind: "failed",
      failure: { code: "refused", message: `bad ${secret}`, retryable: false },
    } as const;
    const answer = await answered({ answers: [failed], probes: [failed] });
    expect(JSON.stringify(answer)).to.not.include(secret);
  });

  it("takes secrets out of every word of an intent, and leaves identity, route and queries as they are", () => {
    const { action } = createDraft("a");
    if (action.kind !== "create") throw new Error("no create");
    const words = `x ${secret}`;
    const inline = { kind: "text", text: words } as const;
    const dirty = {
      ...action,
      summary: words,
      document: [
        { kind: "heading", text: words },
        { kind: "code", text: words },
        { kind: "paragraph", content: [inline, { kind: "link", text: words, url: words }] },
        { kind: "list", items: [[inline]] },
        { kind: "table", rows: [[[inline]]] },
      ],
      evidence: {
        ...action.evidence,
        sections: action.evidence.sections.map((section) => ({
          ...section,
          about: [{ kind: "code", text: words }] as const,
          chart: { ...section.chart, title: words },
          links: [{ text: words, url: words }],
          infra: [{ ...section.chart, title: words, source: "logs", ask: { refused: words } }],
        })),
      },
      page: { globalId: "g", url: "https://backfeed.example", title: words },
    } as const;
    const clean = redactAction(dirty, redact);
    expect(JSON.stringify(clean)).to.not.include(secret);
    expect(clean).to.deep.include({ identity: action.identity, route: action.route });
    const comment = { kind: "comment", marker: "m", document: [], evidence: dirty.evidence } as const;
    expect(JSON.stringify(redactAction(comment, redact))).to.not.include(secret);
  });

  it("takes secrets out of the names of lines", async () => {
    const source = redactingSource(sourceOf({ answers: [], probes: [], requests: 1 }), redact);
    const request = { query: { promql: "up" }, window: { from: 0, to: 1 }, stepMs: 1, limit: 5 };
    const { lines } = await source.lines(request, new AbortController().signal);
    expect(lines.map(({ labels }) => labels)).to.deep.equal([{ host: "<secret>" }]);
  });
});
