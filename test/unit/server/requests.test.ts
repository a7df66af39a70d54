import { connect } from "node:net";
import { expect } from "chai";
import { BackfeedError, type ErrorKind } from "../../../src/support/errors.ts";
import { findingId } from "./fixtures.ts";
import { operatorToken, type RunningServer, runServer } from "./running-server.ts";

describe("requests that are wrong", () => {
  let running: RunningServer;
  before(async () => {
    running = await runServer();
  });
  after(() => running.stop());
  afterEach(() => {
    running.state.failure = undefined;
  });

  it("get all their faults at once, and no value of theirs back", async () => {
    const { status, json, text } = await running.ask("/api/v1/findings?limit=0&state=hot-secret&nonsense=1&band=High");
    expect(status).to.equal(400);
    expect(json["code"]).to.equal("invalid_request");
    const { faults } = json["details"] as { faults: { in: string; at: string; message: string }[] };
    expect(faults.map((fault) => `${fault.in} ${fault.at}`)).to.have.members(["query limit", "query state", "query "]);
    expect(faults.find(({ at }) => at === "")?.message).to.contain("nonsense");
    expect(text).not.to.contain("hot-secret");
  });

  it("are refused for a parameter that is given twice", async () => {
    expect((await running.ask("/api/v1/findings?state=open&state=quiet")).status).to.equal(400);
  });

  it("are refused for an id that can be none", async () => {
    for (const path of [
      "/api/v1/findings/1",
      "/api/v1/findings/..%2f..%2fetc%2fpasswd",
      "/api/v1/tickets/nokey",
      "/api/v1/tickets/LOCAL-1/attachments/..%2Fsecret",
    ]) {
      expect((await running.ask(path)).status).to.equal(400, path);
    }
  });

  it("are refused for a path that is not percent-encoded UTF-8", async () => {
    const { status, json } = await running.ask("/api/v1/findings/%ff%fe");
    expect([status, json["code"]]).to.deep.equal([400, "invalid_request"]);
  });

  it("get 404 as JSON for an unknown path, and 405 with what is allowed for a known one", async () => {
    for (const path of ["/nowhere", "/api/v1", "/api/v2/findings", "/findings.php", "/assets/../package.json"]) {
      const { status, json } = await running.ask(path);
      expect([status, json["code"]]).to.deep.equal([404, "not_found"], path);
    }
    const { status, headers } = await running.ask("/api/v1/findings", { method: "DELETE" });
    expect([status, headers.get("allow")]).to.deep.equal([405, "GET"]);
    expect((await running.ask("/api/v1/outbox/ob-1/retry")).status).to.equal(405);
  });

  const send = (body: string, headers: Record<string, string> = { "content-type": "application/json" }) =>
    running.ask("/api/v1/tickets/LOCAL-1/transitions", { method: "POST", token: operatorToken, headers, body });

  it("are refused for a body that is not JSON, without repeating it", async () => {
    const { status, text } = await send('{"to": "Done", "password": "hunter2');
    expect(status).to.equal(400);
    expect(text).not.to.contain("hunter2");
  });

  it("are refused for a body over 256 kB", async () => {
    const { status, json } = await send(JSON.stringify({ to: "x".repeat(300_000) }));
    expect([status, json["code"]]).to.deep.equal([413, "payload_too_large"]);
  });

  it("are refused for a compressed body", async () => {
    const { status } = await send("{}", { "content-type": "application/json", "content-encoding": "gzip" });
    expect(status).to.equal(415);
  });

  it("are refused for a body in anything but UTF-8, and taken in UTF-8 however that is written", async () => {
    for (const type of [
      "application/json; charset=utf-7",
      "application/json;charset=utf-16",
      'application/json; charset="utf-7"',
      "application/json; charset=latin1",
      "application/json; charset=utf-8; charset=utf-7",
      "application/json; charset = utf-7",
      "application/json; charset=",
      "application/json-seq; charset=utf-8",
      "text/json; charset=utf-8",
    ]) {
      const { status, json } = await send('{"to": "Done"}', { "content-type": type });
      expect([status, json["code"]], type).to.deep.equal([415, "unsupported_media_type"]);
    }
    for (const rest of ["", "; charset=utf-8", ';charset="UTF-8"', "; profile=x; charset=Utf-8"]) {
      const { status } = await send("{}", { "content-type": `application/json${rest}` });
      expect(status, rest).to.equal(400);
    }
  });

  it("need neither body nor type where nothing is to be said", async () => {
    for (const path of ["/api/v1/rules/checkout-errors/run", "/api/v1/outbox/ob-1/retry"]) {
      // A fetch without a body says `content-length: 0` by itself.
      const headers: Record<string, string>[] = [{}, { "content-type": "application/json" }];
      for (const each of headers) {
        const asked = { method: "POST", token: operatorToken, headers: each };
        expect((await running.ask(path, asked)).status, `${path} ${JSON.stringify(each)}`).to.equal(200);
      }
    }
    const { status, json } = await running.ask("/api/v1/silences", { method: "POST", token: operatorToken });
    expect([status, json["code"]], "a body that is needed").to.deep.equal([400, "invalid_request"]);
  });

  it("are refused for members that nobody knows, a missing one, and a body that is no object", async () => {
    for (const body of [{ to: "Done", force: true }, {}, [], "Done", { to: 1 }, { to: "x".repeat(101) }, null]) {
      expect((await send(JSON.stringify(body))).status).to.equal(400, JSON.stringify(body));
    }
  });

  it("get 400 for a cursor that is none of ours", async () => {
    for (const list of ["findings", "rules"]) {
      const { status, json } = await running.ask(`/api/v1/${list}?cursor=bogus`);
      expect([status, json["code"]]).to.deep.equal([400, "invalid_request"], list);
      const { faults } = json["details"] as { faults: { in: string; at: string }[] };
      expect(faults.map((fault) => [fault.in, fault.at])).to.deep.equal([["query", "cursor"]]);
    }
  });

  it("get 404 for what does not exist and 409 for what cannot be done now", async () => {
    const missing = [
      running.ask(`/api/v1/findings/${findingId(99)}`),
      running.ask(`/api/v1/findings/${findingId(99)}/evidence`),
      running.ask(`/api/v1/findings/${findingId(2)}/chart.png`),
      running.ask("/api/v1/tickets/LOCAL-99"),
      running.ask("/api/v1/tickets/LOCAL-1/attachments/none.png"),
      running.post("/api/v1/rules/none/run", {}),
      running.post("/api/v1/outbox/none/retry", {}),
      running.post("/api/v1/tickets/LOCAL-99/transitions", { to: "Done" }),
    ];
    for (const answer of await Promise.all(missing)) expect(answer.status).to.equal(404);
    expect((await running.post("/api/v1/tickets/LOCAL-1/transitions", { to: "Nowhere" })).status).to.equal(409);
  });

  const statuses: readonly [ErrorKind, number][] = [
    ["configuration", 400],
    ["not_found", 404],
    ["conflict", 409],
    ["unauthorized", 502],
    ["unavailable", 503],
    ["rate_limited", 503],
    ["refused", 502],
    ["internal", 500],
    ["aborted", 503],
    ["limit", 429],
  ];
  for (const [kind, expected] of statuses) {
    it(`turn an error of kind ${kind} into ${expected}`, async () => {
      running.state.failure = new BackfeedError(kind, "told", { facts: { id: "x" }, retryAfterMs: 1_500 });
      const { status, json, headers } = await running.post("/api/v1/rules/checkout-errors/run", {});
      expect(status).to.equal(expected);
      expect(headers.get("retry-after")).to.equal("2");
      expect(json["code"]).to.equal(kind === "unauthorized" ? "upstream_unauthorized" : kind);
      if (kind !== "internal") expect(json).to.deep.include({ message: "told", details: { id: "x" } });
    });
  }

  it("tell of a fault of ours nothing but the request id, under which the log has it", async () => {
    running.state.failure = new Error("password=hunter2 at /srv/secret.ts");
    const { status, text, json } = await running.ask("/api/v1/findings");
    expect(status).to.equal(500);
    expect(text).not.to.match(/hunter2|secret|stack/);
    const { requestId } = json["details"] as { requestId: string };
    const line = running.logged.find((told) => told.includes("HTTP_INTERNAL") && told.includes(requestId));
    expect(line).to.contain('"route":"/api/v1/findings"');
  });

  it("never reach the log with their query", async () => {
    await running.ask("/api/v1/findings?rule=hush-hush-4713");
    await running.ask("/nowhere?token=hush-hush-4713");
    expect(running.logged.join("\n")).not.to.contain("hush-hush");
  });

  it("are cut off when they are no HTTP", async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(running.origin).port), "127.0.0.1");
      let text = "";
      socket.on("data", (chunk) => {
        text += chunk;
      });
      socket.on("close", () => resolve(text));
      socket.on("error", reject);
      socket.write("NONSENSE\r\n\r\n");
    });
    expect(answer).to.match(/^HTTP\/1.1 400/);
  });
});

describe("too many requests", () => {
  it("are counted by the address that a named proxy tells, and by no other's word", async () => {
    const statusesOf = async (trustedProxies: readonly string[]) => {
      const running = await runServer({ trustedProxies, requestsPerMinute: { known: 9, unknown: 1 } });
      const statuses: number[] = [];
      for (const forwarded of ["192.0.2.1", "192.0.2.2", "192.0.2.3, 192.0.2.2"]) {
        const headers = { "x-forwarded-for": forwarded };
        statuses.push((await running.ask("/api/v1/ticks", { token: undefined, headers })).status);
      }
      await running.stop();
      return statuses;
    };
    expect(await statusesOf(["127.0.0.0/8"])).to.deep.equal([401, 401, 429]);
    expect(await statusesOf(["198.51.100.0/24"])).to.deep.equal([401, 429, 429]);
    expect(await statusesOf([])).to.deep.equal([401, 429, 429]);
  });

  it("get 429 with when to come back, but probes are always answered", async () => {
    const running = await runServer({ requestsPerMinute: { known: 3, unknown: 2 } });
    const statuses: number[] = [];
    for (let index = 0; index < 4; index++) {
      statuses.push((await running.ask("/api/v1/ticks", { token: operatorToken })).status);
    }
    const last = await running.ask("/api/v1/ticks", { token: operatorToken });
    const probes = await Promise.all([1, 2, 3, 4, 5].map(() => running.ask("/healthz", { token: undefined })));
    await running.stop();
    expect(statuses).to.deep.equal([200, 200, 200, 429]);
    expect([last.json["code"], last.headers.get("retry-after")]).to.deep.equal(["too_many_requests", "60"]);
    expect(probes.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200, 200]);
  });
});
