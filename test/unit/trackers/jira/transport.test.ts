import { createServer } from "node:net";
import { inspect } from "node:util";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { readAddress, readAuth } from "../../../../src/trackers/jira/address.ts";
import { errorOf } from "../../../contract/tracker.contract.ts";
import { canary, clientFor, json, type Loopback, startLoopback } from "./loopback.ts";

const live = new AbortController().signal;
const issue = { id: "10000", key: "OPS-1", fields: {} };

describe("HTTP to Jira", () => {
  let server: Loopback;
  beforeEach(async () => {
    server = await startLoopback((response) => json(response, 200, issue));
  });
  afterEach(() => server.stop());

  /** The kinds that a create and a read end with. */
  async function kinds(options: { timeoutMs?: number; url?: string } = {}): Promise<[string, string]> {
    const { client, transport } = clientFor({ url: server.url, ...options });
    const [create, read] = await Promise.all([
      errorOf(() => client.createIssue({ fields: { summary: "x" } }, live)),
      errorOf(() => client.readIssue("10000", { fields: "summary" }, live)),
    ]);
    await transport.close();
    for (const error of [create, read]) expect(inspect(error, { depth: 20 })).to.not.include(canary);
    return [create.kind, read.kind];
  }

  describe("what was surely not sent is unavailable, for a create too", () => {
    it("nobody listens", async () => {
      const { url } = server;
      await server.stop();
      expect(await kinds({ url })).to.deep.equal(["unavailable", "unavailable"]);
      server = await startLoopback((response) => response.end());
    });

    it("no such host", async () => {
      expect(await kinds({ url: "https://jira.invalid" })).to.deep.equal(["unavailable", "unavailable"]);
    });

    it("no TLS", async () => {
      expect(await kinds({ url: server.url.replace("http:", "https:") })).to.deep.equal(["unavailable", "unavailable"]);
      expect(server.received).to.deep.equal([]);
    });

    it("a connection that never stands", async () => {
      const closing = createServer((socket) => socket.pause());
      await new Promise<void>((resolve) => closing.listen(0, "127.0.0.1", resolve));
      const { port } = closing.address() as { port: number };
      // The TLS handshake never ends.
      expect(await kinds({ url: `https://127.0.0.1:${port}`, timeoutMs: 100 })).to.deep.equal([
        "unavailable",
        "unavailable",
      ]);
      closing.close();
    });
  });

  describe("what may have been done is unknown for a create, unavailable otherwise", () => {
    const lost: Record<string, Loopback["answer"]> = {
      "the connection is reset": (response) => response.socket?.resetAndDestroy(),
      "the connection closes without an answer": (response) => response.socket?.destroy(),
      "the answer is cut off": (response) => {
        response.writeHead(201, { "content-type": "application/json", "content-length": "500" });
        response.write('{"id":"100', () => response.socket?.destroy());
      },
      "a chunked answer is cut off": (response) => {
        response.writeHead(201, { "content-type": "application/json" });
        response.write('{"id":"100', () => response.socket?.destroy());
      },
      "the JSON is cut in half": (response) =>
        response.writeHead(201, { "content-type": "application/json" }).end('{"id":"100'),
      "the answer is no JSON": (response) => response.writeHead(201, { "content-type": "text/plain" }).end("done"),
      "the answer has no type": (response) => response.writeHead(201).end('{"id":"10000","key":"OPS-1"}'),
      "the answer is compressed though nobody asked": (response) =>
        response
          .writeHead(201, { "content-type": "application/json", "content-encoding": "gzip" })
          .end(gzipSync('{"id":"10000","key":"OPS-1"}')),
    };
    for (const [name, answer] of Object.entries(lost)) {
      it(name, async () => {
        server.answer = answer;
        expect(await kinds()).to.deep.equal(["unknown_outcome", "unavailable"]);
      });
    }

    const late: Record<string, Loopback["answer"]> = {
      "no answer within the deadline": () => undefined,
      "an answer that drips past the deadline": (response) => {
        response.writeHead(201, { "content-type": "application/json" });
        const drip = setInterval(() => response.write(" "), 20);
        response.on("close", () => clearInterval(drip));
      },
    };
    for (const [name, answer] of Object.entries(late)) {
      it(name, async () => {
        server.answer = answer;
        // Long enough for a busy machine to connect: what was not sent would not be unknown.
        expect(await kinds({ timeoutMs: 2_000 })).to.deep.equal(["unknown_outcome", "unavailable"]);
      });
    }

    it("an answer larger than ten megabytes", async () => {
      server.answer = (response) => json(response, 201, { ...issue, more: "x".repeat(11 * 1024 * 1024) });
      expect(await kinds()).to.deep.equal(["unknown_outcome", "limit"]);
    });
  });

  it("a refusal whose text was cut off is still a refusal", async () => {
    server.answer = (response) => {
      response.writeHead(400, { "content-type": "application/json", "content-length": "500" });
      response.write('{"err', () => response.socket?.destroy());
    };
    expect(await kinds()).to.deep.equal(["refused", "refused"]);
  });

  it("a stop before sending is aborted; during a create it leaves the outcome unknown", async () => {
    const { client, transport } = clientFor({ url: server.url });
    expect((await errorOf(() => client.createIssue({}, AbortSignal.abort()))).kind).to.equal("aborted");
    expect(server.received).to.have.length(0);
    for (const [run, kind] of [
      [(signal: AbortSignal) => client.createIssue({}, signal), "unknown_outcome"],
      [(signal: AbortSignal) => client.readIssue("10000", { fields: "summary" }, signal), "aborted"],
    ] as const) {
      const controller = new AbortController();
      server.answer = () => controller.abort();
      expect((await errorOf(() => run(controller.signal))).kind).to.equal(kind);
    }
    await transport.close();
  });

  it("follows no redirect, so that neither token nor create goes elsewhere", async () => {
    const elsewhere = await startLoopback((response) => json(response, 201, { id: "1", key: "OPS-1" }));
    for (const status of [301, 302, 303, 307, 308]) {
      server.answer = (response) => response.writeHead(status, { location: `${elsewhere.url}/rest/api/3/issue` }).end();
      expect(await kinds()).to.deep.equal(["unknown_outcome", "refused"]);
    }
    expect(elsewhere.received).to.deep.equal([]);
    await elsewhere.stop();
  });

  it("logs in with every request, asks for English, and never asks jira-client to", async () => {
    const { client, transport } = clientFor({ url: server.url });
    await client.readIssue("10000", { fields: "summary" }, live);
    const [request] = server.received;
    expect(request?.headers.authorization).to.equal(
      `Basic ${Buffer.from(`a@example.com:${canary}`).toString("base64")}`,
    );
    expect(request?.headers["x-force-accept-language"]).to.equal("true");
    expect(request?.headers["accept-language"]).to.equal("en");
    expect(request?.url).to.equal("/rest/api/3/issue/10000?fields=summary");
    await transport.close();
  });

  it("sends a create over a connection of its own", async () => {
    server.answer = (response) => json(response, 201, { id: "10000", key: "OPS-1" });
    const { client, transport } = clientFor({ url: server.url });
    await client.createIssue({ fields: {} }, live);
    await client.createIssue({ fields: {} }, live);
    expect(server.received.map((request) => request.headers.connection)).to.deep.equal(["close", "close"]);
    await transport.close();
  });

  it("sends a file as one part named file, past the XSRF check, byte by byte", async () => {
    server.answer = (response) => json(response, 200, []);
    const { client, transport } = clientFor({ url: server.url });
    await client.attach(
      "10000",
      { name: "chart-1.png", contentType: "image/png", bytes: new Uint8Array([65, 66, 67]) },
      live,
    );
    const [request] = server.received;
    expect(request?.headers["x-atlassian-token"]).to.equal("no-check");
    expect(request?.headers["content-type"]).to.match(/^multipart\/form-data; boundary=/);
    expect(request?.body).to.match(
      /^--backfeed-[^\r]+\r\nContent-Disposition: form-data; name="file"; filename="chart-1.png"\r\nContent-Type: image\/png\r\n\r\nABC\r\n--backfeed-[^\r]+--\r\n$/,
    );
    await transport.close();
  });

  it("goes nowhere but below its base, whatever an id says", async () => {
    const { client, transport } = clientFor({ url: server.url });
    for (const id of ["../../2/myself", "1?x=1", "1#", "a b", "%41", "..", "1/2", ""]) {
      expect((await errorOf(() => client.readIssue(id, { fields: "summary" }, live))).kind, id).to.equal("internal");
      expect((await errorOf(() => client.transitions(id, live))).kind, id).to.equal("internal");
    }
    const request = (uri: string) =>
      transport.request({ uri }, { effect: "read", signal: live, urgency: "deliver", writesTo: undefined });
    for (const uri of [
      "https://evil.example/rest/api/3/x",
      `${server.url}/other`,
      `${server.url}/rest/api/../../x`,
      "nonsense",
    ]) {
      expect(await request(uri)).to.include({ kind: "failure", reason: "not_allowed" });
    }
    expect(server.received).to.deep.equal([]);
    await transport.close();
  });

  it("keeps calls that run at once apart", async () => {
    server.answer = (response, { url }) => json(response, url.includes("10001") ? 404 : 200, issue);
    const { client, transport } = clientFor({ url: server.url });
    const reads = Array.from({ length: 20 }, (_, index) =>
      client.readIssue(index % 2 === 0 ? "10000" : "10001", { fields: "summary" }, live).then(
        () => "read",
        (error: { kind: string }) => error.kind,
      ),
    );
    expect(await Promise.all(reads)).to.deep.equal(
      Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? "read" : "not_found")),
    );
    await transport.close();
  });
});

describe("address and login of Jira", () => {
  const address = (url: string, allowHttp = false) => readAddress({ name: "jira", url, allowHttp });

  it("takes https, and http towards loopback or where it is allowed", () => {
    expect(address("https://acme.atlassian.net/").base).to.equal("https://acme.atlassian.net");
    expect(address("https://api.atlassian.com/ex/jira/1-2/").base).to.equal("https://api.atlassian.com/ex/jira/1-2");
    expect(address("http://127.0.0.1:8080/jira").base).to.equal("http://127.0.0.1:8080/jira");
    expect(address("http://jira.internal", true).base).to.equal("http://jira.internal");
  });

  it("refuses what would leak or mislead, without repeating it", () => {
    const wrong = [
      "http://jira.example",
      "ftp://jira.example",
      "nonsense",
      `https://a:${canary}@x.example`,
      "https://x.example/?a=1",
      "https://x.example/#a",
      "https://x.example/a%20b",
      "https://x.example/rest/api/3",
    ];
    for (const url of wrong)
      expect(() => address(url), url)
        .to.throw()
        .with.property("kind", "configuration");
    expect(() => address(`https://a:${canary}@x.example`))
      .to.throw()
      .with.property("message")
      .that.does.not.include(canary);
  });

  it("refuses an empty credential, which would make us anonymous, and one that would break the header", () => {
    for (const auth of [
      { token: "" },
      { email: "a@example.com", token: " " },
      { email: "", token: "x" },
      { user: "u", password: "" },
      { token: "a\r\nx: y" },
    ]) {
      expect(() => readAuth({ name: "jira", auth }))
        .to.throw()
        .with.property("kind", "configuration");
    }
    expect(readAuth({ name: "jira", auth: { token: "pat" } }).header).to.equal("Bearer pat");
    expect(readAuth({ name: "jira", auth: { user: "u", password: "p" } }).header).to.equal(
      `Basic ${Buffer.from("u:p").toString("base64")}`,
    );
  });
});
