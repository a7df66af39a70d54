import { createHmac } from "node:crypto";
import { expect } from "chai";
import { deployReceiver } from "../../../src/app/deploy-receiver.ts";
import { Secret } from "../../../src/config/secret.ts";
import { openSqlStore } from "../../../src/store/sql/open-sql-store.ts";
import type { Store } from "../../../src/store/store.ts";
import { day, minute } from "../../../src/support/duration.ts";
import { BackfeedError } from "../../../src/support/errors.ts";
import { silentLogger } from "../../../src/support/logging.ts";
import { githubStatusEvent, gitlabDeploymentEvent } from "../../support/deploy-payloads.ts";
import { now } from "../server/fixtures.ts";
import { type RunningServer, runServer } from "../server/running-server.ts";

const token = "deploy-token-4714-secret";
const at = new Date(now - 5 * minute).toISOString();

describe("POST /webhooks/deploys", () => {
  let store: Store;
  let running: RunningServer;
  beforeEach(async () => {
    store = await openSqlStore({ url: "sqlite::memory:" });
  });
  afterEach(async () => {
    await running.stop();
    await store.close();
  });

  async function serve({
    secret = token,
    deploys = store.deploys,
  }: {
    secret?: string;
    deploys?: Store["deploys"];
  } = {}) {
    const parts = { redact: (text: string) => text, logger: silentLogger, keptForMs: 90 * day };
    const receiver = deployReceiver({
      token: secret === "" ? undefined : new Secret(secret),
      store: { deploys },
      ...parts,
    });
    running = await runServer({ webhooks: [receiver] });
    return (body: unknown, headers: Record<string, string> = {}) =>
      running.ask("/webhooks/deploys", {
        method: "POST",
        token: undefined,
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      });
  }
  const stored = async () => (await store.deploys.list({ limit: 9 })).items;
  const bearer = { authorization: `Bearer ${token}` };
  const own = { service: "checkout", environment: "production", version: "1.4.2", at };
  const github = (body: string, secret = token) => ({
    "x-github-event": "deployment_status",
    "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
  });
  const signed = (body: string, sentAt: number, key: Buffer | string = token) => ({
    "x-gitlab-event": "Deployment Hook",
    "webhook-id": "msg-1",
    "webhook-timestamp": `${Math.floor(sentAt / 1_000)}`,
    "webhook-signature": `v1,none v1,${createHmac("sha256", key)
      .update(`msg-1.${Math.floor(sentAt / 1_000)}.${body}`)
      .digest("base64")}`,
  });

  it("stores our own form once, however often it is sent", async () => {
    const send = await serve();
    expect((await send(own, bearer)).json).to.deep.equal({ outcome: "stored" });
    expect((await send(own, bearer)).json).to.deep.equal({ outcome: "repeated" });
    expect(await stored()).to.have.length(1);
    expect((await stored())[0]).to.include({ service: "checkout", version: "1.4.2", at: now - 5 * minute });
  });

  it("takes GitHub's webhook by its signature and GitLab's by either of its tokens", async () => {
    const send = await serve();
    const status = JSON.stringify(githubStatusEvent({ created_at: at }));
    expect((await send(status, github(status))).json).to.deep.equal({ outcome: "stored" });
    const event = { "x-gitlab-event": "Deployment Hook", "x-gitlab-token": token };
    expect((await send(gitlabDeploymentEvent({ status_changed_at: at }), event)).json["outcome"]).to.equal("stored");
    const other = JSON.stringify(gitlabDeploymentEvent({ status_changed_at: at, deployment_id: 16 }));
    expect((await send(other, signed(other, now))).json["outcome"]).to.equal("stored");
    expect((await send(other, signed(other, now))).json["outcome"]).to.equal("repeated");
    expect((await stored()).map(({ origin }) => origin)).to.have.members(["github", "gitlab", "gitlab"]);
  });

  it("takes a signing token in the form in which they are given out", async () => {
    const key = Buffer.from("0123456789abcdef0123456789abcdef");
    const send = await serve({ secret: `whsec_${key.toString("base64")}` });
    const body = JSON.stringify(gitlabDeploymentEvent({ status_changed_at: at }));
    expect((await send(body, signed(body, now, key))).status).to.equal(200);
  });

  it("says why a genuine delivery is ignored", async () => {
    const send = await serve();
    const body = JSON.stringify(githubStatusEvent({ state: "queued" }));
    expect((await send(body, github(body))).json).to.deep.equal({
      outcome: "ignored",
      note: "in this state nothing has gone out",
    });
    expect((await send("{}", { ...github("{}"), "x-github-event": "ping" })).json["outcome"]).to.equal("ignored");
  });

  it("refuses what is unsigned, wrongly signed, signed over another body, or signed long ago", async () => {
    const send = await serve();
    const body = JSON.stringify(gitlabDeploymentEvent({ status_changed_at: at }));
    const wrong: Record<string, string>[] = [
      {},
      { authorization: "Bearer " },
      { authorization: `Bearer ${token}x` },
      { authorization: `Basic ${token}` },
      github(body, "another secret of sixteen"),
      github(`${body} `),
      { "x-gitlab-event": "Deployment Hook", "x-gitlab-token": token.toUpperCase() },
      { "x-hub-signature-256": "sha256=" },
      { "webhook-signature": "v1,", "webhook-id": "", "webhook-timestamp": "" },
      signed(body, now - 6 * minute),
      signed(body, now + 6 * minute),
      { ...signed(body, now), "webhook-id": "msg-2" },
      { ...bearer, "x-hub-signature-256": "sha256=00" },
      { ...signed(body, now - 6 * minute), "x-gitlab-token": token },
    ];
    for (const headers of wrong) expect((await send(body, headers)).status, JSON.stringify(headers)).to.equal(401);
    expect(await stored()).to.deep.equal([]);
    expect(running.logged.join("")).to.not.contain(token);
  });

  it("refuses 5 MB, what is no JSON, a form, and our own form with each fault named", async () => {
    const send = await serve();
    const big = "x".repeat(5 * 1_024 * 1_024);
    expect((await send(big, bearer)).status).to.equal(413);
    expect((await send("{", bearer)).json["message"]).to.equal("the body is not JSON");
    const form = "payload=%7B%7D";
    const formed = await send(form, { ...github(form), "content-type": "application/x-www-form-urlencoded" });
    expect([formed.status, formed.json["message"]]).to.deep.equal([
      ...[415, "set the webhook's content type to application/json"],
    ]);
    const { status, json } = await send({ service: "checkout", at: now + day, colour: "red" }, bearer);
    expect([status, json["code"]]).to.deep.equal([400, "invalid_request"]);
    const { faults } = json["details"] as { faults: { in: string; at: string }[] };
    expect(faults.map((fault) => `${fault.in}.${fault.at}`)).to.have.members(["body.version", "body.colour"]);
    expect(await stored()).to.deep.equal([]);
  });

  it("answers 503 when it cannot be stored, so that it is sent again", async () => {
    const receive = () => Promise.reject(new BackfeedError("unavailable", "the disk is full"));
    const send = await serve({ deploys: { ...store.deploys, receive } });
    const { status, headers } = await send(own, bearer);
    expect([status, headers.get("retry-after")]).to.deep.equal([503, "60"]);
  });

  it("is 404 with the reason as long as no token is configured", async () => {
    const send = await serve({ secret: "" });
    const { status, json } = await send(own, { authorization: "Bearer undefined" });
    expect([status, json["code"]]).to.deep.equal([404, "not_configured"]);
    expect(json["message"]).to.contain("server.webhooks.deploys.token");
  });
});
