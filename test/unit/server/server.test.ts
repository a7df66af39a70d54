import { mkdtempSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { expressPath } from "../../../src/server/http-app.ts";
import { openApiDocument } from "../../../src/server/openapi.ts";
import { allRoutes } from "../../../src/server/server.ts";
import { ManualClock } from "../../../src/support/clock.ts";
import { silentLogger } from "../../../src/support/logging.ts";
import { emptyState, fakeProgram } from "./fake-program.ts";
import { fakeReceiver } from "./fake-receiver.ts";
import { now } from "./fixtures.ts";
import { operatorToken, runServer, viewerToken } from "./running-server.ts";

interface Parameter {
  readonly name: string;
  readonly schema: object;
}

describe("the OpenAPI document", () => {
  const routes = allRoutes({
    program: fakeProgram(emptyState()),
    metrics: { render: async () => ({ contentType: "", text: "" }) },
    webhooks: [fakeReceiver()],
    logger: silentLogger,
    publicUrl: "https://backfeed.example.com",
    clock: new ManualClock(now),
  });
  const document = openApiDocument(routes, [fakeReceiver()], undefined);

  it("has every route and nothing else", () => {
    const documented = Object.entries(document["paths"] as Record<string, object>).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method} ${expressPath(path)}`),
    );
    expect(documented).to.have.members([
      ...routes.map(({ method, path }) => `${method} ${expressPath(path)}`),
      "post /webhooks/fake",
    ]);
    expect(new Set(routes.map(({ operation }) => operation)).size).to.equal(routes.length);
  });

  it("resolves every reference in it", () => {
    const names = Object.keys((document["components"] as { schemas: object }).schemas);
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, to]) => to);
    expect(references).to.not.be.empty;
    for (const reference of references) {
      expect(names.map((name) => `#/components/schemas/${name}`)).to.include(reference);
    }
  });

  it("says what each operation asks of its caller, and its parameters with their limits", () => {
    const paths = document["paths"] as Record<string, { get: { security: unknown; parameters: Parameter[] } }>;
    const operation = paths["/api/v1/findings"]?.get;
    expect(operation?.security).to.deep.equal([{ token: [] }]);
    const limit = operation?.parameters.find(({ name }) => name === "limit");
    expect(limit).to.deep.include({ in: "query", required: false });
    expect(limit?.schema).to.deep.include({
      type: "integer",
      minimum: 1,
      maximum: 200,
      default: 50,
    });
  });
});

describe("metrics over HTTP", () => {
  it("count requests by route pattern, so that no path makes a series", async () => {
    const running = await runServer();
    await running.ask("/api/v1/findings/00000000000000aa");
    await running.ask("/secret-4714");
    const { text, headers } = await running.ask("/metrics");
    await running.stop();
    expect(headers.get("content-type")).to.match(/^text\/plain; version=0.0.4/);
    expect(text).to.contain('backfeed_http_requests_total{route="/api/v1/findings/{id}",status="4xx"} 1');
    expect(text).to.contain('backfeed_http_requests_total{route="none",status="4xx"} 1');
    expect(text).not.to.contain("secret-4714");
  });
});

describe("pages", () => {
  const ui = mkdtempSync(join(tmpdir(), "backfeed-ui-"));
  writeFileSync(join(ui, "index.html"), '<meta name="style-nonce" content="__STYLE_NONCE__">');

  it("are one page with a fresh nonce and a policy that takes scripts of this origin only", async () => {
    const running = await runServer({ ui });
    const nonces = new Set<string>();
    for (const path of ["/", "/findings/00000000000000aa", "/tickets/LOCAL-1", "/rules"]) {
      const { status, headers, text } = await running.ask(path, { token: undefined });
      expect([status, headers.get("content-type")]).to.deep.equal([200, "text/html; charset=utf-8"], path);
      const policy = headers.get("content-security-policy") ?? "";
      const nonce = /content="([^"]+)"/.exec(text)?.[1] ?? "";
      nonces.add(nonce);
      expect(policy).to.contain(`style-src 'self' 'nonce-${nonce}'`);
      expect(policy).to.contain("script-src 'self';").and.not.to.contain("unsafe");
      expect(headers.get("x-frame-options")).to.equal("SAMEORIGIN");
    }
    expect((await running.ask("/findings/a/b", { token: undefined })).status).to.equal(404);
    await running.stop();
    expect(nonces.size).to.equal(4);
  });

  it("are refused at the start when they are not built", () => {
    return runServer({ ui: join(ui, "none") }).then(
      () => expect.fail("started"),
      (error) => expect(error).to.deep.include({ kind: "configuration" }),
    );
  });

  it("do not exist without a directory", async () => {
    const running = await runServer();
    expect((await running.ask("/")).status).to.equal(404);
    await running.stop();
  });
});

describe("starting and stopping", () => {
  it("names the address that cannot be listened on", async () => {
    const first = await runServer();
    const port = Number(new URL(first.origin).port);
    const second = await runServer({ listen: { host: "127.0.0.1", port } }).catch((error: unknown) => error);
    await first.stop();
    expect(second).to.deep.include({ kind: "configuration" });
  });

  it("lets a request that is under way end, tells it to hurry, and takes no more", async () => {
    const held = heldRun();
    const running = await runServer({ program: held.program });
    const answer = running.post("/api/v1/rules/checkout-errors/run", {}, operatorToken);
    const signal = await held.started;
    const stopped = running.stop();
    expect(signal.aborted).to.equal(true);
    expect(await fetch(`${running.origin}/healthz`).catch(() => "refused")).to.equal("refused");
    held.finish();
    expect((await answer).status).to.equal(200);
    await stopped;
    await running.stop();
  });

  it("cuts what does not end in three seconds", async () => {
    const held = heldRun();
    const running = await runServer({ program: held.program });
    const broken = new Promise<string>((resolve) => {
      const headers = { "content-type": "application/json", authorization: `Bearer ${operatorToken}` };
      const sent = request(`${running.origin}/api/v1/rules/checkout-errors/run`, { method: "POST", headers });
      sent.on("error", ({ message }) => resolve(message));
      sent.end("{}");
    });
    await held.started;
    const stopped = running.stop();
    running.clock.advance(3_000);
    await stopped;
    expect(await broken).to.equal("socket hang up");
    held.finish();
  });

  it("ends idle connections at once", async () => {
    const running = await runServer();
    await running.ask("/healthz", { token: viewerToken });
    await running.stop();
  });
});

/** A program whose runs of rules end when the test says so. */
function heldRun() {
  let begin: (signal: AbortSignal) => void = () => undefined;
  let finish: () => void = () => undefined;
  const started = new Promise<AbortSignal>((resolve) => {
    begin = resolve;
  });
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const program = fakeProgram(emptyState());
  return {
    started,
    finish: () => finish(),
    program: {
      ...program,
      runRule: async (ruleId: string, signal: AbortSignal) => {
        begin(signal);
        await finished;
        return { ruleId, ticks: 1, tick: now, counts: { verdicts: {}, outcomes: {}, notEvaluated: 0 }, findings: [] };
      },
    },
  };
}
