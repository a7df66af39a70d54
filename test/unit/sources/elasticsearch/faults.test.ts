import { expect } from "chai";
import type { Answer, Query, Question } from "../../../../src/model/query.ts";
import {
  createElasticsearchSource,
  type ElasticsearchOptions,
} from "../../../../src/sources/elasticsearch/elasticsearch-source.ts";
import type { Source } from "../../../../src/sources/source.ts";
import { counted, eachSearch, type FakeElasticsearch, startFakeElasticsearch } from "./fake-elasticsearch.ts";

const never = new AbortController().signal;
const window = { from: 1_000, to: 2_000 };

function count(filter: string): Question {
  const query: Query = {
    target: "logs-*",
    where: {},
    filters: [filter],
    measure: { kind: "count" },
    by: [],
    maxGroups: 1,
  };
  return { query, window, mustAnswer: [] };
}

describe("Elasticsearch source: faults", () => {
  let fake: FakeElasticsearch;
  let sources: Source[] = [];

  const make = (options: Partial<ElasticsearchOptions> = {}): Source => {
    const source = createElasticsearchSource({
      name: "logs",
      nodes: [fake.url],
      timestamp: "@timestamp",
      timeoutMs: 50_000,
      maxConcurrency: 2,
      ...options,
    });
    sources.push(source);
    return source;
  };
  const ask = async (source: Source, filters = ["a", "b"]): Promise<readonly Answer[]> =>
    (await source.answer({ questions: filters.map(count), probes: [{ target: "logs-*", window }] }, never)).answers;
  const codes = (answers: readonly Answer[]) =>
    answers.map((answer) =>
      answer.kind === "answered"
        ? answer.observations[0]?.events
        : `${answer.failure.code} ${answer.failure.retryable}`,
    );
  const error = (type: string, reason = "why") => ({ root_cause: [{ type, reason }], type, reason });

  beforeEach(async () => {
    fake = await startFakeElasticsearch();
    sources = [];
  });
  afterEach(async () => {
    await Promise.all(sources.map((source) => source.close()));
    await fake.close();
  });

  it("takes no partial answer: shards that failed, time that ran out, clusters that were skipped", async () => {
    const failures = [{ reason: { type: "node_disconnected_exception", reason: "gone" } }];
    const parts = [
      counted(1, { _shards: { total: 5, successful: 4, failed: 1, failures } }),
      counted(1, { timed_out: true }),
      counted(1, { _clusters: { total: 2, successful: 1, skipped: 1 } }),
      counted(1, { _shards: { total: 5, failed: 1, failures: [{ reason: error("circuit_breaking_exception") }] } }),
      counted(1, { _shards: { total: 5, failed: 1, failures: [{ reason: error("illegal_argument_exception") }] } }),
      counted(7),
    ];
    fake.answer(({ searches }) => ({ json: { responses: searches.map((_, index) => parts[index]) } }));
    expect(codes(await ask(make(), ["a", "b", "c", "d", "e"]))).to.deep.equal([
      "partial true",
      "timeout true",
      "partial true",
      "overloaded true",
      "refused false",
    ]);
  });

  const statuses: readonly [number, string, string][] = [
    [429, "es_rejected_execution_exception", "overloaded true"],
    [429, "circuit_breaking_exception", "overloaded true"],
    [429, "too_many_requests", "rate_limited true"],
    [503, "circuit_breaking_exception", "overloaded true"],
    [503, "cluster_block_exception", "unreachable true"],
    [500, "null_pointer_exception", "unreachable true"],
    [502, "bad_gateway", "unreachable true"],
    [401, "security_exception", "unauthorized false"],
    [403, "security_exception", "unauthorized false"],
    [404, "index_not_found_exception", "unknown_target true"],
    [400, "parsing_exception", "refused false"],
    [400, "too_many_buckets_exception", "too_many_groups false"],
    [503, "too_many_buckets_exception", "too_many_groups false"],
    [418, "teapot", "refused false"],
  ];
  for (const [status, type, expected] of statuses) {
    it(`calls ${status} ${type} ${expected}, of a whole request as of one search`, async () => {
      fake.answer(() => ({ status, json: { error: error(type), status } }));
      expect(codes(await ask(make()))).to.deep.equal([expected, expected]);
      fake.answer(({ searches }) => ({
        json: { responses: searches.map((_, index) => (index === 0 ? { error: error(type), status } : counted(3))) },
      }));
      expect(codes(await ask(make()))).to.deep.equal([expected, 3]);
    });
  }

  it("finds by halves the search that makes Elasticsearch refuse the whole request, and asks it apart from then on", async () => {
    const source = make();
    const questions = Array.from({ length: 20 }, (_, index) => count(index === 13 ? "poison" : `f${index}`));
    fake.answer((request) =>
      request.body.includes("poison")
        ? { status: 400, json: { error: error("parsing_exception") } }
        : eachSearch(counted(1))(request),
    );
    const first = await source.answer({ questions, probes: [] }, never);
    expect(codes(first.answers)).to.deep.equal(questions.map((_, index) => (index === 13 ? "refused false" : 1)));
    const second = await source.answer({ questions, probes: [] }, never);
    expect(codes(second.answers)).to.deep.equal(codes(first.answers));
    expect(second.requests).to.equal(2);
  });

  it("splits a request whose answer is too large, and gives up on the one search that is", async () => {
    fake.answer((request) =>
      eachSearch(counted(1, { padding: "x".repeat(request.body.includes("huge") ? 9_000 : 10) }))(request),
    );
    const answers = await ask(make({ maxResponseBytes: 8_000 }), ["a", "b", "huge", "c"]);
    expect(codes(answers)).to.deep.equal([1, 1, "refused false", 1]);
    expect(answers[2]).to.have.nested.property("failure.message").that.includes("larger than allowed");
  });

  it("gives up after the deadline on a server that says nothing, or stops in the middle", async () => {
    fake.answer(() => () => {});
    expect(codes(await ask(make({ timeoutMs: 60 })))).to.deep.equal(["timeout true", "timeout true"]);
    fake.answer(() => (response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
      response.write('{"responses":[');
    });
    expect(codes(await ask(make({ timeoutMs: 60 })))).to.deep.equal(["timeout true", "timeout true"]);
  });

  it("does not hold a tick for one deadline after another: after three it gives up the rest", async () => {
    fake.answer(() => () => {});
    const questions = Array.from({ length: 500 }, (_, index) => count(`f${index}`));
    // Long enough for a busy machine to send each: one that arrived nowhere would not be counted.
    const { answers } = await make({ timeoutMs: 2_000, maxConcurrency: 1 }).answer({ questions, probes: [] }, never);
    expect(new Set(codes(answers))).to.deep.equal(new Set(["timeout true"]));
    expect(fake.requests).to.have.length.within(3, 4);
  });

  it("tries once more when the connection breaks, and only once", async () => {
    const cut = (response: { socket: { destroy(): void } | null }) => response.socket?.destroy();
    fake.answer((request, index) => (index === 0 ? cut : eachSearch(counted(4))(request)));
    expect(codes(await ask(make()))).to.deep.equal([4, 4]);
    expect(fake.requests).to.have.length(2);
    fake.answer(() => (response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
      response.write('{"responses":[', () => response.destroy());
    });
    expect(codes(await ask(make()))).to.deep.equal(["unreachable true", "unreachable true"]);
    expect(fake.requests).to.have.length(4);
  });

  it("does not take a proxy's page, or an answer with too few parts, for an answer", async () => {
    const page = (response: { setHeader(name: string, value: string): void; end(text: string): void }) => {
      response.setHeader("content-type", "text/html");
      response.end("<html>welcome</html>");
    };
    fake.answer(() => page);
    expect(codes(await ask(make()))).to.deep.equal(["unreachable true", "unreachable true"]);
    fake.answer(() => ({ json: { responses: [counted(1)] } }));
    expect(codes(await ask(make()))).to.deep.equal(["unreachable true", "unreachable true"]);
    for (const part of [{ status: 200, _shards: { total: 1, failed: 0 } }, null, "text", { hits: { total: 3 } }]) {
      fake.answer(eachSearch(part));
      expect(codes(await ask(make())), JSON.stringify(part)).to.deep.equal(["internal true", "internal true"]);
    }
    fake.answer(() => (response) => {
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
      response.end("this is not gzip");
    });
    expect(codes(await ask(make()))).to.deep.equal(["internal true", "internal true"]);
  });

  it("says that nothing listens", async () => {
    await fake.close();
    const answers = await ask(make());
    expect(codes(answers)).to.deep.equal(["unreachable true", "unreachable true"]);
  });

  it("throws `aborted`, and nothing else, when it is stopped while it waits", async () => {
    const stop = new AbortController();
    fake.answer(() => () => stop.abort());
    const questions = Array.from({ length: 300 }, (_, index) => count(`f${index}`));
    const thrown = await make({ maxConcurrency: 1 })
      .answer({ questions, probes: [] }, stop.signal)
      .catch((problem: unknown) => problem);
    expect(thrown).to.have.property("kind", "aborted");
    expect(fake.requests).to.have.length(1);
  });

  it("has at most as many requests under way as allowed", async () => {
    let most = 0;
    const waiting: (() => void)[] = [];
    fake.answer((request) => (response) => {
      waiting.push(() => response.end(JSON.stringify({ responses: request.searches.map(() => counted(1)) })));
      response.setHeader("content-type", "application/json");
      most = Math.max(most, waiting.length);
      // Answered once all that may come at once are there: the second of two.
      if (waiting.length === 2) for (const go of waiting.splice(0)) go();
    });
    const questions = Array.from({ length: 200 }, (_, index) => count(`f${index}`));
    const { answers, requests } = await make({ maxConcurrency: 2 }).answer({ questions, probes: [] }, never);
    expect(codes(answers).every((events) => events === 1)).to.equal(true);
    expect([most, requests]).to.deep.equal([2, 4]);
  });

  describe("credentials", () => {
    const secret = "S3cr3t-k3y-that-nobody-may-see";
    const sent: readonly [string, ElasticsearchOptions["auth"] & object, string][] = [
      ["an API key", { api_key: secret }, `ApiKey ${secret}`],
      ["a token", { token: secret }, `Bearer ${secret}`],
      [
        "user and password",
        { user: "backfeed", password: secret },
        `Basic ${Buffer.from(`backfeed:${secret}`).toString("base64")}`,
      ],
    ];
    for (const [what, auth, header] of sent) {
      it(`sends ${what}, and never shows it`, async () => {
        fake.answer(eachSearch(counted(1)));
        expect(codes(await ask(make({ auth })))).to.deep.equal([1, 1]);
        expect(fake.requests[0]?.headers.authorization).to.equal(header);

        const echo = error("security_exception", `the header ${header} of ${secret} is not known`);
        fake.answer(() => ({ status: 401, json: { error: echo, status: 401 } }));
        const answers = await ask(make({ auth }));
        expect(codes(answers)).to.deep.equal(["unauthorized false", "unauthorized false"]);
        const thrown: unknown = await make({ auth })
          .samples({ ...count("a"), labels: {}, badOnly: false, limit: 1, fields: [], maxValueLength: 10 }, never)
          .catch((problem: unknown) => problem);
        const shown = `${JSON.stringify(answers)} ${show(thrown)}`;
        expect(shown).to.include("<secret>");
        expect(shown).not.to.include(secret);
        expect(shown).not.to.include(header.split(" ")[1]);
      });
    }
  });
});

/** Everything a logger could find in an error. */
function show(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return `${thrown.stack} ${JSON.stringify(thrown)} ${show(thrown.cause)}`;
}
