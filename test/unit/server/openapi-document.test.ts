import type { AddressInfo } from "node:net";
import { expect } from "chai";
import express, { type ErrorRequestHandler, type RequestHandler } from "express";
import * as OpenApiValidator from "express-openapi-validator";
import { chartName, findingId, localTicket, now } from "./fixtures.ts";
import { operatorToken, type RunningServer, runServer } from "./running-server.ts";

type ApiSpec = Parameters<typeof OpenApiValidator.middleware>[0]["apiSpec"];

const finding = `/api/v1/findings/${findingId(1)}`;
const ticket = "/api/v1/tickets/LOCAL-1";

/** One good request for each operation, in an order in which each can be answered. */
const good: Readonly<Record<string, readonly [path: string, body?: object]>> = {
  health: ["/healthz"],
  readiness: ["/readyz"],
  metrics: ["/metrics"],
  listFindings: ["/api/v1/findings?state=open&limit=10"],
  countWaiting: ["/api/v1/waiting"],
  readFinding: [finding],
  readChart: [`${finding}/chart.png`],
  readFindingChart: [`${finding}/charts/${chartName}`],
  readEvidence: [`${finding}/evidence`],
  listRules: ["/api/v1/rules"],
  runRule: ["/api/v1/rules/checkout-errors/run", {}],
  listTicks: ["/api/v1/ticks"],
  listOutbox: ["/api/v1/outbox"],
  retryOutboxEntry: ["/api/v1/outbox/ob-1/retry", {}],
  listTickets: ["/api/v1/tickets"],
  readTicket: [ticket],
  readAttachment: [`${ticket}/attachments/chart-1a2b.png`],
  commentTicket: [`${ticket}/comments`, { text: "Looking" }],
  editTicket: [`${ticket}/edit`, { priority: "Low", assignee: null, addLabels: ["x"] }],
  transitionTicket: [`${ticket}/transitions`, { to: "Done" }],
  closeTicketAsDuplicate: [`${ticket}/duplicate`, { of: "LOCAL-2" }],
  listSilences: ["/api/v1/silences"],
  addSilence: ["/api/v1/silences", { ruleId: "checkout-errors", reason: "a deploy", endsAt: now + 3_600_000 }],
  endSilence: ["/api/v1/silences/2/end", {}],
  refileFinding: [`${finding}/refile`, {}],
  listDeploys: ["/api/v1/deploys"],
  listMaintenance: ["/api/v1/maintenance"],
  openapi: ["/api/v1/openapi.json"],
};

/** What the validator answers with where a request or an answer is not as the document says. */
const refused = 599;

describe("our OpenAPI document, to a validator that knows nothing of us", () => {
  let running: RunningServer;
  let document: Record<string, unknown>;
  let judged: { origin: string; close(): Promise<void> };

  before(async () => {
    running = await runServer();
    running.state.localTickets.push(localTicket({ id: "2", number: 2, key: "LOCAL-2" }));
    document = (await running.ask("/api/v1/openapi.json")).json;
    judged = await judgedBy(document, running.origin);
  });
  after(async () => {
    await judged?.close();
    await running.stop();
  });

  const ask = async (path: string, body?: object) => {
    const method = body === undefined ? "GET" : "POST";
    const headers = { authorization: `Bearer ${operatorToken}`, "content-type": "application/json" };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(`${judged.origin}${path}`, { method, headers, ...sent });
    return { status: answer.status, text: await answer.text() };
  };

  it("is a valid document of OpenAPI 3.1, and every operation answers as it says", async () => {
    const paths = document["paths"] as Record<string, Record<string, { operationId: string }>>;
    const operations = Object.values(paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(Object.keys(good)).to.have.members(operations);
    for (const [operation, [path, body]] of Object.entries(good)) {
      const { status, text } = await ask(path, body);
      expect([status, status === 200 ? "" : text], operation).to.deep.equal([200, ""]);
    }
  });

  it("tells errors as it says, and refuses what the server would refuse", async () => {
    for (const [path, status] of [
      [`/api/v1/findings/${findingId(99)}`, 404],
      ["/api/v1/tickets/LOCAL-99", 404],
      ["/api/v1/findings?limit=0", refused],
      ["/api/v1/findings?state=nonsense", refused],
    ] as const) {
      expect((await ask(path)).status, path).to.equal(status);
    }
    expect((await ask(`${ticket}/edit`, { priority: "None" })).status).to.equal(refused);
  });

  it("would be refused with a fault in it, and so would an answer that it does not know", async () => {
    const { info: _info, ...bad } = document;
    const printed: unknown[] = [];
    const { error } = console;
    console.error = (...parts: unknown[]) => void printed.push(...parts);
    const wrong = await judgedBy(bad, running.origin);
    const answer = await fetch(`${wrong.origin}/healthz`).finally(() => {
      console.error = error;
    });
    expect([answer.status, await answer.text()]).to.deep.equal([
      refused,
      "openapi.validator: args.apiDoc was invalid.  See the output.",
    ]);
    expect(JSON.stringify(printed)).to.contain("must have required property 'info'");
    await wrong.close();
    const [first] = running.state.findings;
    running.state.findings = [{ ...first!, state: "unheard-of" as never }];
    expect((await ask("/api/v1/findings")).status).to.equal(refused);
  });
});

/** Requests and answers pass through the validator, as if it stood before our server. */
async function judgedBy(document: object, origin: string): Promise<{ origin: string; close(): Promise<void> }> {
  const app = express();
  app.use(express.json());
  const spec = { ...structuredClone(document), servers: [{ url: "/" }] } as unknown as ApiSpec;
  app.use(
    OpenApiValidator.middleware({
      apiSpec: spec,
      validateApiSpec: true,
      validateRequests: true,
      validateResponses: true,
      validateSecurity: false,
    }) as unknown as RequestHandler[],
  );
  app.use(async (request, response) => {
    const { authorization = "" } = request.headers;
    const sent = request.method === "GET" ? {} : { body: JSON.stringify(request.body ?? {}) };
    const headers = { authorization, "content-type": "application/json" };
    const answer = await fetch(`${origin}${request.originalUrl}`, { method: request.method, headers, ...sent });
    const type = answer.headers.get("content-type") ?? "";
    response.status(answer.status).type(type);
    if (type.includes("json")) response.json(await answer.json());
    else response.send(Buffer.from(await answer.arrayBuffer()));
  });
  const refuse: ErrorRequestHandler = (error, _request, response, _next) => {
    response
      .status(refused)
      .type("text/plain")
      .end(String(error?.message ?? error));
  };
  app.use(refuse);
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
