import { gzipSync } from "node:zlib";
import { expect } from "chai";
import type { Answer, Question } from "../../../../src/model/query.ts";
import {
  createPrometheusSource,
  type PrometheusOptions,
} from "../../../../src/sources/prometheus/prometheus-source.ts";
import type { Source } from "../../../../src/sources/source.ts";
import { BackfeedError } from "../../../../src/support/errors.ts";
import { promqlQuery } from "../../../support/promql-query.ts";
import {
  apiError,
  type FakeAnswer,
  type FakePrometheus,
  startFakePrometheus,
  success,
  vector,
} from "./fake-prometheus.ts";

const never = new AbortController().signal;
const window = { from: 60_000, to: 120_000 };
const secret = "glsa_canary-7f3a9c";

function value(expression: string): Question {
  return { query: promqlQuery(expression), window, mustAnswer: [] };
}

/** What a server may answer, and what is to become of the question. */
const cases: readonly (readonly [name: string, answer: FakeAnswer, became: string, says: RegExp])[] = [
  [
    "400 bad_data",
    apiError(400, "bad_data", 'invalid parameter "query": 1:9: parse error: unexpected "{"'),
    "refused false",
    /\(400\): 1:9: parse error: unexpected "\{"$/,
  ],
  ["400 of a proxy", { status: 400, text: "<html>Bad Request</html>" }, "unreachable true", /400, and not as the API/],
  ["401", { status: 401, text: "Unauthorized" }, "unauthorized false", /credentials \(401\)/],
  ["403", { status: 403, json: { message: "no" } }, "unauthorized false", /does not allow this \(403\)/],
  ["404 of a wrong address", { status: 404, text: "404 page not found" }, "unreachable true", /before `\/api\/v1\/`/],
  ["405", { status: 405, text: "Method Not Allowed" }, "unreachable true", /no API of Prometheus \(405\)/],
  ["408", { status: 408, text: "" }, "timeout true", /gave up on the expression \(408\)/],
  ["413", { status: 413, text: "too large" }, "refused false", /so long a request/],
  [
    "422 execution",
    apiError(422, "execution", "found duplicate series for the match group {} on the right hand-side"),
    "refused false",
    /cannot be evaluated \(422\): found duplicate series/,
  ],
  [
    "422 of Thanos without a store",
    apiError(422, "execution", "expanding series: proxy Series(): rpc error: code = Unavailable desc = gone"),
    "partial true",
    /did not reach all of its data/,
  ],
  ["429", { status: 429, json: { status: "error" }, headers: { "retry-after": "30" } }, "rate_limited true", /429/],
  [
    "500 internal",
    apiError(500, "internal", "remote read: broken"),
    "internal true",
    /failed at the expression \(500\)/,
  ],
  ["502 of a proxy", { status: 502, text: "<h1>Bad Gateway</h1>" }, "unreachable true", /\(502\)/],
  ["503 timeout", apiError(503, "timeout", "query timed out in expression evaluation"), "timeout true", /timed out/],
  ["503 canceled", apiError(503, "canceled", "query was canceled"), "timeout true", /canceled/],
  ["503 while it starts", { status: 503, text: "Service Unavailable" }, "unreachable true", /\(503\)/],
  ["504", { status: 504, text: "" }, "timeout true", /\(504\)/],
  [
    "a redirect to a login page",
    { status: 302, text: "", headers: { location: `https://login.example.com/?token=${secret}` } },
    "unreachable true",
    /redirect \(302\)/,
  ],
  ["308", { status: 308, text: "", headers: { location: "/elsewhere" } }, "unreachable true", /redirect \(308\)/],
  [
    "an error with status 200",
    { json: { status: "error", errorType: "bad_data", error: "1:1: no" } },
    "refused false",
    /1:1: no/,
  ],
  ["a login page with status 200", { text: "<html><form>Sign in</form></html>" }, "unreachable true", /not Prometheus/],
  ["nothing with status 200", { text: "" }, "unreachable true", /not Prometheus/],
  ["JSON of something else", { json: { hello: "world" } }, "unreachable true", /not Prometheus/],
  ["data of another form", success({ resultType: "vector", result: {} }), "unreachable true", /not as the API/],
  ["half of an answer", { text: '{"status":"success","data":{"resultType":"vec' }, "unreachable true", /was cut/],
  ["a compressed body", (response) => void response.end(gzipSync("{}")), "unreachable true", /not Prometheus/],
  [
    "a body that ends too early",
    (response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write('{"status"');
      setImmediate(() => response.destroy());
    },
    "unreachable true",
    /cannot be reached/,
  ],
  ["a connection that breaks", (response) => void response.destroy(), "unreachable true", /cannot be reached/],
  ["an answer over the limit", { text: "x".repeat(20_000) }, "too_many_groups false", /larger than .*aggregate/],
  [
    "a warning of Thanos",
    success({ resultType: "vector", result: [] }, { warnings: ["No StoreAPIs matched for this query", "b"] }),
    "partial true",
    /only in part: No StoreAPIs matched for this query and 1 more/,
  ],
  [
    "a cut result",
    success({ resultType: "vector", result: [] }, { warnings: ["results truncated due to limit"] }),
    "partial true",
    /truncated/,
  ],
  [
    "a partial answer of VictoriaMetrics",
    { json: { status: "success", isPartial: true, data: { resultType: "vector", result: [] } } },
    "partial true",
    /only in part/,
  ],
  ["a matrix", success({ resultType: "matrix", result: [] }), "refused false", /last_over_time/],
  ["a text", success({ resultType: "string", result: [1, "a"] }), "refused false", /gives a text/],
  [
    "native histograms",
    success({ resultType: "vector", result: [{ metric: {}, histogram: [1, { count: "1" }] }] }),
    "refused false",
    /histogram_quantile/,
  ],
];

describe("prometheus source: faults", () => {
  let fake: FakePrometheus;
  let sources: Source[] = [];

  const make = (options: Partial<PrometheusOptions> = {}): Source => {
    const source = createPrometheusSource({
      name: "metrics",
      url: fake.url,
      timeoutMs: 50_000,
      maxConcurrency: 2,
      maxResponseBytes: 10_000,
      auth: { token: secret },
      ...options,
    });
    sources.push(source);
    return source;
  };
  const ask = async (source: Source, ...expressions: string[]) =>
    source.answer({ questions: expressions.map(value), probes: [] }, never);
  const became = (answer: Answer | undefined) =>
    answer?.kind === "failed" ? `${answer.failure.code} ${answer.failure.retryable}` : answer?.observations[0]?.value;

  beforeEach(async () => {
    fake = await startFakePrometheus();
  });
  afterEach(async () => {
    await Promise.all(sources.map((source) => source.close()));
    sources = [];
    await fake.close();
  });

  for (const [name, answer, expected, says] of cases) {
    it(`takes ${name} for no answer: ${expected}`, async () => {
      fake.answer(() => answer);
      const { answers, probes } = await make().answer(
        { questions: [value("up")], probes: [{ target: "", window }] },
        never,
      );
      expect(became(answers[0])).to.equal(expected);
      const message = answers[0]?.kind === "failed" ? answers[0].failure.message : "";
      expect(message).to.match(says);
      expect(message).to.have.length.within(10, 400);
      expect(message).to.not.contain(secret);
      expect(probes[0]).to.have.property("kind", "failed");
    });
  }

  it("says of an expression that it is strange, and answers it all the same", async () => {
    const warnings = ["PromQL warning: quantile value should be between 0 and 1"];
    const data = { resultType: "vector", result: [{ metric: {}, value: [1, "3"] }] };
    fake.answer(() => success(data, { warnings, infos: ["PromQL info: metric might not be a counter", "anything"] }));
    const source = make();
    expect(became((await ask(source, "x")).answers[0])).to.equal(3);
    const faults = await source.check([promqlQuery("x")], never);
    expect(faults.map(({ severity, message }) => `${severity} ${message}`)).to.include(`warning ${warnings[0]}`);
  });

  it("carries no secret in what it says or throws, whatever the server says back", async () => {
    const basic = Buffer.from(`ada:${secret}`).toString("base64");
    for (const auth of [{ token: secret }, { user: "ada", password: secret }, { apiKey: secret }]) {
      for (const status of [400, 401, 403, 422, 429, 500, 503]) {
        fake.answer(({ headers }) =>
          apiError(status, "bad_data", `you sent ${JSON.stringify(headers)} with ${secret}`),
        );
        const source = make({ auth });
        const said: unknown[] = [(await ask(source, "up")).answers];
        const request = { query: promqlQuery("up"), labels: {}, window, stepMs: 60_000 };
        for (const act of [
          () => source.series(request, never),
          () => source.lines({ query: { promql: "up" }, window, stepMs: 60_000, limit: 1 }, never),
          () => source.check([request.query], never),
        ]) {
          const thrown: unknown = await act().catch((error: unknown) => error);
          if (thrown instanceof Error) said.push(thrown.message, thrown.stack, String(thrown.cause));
          else said.push(thrown);
        }
        expect(JSON.stringify(said)).to.not.contain(secret).and.not.contain(basic);
      }
    }
  });

  it("signs in and names the tenant, in headers alone, and asks below the path of its address", async () => {
    fake.answer(() => vector([{}, "1"]));
    await ask(make({ url: `${fake.url}/prom/`, tenant: "team-a" }), "up");
    await ask(make({ url: `${fake.url}/prom/api/v1`, auth: { user: "ada", password: "p:w" } }), "up");
    await ask(make({ auth: { apiKey: "k" } }), "up");
    expect(fake.requests.map(({ path }) => path)).to.deep.equal([
      "/prom/api/v1/query",
      "/prom/api/v1/query",
      "/api/v1/query",
    ]);
    expect(fake.requests.map(({ parameters }) => parameters.get("timeout"))).to.deep.equal([
      "50000ms",
      "50000ms",
      "50000ms",
    ]);
    const [first, second, third] = fake.requests.map(({ headers }) => headers);
    expect(first).to.include({ authorization: `Bearer ${secret}`, "x-scope-orgid": "team-a" });
    expect(second).to.include({ authorization: `Basic ${Buffer.from("ada:p:w").toString("base64")}` });
    expect(third).to.include({ "x-api-key": "k" });
    expect(JSON.stringify(fake.requests.map(({ parameters }) => [...parameters]))).to.not.contain(secret);
  });

  it("asks each expression once for each instant, whoever asks, and counts what it sent", async () => {
    fake.answer(({ parameters }) => vector([{ service: "a" }, parameters.get("time") ?? ""]));
    const earlier = { from: 0, to: 60_000 };
    const by = { ...promqlQuery("x"), by: ["service"] };
    const questions: Question[] = [
      value("x"),
      { query: by, window, mustAnswer: [] },
      { query: by, window: earlier, mustAnswer: [] },
      { query: by, window: { from: 110_000, to: 120_000 }, mustAnswer: [] },
      value("y"),
    ];
    const { answers, requests } = await make().answer({ questions, probes: [] }, never);
    expect(answers.map(became)).to.deep.equal([120, 120, 60, 120, 120]);
    expect(requests).to.equal(3);
    expect(fake.requests).to.have.length(3);
  });

  it("has no more requests under way than it may, and asks no more of a source that is gone", async () => {
    const held: (() => void)[] = [];
    let most = 0;
    fake.answer(() => (response) => {
      held.push(() => {
        response.writeHead(502);
        response.end();
      });
      most = Math.max(most, held.length);
      // Both must be there before either is answered.
      if (held.length === 2) for (const go of held.splice(0)) go();
    });
    const { answers, requests } = await ask(make(), ..."abcdefgh".split(""));
    expect(most).to.equal(2);
    expect(requests).to.equal(2);
    expect(answers.map(became)).to.deep.equal(answers.map(() => "unreachable true"));
  });

  it("goes on with the others when one expression is refused", async () => {
    fake.answer(({ parameters }) =>
      parameters.get("query") === "bad" ? apiError(400, "bad_data", "1:1: no") : vector([{}, "7"]),
    );
    expect((await ask(make(), "a", "bad", "b")).answers.map(became)).to.deep.equal([7, "refused false", 7]);
  });

  it("asks once more when a kept connection broke, and no more often", async () => {
    fake.answer((_, index) => (index === 0 ? (response) => void response.destroy() : vector([{}, "7"])));
    expect(became((await ask(make(), "up")).answers[0])).to.equal(7);
    expect(fake.requests).to.have.length(2);
  });

  it("gives up at its deadline, whether nothing comes or the body does not end", async () => {
    for (const begun of [false, true]) {
      fake.answer(() => (response) => {
        if (begun) {
          response.writeHead(200);
          response.write('{"status":');
        }
      });
      expect(became((await ask(make({ timeoutMs: 100 }), "up")).answers[0])).to.equal("timeout true");
    }
  });

  it("stops when it is told to, while it waits for an answer and before it asked", async () => {
    const stop = new AbortController();
    fake.answer(() => () => stop.abort());
    const source = make();
    for (const signal of [stop.signal, AbortSignal.abort()]) {
      const thrown: unknown = await source
        .answer({ questions: [value("up")], probes: [] }, signal)
        .catch((error: unknown) => error);
      expect(thrown).to.be.instanceOf(BackfeedError).with.property("kind", "aborted");
    }
    expect(fake.requests).to.have.length(1);
  });

  it("refuses the questions of a source of events", async () => {
    const query = { ...promqlQuery("x"), measure: { kind: "count" as const } };
    const { answers, requests } = await make().answer(
      { questions: [{ query, window, mustAnswer: [] }], probes: [] },
      never,
    );
    expect(became(answers[0])).to.equal("refused false");
    expect(requests).to.equal(0);
  });
});
