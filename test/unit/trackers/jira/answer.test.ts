import { inspect } from "node:util";
import { expect } from "chai";
import type { BackfeedError, ErrorKind } from "../../../../src/support/errors.ts";
import type { JiraClient } from "../../../../src/trackers/jira/client.ts";
import { errorOf } from "../../../contract/tracker.contract.ts";
import { type ClientUnderTest, canary, clientFor, json, type Loopback, startLoopback } from "./loopback.ts";

const signal = new AbortController().signal;
const png = { name: "a.png", contentType: "image/png", bytes: new Uint8Array([1]) };

/** Every call, with what it does to Jira. */
const calls: Record<string, { effect: "read" | "write" | "create"; run: (client: JiraClient) => Promise<unknown> }> = {
  serverInfo: { effect: "read", run: (client) => client.serverInfo(signal) },
  myself: { effect: "read", run: (client) => client.myself(signal) },
  search: { effect: "read", run: (client) => client.search({ jql: "labels = x", after: undefined, size: 1 }, signal) },
  readIssue: { effect: "read", run: (client) => client.readIssue("10000", { fields: "summary" }, signal) },
  editMeta: { effect: "read", run: (client) => client.editMeta("10000", signal) },
  transitions: { effect: "read", run: (client) => client.transitions("10000", signal) },
  comments: { effect: "read", run: (client) => client.comments("10000", { startAt: 0, size: 1 }, signal) },
  commentProperty: { effect: "read", run: (client) => client.commentProperty("1", "backfeed", signal) },
  issueTypes: { effect: "read", run: (client) => client.issueTypes("OPS", 0, signal) },
  createFields: { effect: "read", run: (client) => client.createFields("OPS", "1", 0, signal) },
  permissions: { effect: "read", run: (client) => client.permissions("OPS", ["CREATE_ISSUES"], signal) },
  project: { effect: "read", run: (client) => client.project("OPS", signal) },
  editIssue: {
    effect: "write",
    run: (client) => client.editIssue("10000", { fields: { priority: { id: "1" } } }, signal),
  },
  transition: { effect: "write", run: (client) => client.transition("10000", { transition: { id: "1" } }, signal) },
  addComment: { effect: "write", run: (client) => client.addComment("10000", { body: "x" }, signal) },
  updateComment: { effect: "write", run: (client) => client.updateComment("10000", "1", { body: "x" }, signal) },
  setCommentProperty: { effect: "write", run: (client) => client.setCommentProperty("1", "backfeed", {}, signal) },
  attach: { effect: "write", run: (client) => client.attach("10000", png, signal) },
  putRemoteLink: { effect: "write", run: (client) => client.putRemoteLink("10000", { globalId: "g" }, signal) },
  createIssue: { effect: "create", run: (client) => client.createIssue({ fields: {} }, signal) },
};

/** Status: kind for reads and writes, kind for a create, retryable for both where it differs from the kind's default. */
const table: readonly [number, ErrorKind, ErrorKind][] = [
  [300, "refused", "unknown_outcome"],
  [301, "refused", "unknown_outcome"],
  [302, "refused", "unknown_outcome"],
  [303, "refused", "unknown_outcome"],
  [304, "refused", "unknown_outcome"],
  [307, "refused", "unknown_outcome"],
  [308, "refused", "unknown_outcome"],
  [400, "refused", "refused"],
  [401, "unauthorized", "unauthorized"],
  [402, "refused", "refused"],
  [403, "unauthorized", "unauthorized"],
  [404, "not_found", "not_found"],
  [405, "refused", "refused"],
  [406, "refused", "refused"],
  [408, "unavailable", "unknown_outcome"],
  [409, "conflict", "conflict"],
  [410, "refused", "refused"],
  [411, "refused", "refused"],
  [413, "refused", "refused"],
  [414, "refused", "refused"],
  [415, "refused", "refused"],
  [418, "refused", "refused"],
  [422, "refused", "refused"],
  [425, "unavailable", "unavailable"],
  [429, "rate_limited", "rate_limited"],
  [431, "refused", "refused"],
  [451, "refused", "refused"],
  [500, "unavailable", "unknown_outcome"],
  [501, "unavailable", "unknown_outcome"],
  [502, "unavailable", "unknown_outcome"],
  [503, "unavailable", "unknown_outcome"],
  [504, "unavailable", "unknown_outcome"],
  [520, "unavailable", "unknown_outcome"],
  [599, "unavailable", "unknown_outcome"],
];

describe("what Jira's answers mean", () => {
  let server: Loopback;
  let plain: ClientUnderTest;
  let named: ClientUnderTest;
  before(async () => {
    server = await startLoopback((response) => response.end());
    plain = clientFor({ url: server.url });
    named = clientFor({ url: server.url, namesAccount: true });
  });
  after(async () => {
    await plain.transport.close();
    await named.transport.close();
    await server.stop();
  });

  async function failure(name: string, options: { namesAccount?: boolean } = {}): Promise<BackfeedError> {
    const { client } = options.namesAccount === true ? named : plain;
    return errorOf(() => calls[name]!.run(client));
  }

  for (const [status, kind, createKind] of table) {
    it(`${status} is ${kind}, and ${createKind} for a create, whatever the operation`, async () => {
      server.answer = (response) =>
        json(
          response,
          status,
          { errorMessages: ["said so"], errors: { labels: "wrong" } },
          { "atl-traceid": "abc123" },
        );
      for (const [name, { effect }] of Object.entries(calls)) {
        const error = await failure(name);
        expect(error.kind, name).to.equal(effect === "create" ? createKind : kind);
        expect(error.status, name).to.equal(status);
        expect(error.facts["requestId"], name).to.equal("abc123");
        expect(error.retryable, name).to.equal(["unavailable", "rate_limited", "conflict"].includes(error.kind));
      }
    });
  }

  it("a refusal names the fields, shortly, on one line", async () => {
    server.answer = (response) =>
      json(response, 400, {
        errorMessages: ["no"],
        errors: { labels: `bad\n${"x".repeat(500)}`, "a b": "odd", customfield_1: "needed" },
      });
    const error = await failure("createIssue");
    expect(error.message).to.match(
      /^Jira: could not create the issue: status 400: labels: bad x+…; a b: odd; customfield_1: needed; no$/,
    );
    expect(error.message.length).to.be.below(400);
    expect(error.facts["fields"]).to.equal("labels,customfield_1");
  });

  it("an anonymous 200 is unauthorized: by login reason, by the name anonymous, and on Cloud by no name at all", async () => {
    const empty = { issues: [], isLast: true };
    server.answer = (response) => json(response, 200, empty, { "x-seraph-loginreason": "AUTHENTICATED_FAILED" });
    expect((await failure("search")).kind).to.equal("unauthorized");
    server.answer = (response) => json(response, 200, empty, { "x-ausername": "anonymous" });
    expect((await failure("search")).kind).to.equal("unauthorized");
    server.answer = (response) => json(response, 200, empty);
    expect((await failure("search", { namesAccount: true })).kind).to.equal("unauthorized");
    server.answer = (response) => json(response, 404, {});
    expect((await failure("readIssue", { namesAccount: true })).kind).to.equal("unauthorized");
  });

  it("an issue that was made is never disowned", async () => {
    server.answer = (response) => json(response, 201, { id: "10001", key: "OPS-2" });
    expect(await named.client.createIssue({}, signal)).to.deep.equal({ id: "10001", key: "OPS-2" });
  });

  it("a page that says 404 comes from a proxy, and no ticket is given up for it", async () => {
    server.answer = (response) => response.writeHead(404, { "content-type": "text/html" }).end("<h1>Not Found</h1>");
    expect((await failure("search")).kind).to.equal("unavailable");
  });

  it("a login page is unauthorized, other pages are no answer, and after a create both may hide an issue", async () => {
    const page = (response: Parameters<Loopback["answer"]>[0], html: string) =>
      response.writeHead(200, { "content-type": "text/html" }).end(html);
    server.answer = (response) => page(response, '<form action="/login.jsp"><input name="os_username"></form>');
    expect((await failure("search")).kind).to.equal("unauthorized");
    expect((await failure("createIssue")).kind).to.equal("unknown_outcome");
    server.answer = (response) => page(response, "<h1>Welcome to the proxy</h1>");
    expect((await failure("search")).kind).to.equal("unavailable");
    expect((await failure("createIssue")).kind).to.equal("unknown_outcome");
    server.answer = (response) => response.writeHead(302, { location: "https://sso.example/login?x" }).end();
    expect((await failure("search")).kind).to.equal("unauthorized");
  });

  it("a 2xx that lacks what it must hold leaves a create unknown, and is no answer otherwise", async () => {
    for (const body of [{}, { id: 5, key: "OPS-1" }, { id: "x", key: "OPS-1" }, [], null]) {
      server.answer = (response) => json(response, 201, body);
      expect((await failure("createIssue")).kind).to.equal("unknown_outcome");
      expect((await failure("readIssue")).kind).to.equal("unavailable");
    }
    server.answer = (response) => response.writeHead(201).end();
    expect((await failure("createIssue")).kind).to.equal("unknown_outcome");
  });

  it("says that a CAPTCHA is in the way", async () => {
    server.answer = (response) =>
      json(response, 403, {}, { "x-authentication-denied-reason": "CAPTCHA_CHALLENGE; login-url=x" });
    expect((await failure("myself")).message).to.include("CAPTCHA");
  });

  describe("how long to wait", () => {
    // The clock of clientFor stands at 2026-01-05T10:00:00Z.
    const forms: [string, Record<string, string>, number | undefined][] = [
      ["seconds", { "retry-after": "7" }, 7_000],
      ["a fraction of seconds", { "retry-after": "1.5" }, 1_500],
      ["zero", { "retry-after": "0" }, 0],
      ["a date by our clock", { "retry-after": "Mon, 05 Jan 2026 10:01:00 GMT", date: "" }, 60_000],
      [
        "a date by the server's clock",
        { "retry-after": "Mon, 05 Jan 2026 12:01:00 GMT", date: "Mon, 05 Jan 2026 12:00:30 GMT" },
        30_000,
      ],
      ["a date that has passed", { "retry-after": "Mon, 05 Jan 2026 09:00:00 GMT", date: "" }, 0],
      ["the instant of a reset", { "x-ratelimit-reset": "2026-01-05T10:00:20Z", date: "" }, 20_000],
      [
        "the second of a reset",
        { "x-ratelimit-reset": String(Date.parse("2026-01-05T10:00:05Z") / 1000), date: "" },
        5_000,
      ],
      ["at most a day", { "retry-after": "86400" }, 86_400_000],
      ["more than a day, as a blocked account is told", { "retry-after": "9223372036854775807" }, 3_600_000],
      ["nothing readable", { "retry-after": "soon" }, undefined],
      ["nothing", {}, undefined],
    ];
    for (const [form, headers, expected] of forms) {
      it(`reads ${form}`, async () => {
        server.answer = (response) => {
          response.sendDate = headers["date"] === undefined;
          json(response, 429, {}, headers);
        };
        expect((await failure("createIssue")).retryAfterMs).to.equal(expected);
        expect((await failure("readIssue")).kind).to.equal("rate_limited");
      });
    }

    it("honours a 503 of a read as it does a 429", async () => {
      server.answer = (response) => json(response, 503, {}, { "retry-after": "3" });
      expect((await failure("readIssue")).retryAfterMs).to.equal(3_000);
      expect((await failure("readIssue")).kind).to.equal("unavailable");
    });
  });

  it("lets no secret into an error, whatever Jira repeats", async () => {
    const basic = Buffer.from(`a@example.com:${canary}`).toString("base64");
    const hostile = `${canary} ${basic} Basic ${basic}`;
    for (const status of [200, 201, 302, 400, 401, 403, 404, 409, 413, 429, 500, 503]) {
      for (const html of [false, true]) {
        server.answer = (response) => {
          const headers = {
            location: `https://x.example/?t=${encodeURIComponent(canary)}`,
            "atl-traceid": hostile,
            "retry-after": hostile,
          };
          if (html)
            response.writeHead(status, { "content-type": "text/html", ...headers }).end(`<p>login ${hostile}</p>`);
          else
            json(
              response,
              status,
              { errorMessages: [hostile], errors: { labels: hostile, [hostile]: hostile } },
              headers,
            );
        };
        for (const name of ["createIssue", "readIssue", "addComment", "attach"]) {
          const thrown: unknown = await calls[name]!.run(plain.client).catch((error: unknown) => error);
          const shown =
            inspect(thrown, { depth: 20, showHidden: true }) +
            JSON.stringify(thrown) +
            String((thrown as Error | undefined)?.stack);
          expect(shown).to.not.include(canary).and.not.include(basic).and.not.include(encodeURIComponent(canary));
        }
      }
    }
  });
});
