import { expect } from "chai";
import { alertReceiver } from "../../../src/app/alert-receiver.ts";
import { Secret } from "../../../src/config/secret.ts";
import { openSqlStore } from "../../../src/store/sql/open-sql-store.ts";
import type { Store } from "../../../src/store/store.ts";
import { minute } from "../../../src/support/duration.ts";
import { BackfeedError } from "../../../src/support/errors.ts";
import { silentLogger } from "../../../src/support/logging.ts";
import { alertmanagerPayload, grafanaPayload } from "../../support/alert-payloads.ts";
import { now } from "../server/fixtures.ts";
import { type RunningServer, runServer } from "../server/running-server.ts";

const token = "alertmanager-token-4715";
const bearer = { authorization: `Bearer ${token}` };
const basic = (password: string) => ({
  authorization: `Basic ${Buffer.from(`alertmanager:${password}`).toString("base64")}`,
});
const labels = { alertname: "ErrorsHigh", service: "checkout", severity: "critical" };
const firing = alertmanagerPayload([{ labels, startsAt: now - 5 * minute }]);

describe("POST /webhooks/alertmanager", () => {
  let store: Store;
  let running: RunningServer;
  beforeEach(async () => {
    store = await openSqlStore({ url: "sqlite::memory:" });
  });
  afterEach(async () => {
    await running.stop();
    await store.close();
  });

  async function serve(more: { secret?: string; receivedAlerts?: Store["receivedAlerts"] } = {}) {
    const { secret = token, receivedAlerts = store.receivedAlerts } = more;
    const receiver = alertReceiver({
      token: secret === "" ? undefined : new Secret(secret),
      store: { receivedAlerts },
      redact: (text) => text.replaceAll("hunter2", "<secret>"),
      logger: silentLogger,
    });
    running = await runServer({ webhooks: [receiver] });
    return (body: unknown, headers: Record<string, string> = bearer) =>
      running.ask("/webhooks/alertmanager", {
        method: "POST",
        token: undefined,
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      });
  }

  it("remembers alerts before it says so, whoever sends them, and says when nothing of it was news", async () => {
    const send = await serve();
    expect((await send(firing)).json).to.deep.equal({ outcome: "stored" });
    expect((await send(firing)).json).to.deep.equal({ outcome: "repeated" });
    expect((await send(firing, basic(token))).json).to.deep.equal({ outcome: "repeated" });
    const other = { ...labels, service: "search" };
    expect((await send(grafanaPayload([{ labels: other, startsAt: now - minute }]))).json).to.deep.equal({
      outcome: "stored",
    });
    const known = await store.receivedAlerts.all();
    expect(known.map(({ words }) => words.sender).sort()).to.deep.equal(["alertmanager", "grafana"]);
  });

  it("refuses who shows no secret or a wrong one, and everybody where none is configured", async () => {
    let send = await serve();
    for (const headers of [
      {},
      { authorization: "Bearer other" },
      basic("other"),
      basic(""),
      { authorization: token },
    ]) {
      const { status, text } = await send(firing, headers as Record<string, string>);
      expect(status).to.equal(401);
      expect(text).not.to.include(token);
    }
    await running.stop();
    send = await serve({ secret: "" });
    const { status, json } = await send(firing, { authorization: "Bearer undefined" });
    expect([status, json["code"]]).to.deep.equal([404, "not_configured"]);
    expect(await store.receivedAlerts.all()).to.deep.equal([]);
  });

  it("refuses what it can never read, in words, and takes what it can of the rest", async () => {
    const send = await serve();
    for (const body of ["{", '"text"', "[]", {}, { alerts: "all" }, { alerts: [{ status: "firing" }] }]) {
      const { status, json } = await send(body);
      expect([status, json["code"]]).to.deep.equal([400, "invalid_request"]);
    }
    expect((await send({ ...firing, alerts: [] })).json["outcome"]).to.equal("ignored");
    const mixed = { ...firing, alerts: [...firing.alerts, { status: "weird", labels }, 7] };
    const { json } = await send(mixed);
    expect(json["outcome"]).to.equal("stored");
    expect(json["note"]).to.match(/^2 of 3 alerts/);
    expect((await store.receivedAlerts.all()).length).to.equal(1);
  });

  it("says that what its sender left out is not taken as resolved", async () => {
    const send = await serve();
    const cut = alertmanagerPayload([{ labels, startsAt: now - minute }], { truncated: 12 });
    expect((await send(cut)).json["note"]).to.equal(
      "12 alerts were left out by the sender (max_alerts): they are not taken as resolved",
    );
  });

  it("answers 413 to five megabytes, and 503 with a time to come again while the store cannot write", async () => {
    const failing = {
      ...store.receivedAlerts,
      hear: () => Promise.reject(new BackfeedError("unavailable", "the disk is full")),
    };
    const send = await serve({ receivedAlerts: failing });
    expect((await send("x".repeat(5 * 1024 * 1024))).status).to.equal(413);
    const { status, headers, text } = await send(firing);
    expect(status).to.equal(503);
    expect(Number(headers.get("retry-after"))).to.be.above(0);
    expect(text).not.to.include("disk");
  });

  it("stores no secret and no text that could do anything, and no address but of the web", async () => {
    const send = await serve();
    await send(
      alertmanagerPayload([
        {
          labels: { ...labels, user: "root:hunter2" },
          startsAt: now - minute,
          annotations: {
            summary: "\u001b[31mpassword hunter2\u0000\n{{ labels }}",
            runbook_url: "javascript:alert(1)",
          },
          more: { generatorURL: "http://anna:hunter2@prometheus.example.com/graph?g0.expr=up+%3D%3D+0" },
        },
      ]),
    );
    const [alert] = await store.receivedAlerts.all();
    expect(JSON.stringify(alert)).not.to.match(/hunter2|javascript|\\u001b|\\u0000/);
    expect(alert?.labels["user"]).to.equal("root:<secret>");
    expect(alert?.words.summary).to.equal("password <secret> {{ labels }}");
    expect(alert?.words.expression).to.equal("up == 0");
    expect(alert?.words.links.map(({ url }) => url)).to.deep.equal([
      "http://prometheus.example.com/graph?g0.expr=up+%3D%3D+0",
    ]);
  });
});
