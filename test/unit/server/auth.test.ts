import { expect } from "chai";
import { createServer } from "../../../src/server/server.ts";
import { chartName, findingId, localTicket, now } from "./fixtures.ts";
import { operatorToken, type RunningServer, runServer, viewerToken } from "./running-server.ts";

/** Every route, what it asks of its caller, and what it answers to one who may. */
const routes: readonly [method: "GET" | "POST", path: string, access: "open" | "viewer" | "operator", body?: object][] =
  [
    ["GET", "/healthz", "open"],
    ["GET", "/readyz", "open"],
    ["GET", "/metrics", "viewer"],
    ["GET", "/api/v1/findings", "viewer"],
    ["GET", "/api/v1/waiting", "viewer"],
    ["GET", `/api/v1/findings/${findingId(1)}`, "viewer"],
    ["GET", `/api/v1/findings/${findingId(1)}/chart.png`, "viewer"],
    ["GET", `/api/v1/findings/${findingId(1)}/charts/${chartName}`, "viewer"],
    ["GET", `/api/v1/findings/${findingId(1)}/evidence`, "viewer"],
    ["GET", "/api/v1/rules", "viewer"],
    ["GET", "/api/v1/ticks", "viewer"],
    ["GET", "/api/v1/outbox", "viewer"],
    ["GET", "/api/v1/tickets", "viewer"],
    ["GET", "/api/v1/tickets/LOCAL-1", "viewer"],
    ["GET", "/api/v1/tickets/LOCAL-1/attachments/chart-1a2b.png", "viewer"],
    ["GET", "/api/v1/silences", "viewer"],
    ["GET", "/api/v1/deploys", "viewer"],
    ["GET", "/api/v1/maintenance", "viewer"],
    ["GET", "/api/v1/openapi.json", "viewer"],
    [
      "POST",
      "/api/v1/silences",
      "operator",
      { matchers: { "service.name": "checkout" }, reason: "planned work", endsAt: now + 3_600_000 },
    ],
    ["POST", "/api/v1/silences/1/end", "operator", {}],
    ["POST", `/api/v1/findings/${findingId(1)}/refile`, "operator", {}],
    ["POST", "/api/v1/rules/checkout-errors/run", "operator", {}],
    ["POST", "/api/v1/outbox/ob-1/retry", "operator", {}],
    ["POST", "/api/v1/tickets/LOCAL-1/transitions", "operator", { to: "Done" }],
    ["POST", "/api/v1/tickets/LOCAL-1/comments", "operator", { text: "seen" }],
    ["POST", "/api/v1/tickets/LOCAL-1/edit", "operator", { assignee: "bob" }],
    ["POST", "/api/v1/tickets/LOCAL-1/duplicate", "operator", { of: "LOCAL-2" }],
  ];

const callers: readonly [name: string, token: string | undefined, may: (access: string) => number][] = [
  ["nobody", undefined, (access) => (access === "open" ? 200 : 401)],
  ["a stranger", "not-a-token", (access) => (access === "open" ? 200 : 401)],
  ["a viewer", viewerToken, (access) => (access === "operator" ? 403 : 200)],
  ["an operator", operatorToken, () => 200],
];

describe("who may ask what", () => {
  let running: RunningServer;
  before(async () => {
    running = await runServer();
    running.state.localTickets.push(localTicket({ id: "2", number: 2, key: "LOCAL-2" }));
  });
  after(() => running.stop());

  it("is decided for every documented route", async () => {
    const document = (await running.ask("/api/v1/openapi.json")).json;
    const documented = Object.entries(document["paths"] as object).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const pattern = (path: string) => new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`);
    const asked = documented.map((line) => {
      const [method, path] = line.split(" ") as [string, string];
      return routes.some((route) => route[0] === method && pattern(path).test(route[1])) ? line : `untested: ${line}`;
    });
    expect(asked).to.deep.equal(documented);
    expect(documented).to.have.length(routes.length);
  });

  for (const [name, token, may] of callers) {
    for (const [method, path, access, body] of routes) {
      const status = may(access);
      it(`answers ${status} to ${name} for ${method} ${path}`, async () => {
        const answer = await running.ask(path, {
          method,
          token,
          ...(body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
        });
        expect(answer.status).to.equal(status);
        if (status === 401) expect(answer.headers.get("www-authenticate")).to.match(/^Bearer/);
        if (status >= 400) expect(answer.json).to.have.all.keys("code", "message", "details");
      });
    }
  }

  it("takes a token from the header only, never from the query", async () => {
    const answer = await running.ask(`/api/v1/findings?token=${viewerToken}`, { token: undefined });
    expect(answer.status).to.equal(401);
  });

  it("takes no scheme but Bearer", async () => {
    const headers = { authorization: `Basic ${Buffer.from(`x:${viewerToken}`).toString("base64")}` };
    expect((await running.ask("/api/v1/findings", { token: undefined, headers })).status).to.equal(401);
  });

  it("leaves no token in any answer or log line", () => {
    const told = [...running.logged, ...running.answered].join("\n");
    expect(running.logged).to.have.length.above(routes.length);
    expect(told).not.to.contain(viewerToken);
    expect(told).not.to.contain(operatorToken);
    expect(told).not.to.contain("not-a-token");
  });
});

describe("setting up access", () => {
  const options = {
    publicUrl: undefined,
    program: {} as never,
    metrics: {} as never,
    logger: {} as never,
  };

  it("refuses to listen on anything but loopback without tokens", () => {
    for (const host of ["0.0.0.0", "::", "192.168.1.5", "backfeed.example.com", "127.0.0.1.example.com"]) {
      expect(() => createServer({ ...options, listen: { host, port: 0 }, auth: { tokens: [] } })).to.throw(/needs/);
    }
  });

  it("refuses an empty token", () => {
    const empty = { name: "grafana", role: "viewer", token: { reveal: () => "" } } as const;
    const program = { history: {}, localTickets: {}, outbox: {}, tickets: {}, evidence: {} } as never;
    const listen = { host: "127.0.0.1", port: 0 };
    expect(() => createServer({ ...options, program, listen, auth: { tokens: [empty] } })).to.throw(/grafana is empty/);
  });
});
