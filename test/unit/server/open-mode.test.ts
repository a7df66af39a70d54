import { request } from "node:http";
import { expect } from "chai";
import { type RunningServer, runServer } from "./running-server.ts";

/** fetch does not let a test choose `Host`. */
function askWith(
  origin: string,
  options: { method?: string; path?: string; headers: Record<string, string>; body?: string },
): Promise<{ status: number; code: string | undefined }> {
  return new Promise((resolve, reject) => {
    const { method = "GET", path = "/api/v1/findings", headers, body } = options;
    const sent = request(`${origin}${path}`, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, code: text.startsWith("{") ? JSON.parse(text).code : undefined });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

describe("a server without tokens, on loopback", () => {
  let running: RunningServer;
  before(async () => {
    running = await runServer({ open: true });
  });
  after(() => running.stop());

  it("lets everybody act, and calls them someone", async () => {
    const answer = await running.post("/api/v1/tickets/LOCAL-1/transitions", { to: "Done" });
    expect(answer.status).to.equal(200);
    expect(running.state.events.get("0000000000000002")?.at(-1)?.text).to.equal(
      "someone moved LOCAL-1 from To Do to Done",
    );
  });

  it("answers under loopback names and the public host, whatever the port", async () => {
    for (const host of ["localhost:1", "127.0.0.1", "127.8.8.8:80", "[::1]:8080", "backfeed.example.com"]) {
      expect(await askWith(running.origin, { headers: { host } })).to.deep.equal(
        { status: 200, code: undefined },
        host,
      );
    }
  });

  it("refuses a host name that was rebound to loopback, on every path", async () => {
    for (const host of ["evil.example.com", "localhost.evil.example.com", "127.0.0.1.nip.io", "a b", "@localhost:x"]) {
      for (const path of ["/api/v1/findings", "/metrics", "/", "/nowhere"]) {
        const answer = await askWith(running.origin, { path, headers: { host } });
        expect(answer).to.deep.equal({ status: 403, code: "forbidden_host" }, `${host} ${path}`);
      }
    }
  });

  it("refuses what a page of another site sends", async () => {
    const post = { method: "POST", path: "/api/v1/rules/checkout-errors/run", body: "{}" };
    const json = { "content-type": "application/json" };
    const foreign: Record<string, string>[] = [
      { ...json, origin: "https://evil.example.com" },
      { ...json, origin: "null" },
      { ...json, "sec-fetch-site": "cross-site" },
    ];
    for (const headers of foreign) {
      const answer = await askWith(running.origin, { ...post, headers });
      expect(answer).to.deep.equal({ status: 403, code: "forbidden_origin" }, JSON.stringify(headers));
    }
    expect((await askWith(running.origin, { ...post, headers: { ...json, origin: running.origin } })).status).to.equal(
      200,
    );
  });

  it("refuses a write from a page on another port or scheme of this machine, and takes one of its own pages", async () => {
    const { port, host } = new URL(running.origin);
    const write = (headers: Record<string, string>) =>
      askWith(running.origin, {
        method: "POST",
        path: "/api/v1/rules/checkout-errors/run",
        headers: { "content-type": "application/json", ...headers },
        body: "{}",
      });
    const foreign: Record<string, string>[] = [
      { origin: "http://127.0.0.1:1" },
      { origin: "http://127.0.0.1" },
      { origin: "http://localhost:1", host: `localhost:${port}` },
      { origin: `http://localhost:${port}` },
      { origin: `https://${host}` },
      { origin: "" },
      { "sec-fetch-site": "same-site" },
      { "sec-fetch-site": "same-site", "sec-fetch-mode": "navigate" },
    ];
    for (const headers of foreign) {
      expect(await write(headers), JSON.stringify(headers)).to.deep.equal({ status: 403, code: "forbidden_origin" });
    }
    const own: Record<string, string>[] = [
      {},
      { origin: running.origin, "sec-fetch-site": "same-origin" },
      { origin: `http://localhost:${port}`, host: `localhost:${port}` },
      { origin: "https://backfeed.example.com", host: "backfeed.example.com" },
      { origin: "https://backfeed.example.com" },
      { "sec-fetch-site": "none" },
    ];
    for (const headers of own) expect((await write(headers)).status, JSON.stringify(headers)).to.equal(200);
  });

  it("opens for a person who follows a link on another site, a ticket's for example", async () => {
    const headers = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
    expect((await askWith(running.origin, { headers })).status).to.equal(200);
    const post = { method: "POST", path: "/api/v1/rules/checkout-errors/run", body: "{}" };
    const form = { ...headers, "content-type": "application/json" };
    expect((await askWith(running.origin, { ...post, headers: form })).status).to.equal(403);
  });

  it("refuses a POST that a form could send", async () => {
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      undefined,
    ]) {
      const headers: Record<string, string> = type === undefined ? {} : { "content-type": type };
      const answer = await askWith(running.origin, {
        method: "POST",
        path: "/api/v1/outbox/ob-1/retry",
        headers,
        body: "{}",
      });
      expect(answer).to.deep.equal({ status: 415, code: "unsupported_media_type" }, type);
    }
  });

  it("allows no other origin to read an answer", async () => {
    const { headers } = await running.ask("/api/v1/findings");
    expect(headers.get("access-control-allow-origin")).to.equal(null);
    expect(headers.get("cross-origin-resource-policy")).to.equal("same-origin");
  });
});
