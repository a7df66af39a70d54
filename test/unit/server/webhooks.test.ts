import { connect } from "node:net";
import { expect } from "chai";
import { BackfeedError } from "../../../src/support/errors.ts";
import { fakeReceiver, fakeSecret } from "./fake-receiver.ts";
import { type RunningServer, runServer } from "./running-server.ts";

/** Sends text as it is over a connection of its own and gives what comes back until `done`, or until it is closed. */
function converse(port: number, parts: readonly string[], done: (answer: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      for (const part of parts) socket.write(part);
    });
    let answer = "";
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString();
      if (!done(answer)) return;
      socket.destroy();
      resolve(answer);
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}

describe("the edge that webhooks come in by", () => {
  let running: RunningServer | undefined;
  afterEach(() => running?.stop());

  async function serve(options: Parameters<typeof fakeReceiver>[0] & { open?: boolean } = {}) {
    const { open = false, ...more } = options;
    const receiver = fakeReceiver(more);
    const server = await runServer({ open, webhooks: [receiver] });
    running = server;
    const send = (body: string, headers: Record<string, string> = {}, query = "") =>
      server.ask(`/webhooks/fake${query}`, { method: "POST", token: undefined, headers, body });
    const genuine = { authorization: `Bearer ${fakeSecret}` };
    const counted = async (outcome: string) => {
      const { text } = await server.ask("/metrics");
      return text.split("\n").find((line) => line.includes(`receiver="fake",outcome="${outcome}"`));
    };
    return { server, receiver, send, genuine, counted, port: Number(new URL(server.origin).port) };
  }

  it("hands a genuine delivery over as bytes, and says what became of it", async () => {
    const { receiver, send, genuine, counted } = await serve();
    const body = '{ "a":  1,\n"b": "é" }';
    for (const outcome of ["stored", "repeated", "ignored"] as const) {
      receiver.next = () => outcome;
      const { status, json } = await send(body, genuine, "?x=1&y=2&y=3");
      expect([status, json]).to.deep.equal([200, { outcome }]);
      expect(await counted(outcome)).to.match(/ 1$/);
    }
    const [first] = receiver.taken;
    expect(Buffer.from(first!.delivery.body).toString()).to.equal(body);
    expect(first!.delivery.query).to.deep.equal({ x: "1" });
    expect(first!.senders).to.deep.equal(["sender"]);
  });

  it("refuses a stranger with 401 and says what a sender must show, and hands nothing over", async () => {
    const { receiver, send, counted } = await serve({ proof: "the token as bearer token." });
    const { status, json } = await send("{}", { authorization: "Bearer wrong" });
    expect([status, json["code"]]).to.deep.equal([401, "unauthorized"]);
    expect(json["message"]).to.match(/ Wanted: the token as bearer token\.$/);
    expect(receiver.taken).to.deep.equal([]);
    expect(await counted("unverified")).to.match(/ 1$/);
  });

  it("says why nothing can be received yet, without reading anything", async () => {
    const { receiver, send, genuine } = await serve({ notConfigured: "nobody may send this: set `fake`" });
    const { status, json } = await send("{}", genuine);
    expect([status, json["code"], json["message"]]).to.deep.equal([
      ...[404, "not_configured", "nobody may send this: set `fake`"],
    ]);
    expect(receiver.taken).to.deep.equal([]);
  });

  it("asks the sender to come again when the delivery cannot be stored, whatever the reason", async () => {
    const { receiver, send, genuine, server, counted } = await serve();
    const failures: [Error, string][] = [
      [new BackfeedError("unavailable", "the store is busy", { retryAfterMs: 5_000 }), "5"],
      [new BackfeedError("limit", "10000 wait"), "60"],
      [new BackfeedError("configuration", "the store cannot be written"), "60"],
      [new TypeError("x is not a function"), "60"],
    ];
    for (const [failure, seconds] of failures) {
      receiver.next = () => {
        throw failure;
      };
      const { status, headers, text } = await send("{}", genuine);
      expect([status, headers.get("retry-after")], failure.message).to.deep.equal([503, seconds]);
      expect(text).to.not.contain(failure.message);
      server.clock.advance(60_000);
    }
    await send("{}", genuine);
    await send("{}", genuine);
    const told = server.logged.filter((line) => line.includes("WEBHOOK_NOT_STORED"));
    expect(told, "once a minute").to.have.length(5);
    expect(told[0]).to.contain("the store is busy");
    expect(await counted("failed")).to.match(/ 6$/);
    receiver.next = () => "stored";
    expect((await send("{}", genuine)).status).to.equal(200);
  });

  it("answers 400 for what can never be taken", async () => {
    const { receiver, send, genuine } = await serve();
    receiver.next = () => {
      throw new BackfeedError("invalid_request", "this is none of ours");
    };
    const { status, json } = await send("{}", genuine);
    expect([status, json["message"]]).to.deep.equal([400, "this is none of ours"]);
  });

  it("refuses a body that says it is too long before any of it has come", async () => {
    const { receiver, port, counted } = await serve();
    const head = `POST /webhooks/fake?secret=${fakeSecret} HTTP/1.1\r\nHost: x\r\nContent-Length: 5242880\r\n\r\n`;
    const answer = await converse(port, [head], (text) => text.includes("}"));
    expect(answer)
      .to.match(/^HTTP\/1\.1 413 /)
      .and.contain("payload_too_large");
    expect(answer.toLowerCase()).to.contain("connection: close").and.contain("x-content-type-options: nosniff");
    expect(receiver.taken).to.deep.equal([]);
    expect(await counted("too_large")).to.match(/ 1$/);
  });

  it("stops reading a body of no stated length where it is too long, and hangs up", async () => {
    const { receiver, port, server } = await serve();
    const head = `POST /webhooks/fake?secret=${fakeSecret} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const chunk = `200\r\n${"x".repeat(512)}\r\n`;
    const closed = converse(port, [head, chunk, chunk, chunk], () => false);
    while (server.clock.sleeping === 0) await new Promise((resolve) => setImmediate(resolve));
    server.clock.advance(2_000);
    expect(await closed).to.match(/^HTTP\/1\.1 413 /);
    expect(receiver.taken).to.deep.equal([]);
  });

  it("lets a sender of 5 MB read why it was refused", async () => {
    const { send, genuine } = await serve();
    const { status, json } = await send("x".repeat(5 * 1_024 * 1_024), genuine);
    expect([status, json["code"]]).to.deep.equal([413, "payload_too_large"]);
  });

  it("takes a body of exactly the limit, and none that is compressed or cut short", async () => {
    const { receiver, send, genuine, port, counted } = await serve();
    expect((await send("x".repeat(1_024), genuine)).status).to.equal(200);
    expect((await send("x".repeat(1_025), genuine)).status).to.equal(413);
    expect((await send("x", { ...genuine, "content-encoding": "gzip" })).status).to.equal(415);
    const head = `POST /webhooks/fake?secret=${fakeSecret} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf`;
    const socket = connect(port, "127.0.0.1", () => socket.end(head));
    await new Promise((resolve) => socket.on("close", resolve).resume());
    expect(await counted("unreadable")).to.match(/ 2$/);
    expect(receiver.taken).to.have.length(1);
  });

  it("takes what is genuine whatever host and page it names, also where there are no tokens", async () => {
    for (const open of [true, false]) {
      const { send, genuine, server } = await serve({ open });
      const foreign = { "sec-fetch-site": "cross-site", origin: "https://evil.example.com" };
      expect((await send("{}", { ...genuine, ...foreign })).status).to.equal(200);
      expect((await send("{}", foreign)).status).to.equal(401);
      await server.stop();
    }
  });

  it("answers with the security headers of everything else, and lets nothing be kept or embedded", async () => {
    const { send, genuine, server } = await serve();
    const usual = (await server.ask("/api/v1/findings")).headers;
    for (const { headers } of [await send("{}", genuine), await send("{}"), await send("x".repeat(2_000), genuine)]) {
      for (const name of ["content-security-policy", "x-content-type-options", "referrer-policy", "cache-control"]) {
        expect(headers.get(name), name).to.equal(usual.get(name)).and.to.be.a("string");
      }
      expect(headers.get("x-request-id")).to.match(/^[0-9a-f-]{36}$/);
      expect(headers.get("access-control-allow-origin")).to.equal(null);
    }
  });

  it("is POST only, and asks no token for that", async () => {
    const { server } = await serve();
    const { status, headers } = await server.ask("/webhooks/fake");
    expect([status, headers.get("allow")]).to.deep.equal([405, "POST"]);
    expect((await server.ask("/webhooks/other", { method: "POST" })).status).to.equal(404);
  });

  it("tells an address that sends wrong ones to stop, and still takes the genuine one behind the same proxy", async () => {
    const { send, genuine, server, counted } = await serve();
    const statuses: number[] = [];
    for (let sent = 0; sent < 62; sent += 1) statuses.push((await send("{}")).status);
    expect(statuses.filter((status) => status === 401)).to.have.length(60);
    const last = await send("{}");
    expect([last.status, last.headers.get("retry-after")]).to.deep.equal([429, "60"]);
    expect((await send("{}", genuine)).status).to.equal(200);
    expect(server.logged.filter((line) => line.includes("WEBHOOK_REFUSED"))).to.have.length(1);
    server.clock.advance(60_000);
    expect((await send("{}")).status).to.equal(401);
    expect(await counted("too_many")).to.match(/ 3$/);
    expect(server.logged.filter((line) => line.includes("WEBHOOK_REFUSED"))).to.have.length(2);
  });

  it("listens no more to an address that sends hundreds of wrong ones, until the minute is over", async () => {
    const { send, genuine, server } = await serve();
    for (let sent = 0; sent < 600; sent += 1) await send("{}");
    expect((await send("{}", genuine)).status).to.equal(429);
    server.clock.advance(60_000);
    expect((await send("{}", genuine)).status).to.equal(200);
  });

  it("counts what strangers make it read for nothing", async () => {
    const { send, server } = await serve();
    for (let sent = 0; sent < 61; sent += 1) expect((await send("x".repeat(1_025))).status).to.equal(413);
    expect((await send("{}")).status).to.equal(429);
    server.clock.advance(60_000);
    expect((await send("{}")).status).to.equal(401);
  });

  it("reads a hundred bodies at once and no more, and takes deliveries again when slow ones are gone", async () => {
    const { send, genuine, port } = await serve({ deliveriesPerMinute: 100_000 });
    const head = `POST /webhooks/fake?secret=${fakeSecret} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf`;
    const slow = Array.from({ length: 100 }, () => connect(port, "127.0.0.1").on("error", () => undefined));
    for (const socket of slow) socket.write(head);
    const until = async (status: number) => {
      for (;;) {
        const answer = await send("{}", genuine);
        if (answer.status === status) return answer;
      }
    };
    const { json, headers } = await until(503);
    expect([json["code"], headers.get("retry-after")]).to.deep.equal(["unavailable", "1"]);
    for (const socket of slow) socket.destroy();
    expect((await until(200)).json).to.deep.equal({ outcome: "stored" });
  });

  it("limits what one sender may send in a minute", async () => {
    const { send, genuine, server, receiver } = await serve({ deliveriesPerMinute: 3 });
    const statuses: number[] = [];
    for (let sent = 0; sent < 4; sent += 1) statuses.push((await send("{}", genuine)).status);
    expect(statuses).to.deep.equal([200, 200, 200, 429]);
    expect(receiver.taken).to.have.length(3);
    server.clock.advance(60_000);
    expect((await send("{}", genuine)).status).to.equal(200);
  });

  it("never logs, counts or answers a body, a header or a parameter", async () => {
    const { receiver, send, genuine, server } = await serve();
    const canary = "canary-4711-of-a-body";
    await send(canary, genuine, `?secret=${fakeSecret}`);
    await send(canary, {}, "?secret=wrong-canary-4712");
    await send(canary.repeat(100), genuine);
    receiver.next = () => {
      throw new BackfeedError("unavailable", "the store is busy");
    };
    await send(canary, genuine, `?secret=${fakeSecret}`);
    const { text: metrics } = await server.ask("/metrics");
    for (const text of [...server.logged, ...server.answered, metrics]) {
      expect(text).to.not.contain("canary").and.not.contain(fakeSecret);
    }
    expect(server.logged.some((line) => line.includes("/webhooks/fake"))).to.equal(true);
  });
});
