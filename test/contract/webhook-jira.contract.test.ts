import { expect } from "chai";
import { jiraReceiver } from "../../src/app/jira-receiver.ts";
import { Secret } from "../../src/config/secret.ts";
import type { ServiceConfig } from "../../src/config/types.ts";
import { openSqlStore } from "../../src/store/sql/open-sql-store.ts";
import type { Store } from "../../src/store/store.ts";
import { deliveryBody, signed } from "../support/jira/deliveries.ts";
import type { Deployment } from "../support/jira/options.ts";
import { type RunningServer, runServer } from "../unit/server/running-server.ts";
import { ticketRecord } from "./store-builders.ts";

const secrets = { acme: "secret-of-acme-0b7e44a19c", shop: "secret-of-shop-3d52f81b7e" };
/** Whom deliveries name for what Backfeed did. */
const ourAccount = "our-own-account";
const ours = "10042";

const jira = (url: string, secret: string | undefined) => ({
  type: "jira" as const,
  url,
  deployment: "auto" as const,
  auth: { kind: "personal_access_token" as const, token: new Secret("x") },
  project: "OPS",
  issueType: "Bug",
  labelPrefix: "backfeed",
  webhookSecret: secret === undefined ? undefined : new Secret(secret),
  wontDo: [],
  closeDuplicates: true,
  timeoutMs: 1,
  requestsPerMinute: 600,
  tls: { caFile: undefined, verify: true },
});

for (const deployment of ["cloud", "datacenter"] as const satisfies readonly Deployment[]) {
  describe(`POST /webhooks/jira, as Jira ${deployment} calls it`, () => {
    let running: RunningServer;
    let store: Store;
    let woken: number;

    async function begin(trackers: ServiceConfig["trackers"], seen: Partial<Store> = {}): Promise<void> {
      woken = 0;
      store = await openSqlStore({ url: "sqlite::memory:" });
      const record = ticketRecord("a");
      for (const tracker of Object.keys(trackers)) {
        const of = { tracker, findingId: `${record.findingId.slice(0, 12)}${tracker.slice(0, 4)}` };
        await store.tickets.put({ ...record, ...of, ref: { ...record.ref, id: ours } });
      }
      const receiver = jiraReceiver({
        trackers,
        store: { inbox: store.inbox, tickets: store.tickets, ...seen },
        isOwn: (_tracker, account) => account === ourAccount,
        redact: (text) => text.replaceAll("hunter2", "<redacted>"),
        wake: () => {
          woken += 1;
        },
      });
      running = await runServer({ webhooks: [receiver] });
    }
    beforeEach(() => begin({ acme: jira("https://acme.atlassian.net", secrets.acme), local: local() }));
    afterEach(async () => {
      await running.stop();
      await store.close();
    });

    const updated = deliveryBody({ deployment, event: "jira:issue_updated" });
    const post = async (body: string, headers: Record<string, string>, query = "") => {
      const sent = { "content-type": "application/json", ...headers };
      const { status, json } = await running.ask(`/webhooks/jira${query}`, {
        method: "POST",
        token: undefined,
        headers: sent,
        body,
      });
      return { status, told: json["outcome"] ?? json["code"] };
    };
    const waiting = async (tracker = "acme") =>
      (await store.inbox.pending(tracker, 100)).map(({ deliveryId, issueId }) => `${deliveryId} ${issueId}`);

    it("is stored before it is answered, once, and looked at", async () => {
      const headers = { ...signed(updated, secrets.acme), "x-atlassian-webhook-identifier": "d-1" };
      expect(await post(updated, headers)).to.deep.equal({ status: 200, told: "stored" });
      expect(await store.inbox.pending("acme", 9)).to.deep.equal([
        {
          id: "1",
          tracker: "acme",
          deliveryId: "d-1",
          issueId: ours,
          who: "Alice Archer",
          adopts: false,
          receivedAt: running.clock.now(),
        },
      ]);
      expect(woken).to.equal(1);
      expect(await post(updated, { ...headers, "x-atlassian-webhook-retry": "1" })).to.deep.equal({
        status: 200,
        told: "repeated",
      });
      await store.inbox.done(["1"], running.clock.now());
      expect((await post(updated, headers)).told).to.equal("repeated");
      expect([await waiting(), woken]).to.deep.equal([[], 1]);
    });

    it("is the same delivery without an identifier when it says the same", async () => {
      expect((await post(updated, signed(updated, secrets.acme))).told).to.equal("stored");
      expect((await post(updated, signed(updated, secrets.acme))).told).to.equal("repeated");
      expect(await waiting()).to.have.length(1);
    });

    it("is refused unsigned, wrongly signed, or signed for other bytes, whatever else it shows", async () => {
      const other = updated.replace("OPS-7", "OPS-8");
      const shown = { authorization: `Bearer ${secrets.acme}` };
      const refused: Record<string, string>[] = [
        {},
        signed(updated, "another-secret-0123456789"),
        signed(other, secrets.acme),
        { "x-hub-signature": signed(updated, secrets.acme)["x-hub-signature"]!.slice(0, -1) },
        { ...signed(other, secrets.acme), ...shown },
        { authorization: "Bearer " },
        { authorization: `Basic ${Buffer.from(`x:${secrets.acme}`).toString("base64")}` },
      ];
      for (const headers of refused) {
        expect(await post(updated, headers), JSON.stringify(headers)).to.deep.equal({
          status: 401,
          told: "unauthorized",
        });
      }
      expect((await post(updated, {}, "?secret=")).status).to.equal(401);
      expect((await post(updated, {}, `?secret=${secrets.acme}&secret=${secrets.acme}`)).status).to.equal(401);
      expect([await waiting(), woken]).to.deep.equal([[], 0]);
    });

    it("is taken with the secret shown, where Jira does not sign", async () => {
      expect((await post(updated, { authorization: `Bearer ${secrets.acme}` })).told).to.equal("stored");
      const again = deliveryBody({ deployment, event: "jira:issue_deleted" });
      expect((await post(again, {}, `?secret=${secrets.acme}`)).told).to.equal("stored");
      const all = [...running.logged, ...running.answered, (await running.ask("/metrics")).text].join("\n");
      expect(all).to.not.contain(secrets.acme).and.not.contain("Alice").and.not.contain("OPS-7");
      expect(all).to.contain("/webhooks/jira");
    });

    it("keeps what is of use: changes, deletions and links of our tickets", async () => {
      const kept = ["jira:issue_created", "jira:issue_updated", "jira:issue_deleted", "issuelink_created"];
      for (const event of kept) {
        const body = deliveryBody({ deployment, event });
        expect((await post(body, signed(body, secrets.acme))).told, event).to.equal("stored");
      }
      for (const event of ["comment_created", "jira:version_released", "project_created", "made_up_later"]) {
        const body = deliveryBody({ deployment, event });
        expect(await post(body, signed(body, secrets.acme)), event).to.deep.equal({ status: 200, told: "ignored" });
      }
      expect(await waiting()).to.have.length(kept.length);
    });

    it("hints at both ends of a link, at whichever of them our ticket is", async () => {
      const body = deliveryBody({ deployment, event: "issuelink_created", issueId: "10041" });
      expect((await post(body, signed(body, secrets.acme))).told).to.equal("stored");
      expect((await store.inbox.pending("acme", 9)).map(({ issueId }) => issueId)).to.deep.equal([ours]);
    });

    it("keeps nothing of other people's issues unless they ask to be adopted", async () => {
      const stranger = (labels: readonly string[]) =>
        deliveryBody({ deployment, event: "jira:issue_updated", issueId: "777", labels });
      for (const [labels, told] of [
        [[], "ignored"],
        [["backfeed-0123456789abcdef", "backfeed-adopt-nothing"], "ignored"],
        [["Backfeed-Adopt-0123456789ABCDEF"], "stored"],
      ] as const) {
        const body = stranger(labels);
        expect((await post(body, signed(body, secrets.acme))).told, labels.join()).to.equal(told);
      }
      expect((await store.inbox.pending("acme", 9)).map(({ issueId, adopts }) => [issueId, adopts])).to.deep.equal([
        ["777", true],
      ]);
    });

    it("drops what we wrote ourselves, but never a deletion", async () => {
      const by = (event: string) => deliveryBody({ deployment, event, account: ourAccount });
      for (const event of ["jira:issue_created", "jira:issue_updated"]) {
        expect((await post(by(event), signed(by(event), secrets.acme))).told, event).to.equal("ignored");
      }
      const deleted = by("jira:issue_deleted");
      expect((await post(deleted, signed(deleted, secrets.acme))).told).to.equal("stored");
    });

    it("takes secrets out of the name it keeps", async () => {
      const body = updated.replaceAll("Alice Archer", "Alice hunter2");
      await post(body, signed(body, secrets.acme));
      expect((await store.inbox.pending("acme", 9))[0]?.who).to.equal("Alice <redacted>");
    });

    it("answers 400 to what is signed and none of Jira's", async () => {
      for (const body of ["", "{", "[]", '{"webhookEvent":7}', "null", "\u0000"]) {
        expect(await post(body, signed(body, secrets.acme)), body).to.deep.equal({
          status: 400,
          told: "invalid_request",
        });
      }
    });

    it("refuses 5 MB, and takes the whole issue that Jira sends in one of a megabyte", async () => {
      const padded = (bytes: number) => `${updated}${" ".repeat(bytes - Buffer.byteLength(updated))}`;
      const most = padded(1_024 * 1_024);
      expect((await post(most, signed(most, secrets.acme))).told).to.equal("stored");
      const huge = padded(5 * 1_024 * 1_024);
      expect(await post(huge, signed(huge, secrets.acme))).to.deep.equal({ status: 413, told: "payload_too_large" });
      expect(await waiting()).to.have.length(1);
    });

    it("asks to come again while the store fails or is full, and then takes the redelivery", async () => {
      await running.stop();
      let failure: Error | undefined = new Error("disk is full");
      await begin(
        { acme: jira("https://acme.atlassian.net", secrets.acme) },
        {
          inbox: {
            receive: (hint) => (failure === undefined ? store.inbox.receive(hint) : Promise.reject(failure)),
            pending: (...given) => store.inbox.pending(...given),
            done: (...given) => store.inbox.done(...given),
          },
        },
      );
      const headers = { ...signed(updated, secrets.acme), "x-atlassian-webhook-identifier": "d-1" };
      const sent = { method: "POST", token: undefined, headers, body: updated };
      const refused = await running.ask("/webhooks/jira", sent);
      expect([refused.status, refused.headers.get("retry-after")]).to.deep.equal([503, "60"]);
      expect(woken).to.equal(0);
      failure = undefined;
      const retried = { ...headers, "x-atlassian-webhook-retry": "1" };
      expect(await post(updated, retried)).to.deep.equal({ status: 200, told: "stored" });
      expect(await waiting()).to.deep.equal([`d-1 ${ours}`]);
    });

    it("belongs to the tracker whose secret fits, to all of them where they share it, and to the one that is named", async () => {
      await running.stop();
      await begin({
        acme: jira("https://acme.atlassian.net", secrets.acme),
        twin: jira("https://acme.atlassian.net", secrets.acme),
        shop: jira("https://shop.atlassian.net", secrets.shop),
        mute: jira("https://mute.atlassian.net", undefined),
      });
      const names = ["acme", "twin", "shop", "mute"];
      const counts = async () => Promise.all(names.map(async (name) => (await waiting(name)).length));
      await post(updated, signed(updated, secrets.shop));
      expect(await counts()).to.deep.equal([0, 0, 1, 0]);
      await post(updated, signed(updated, secrets.acme));
      expect(await counts()).to.deep.equal([1, 1, 1, 0]);
      const deleted = deliveryBody({ deployment, event: "jira:issue_deleted" });
      await post(deleted, signed(deleted, secrets.acme), "?tracker=twin");
      expect(await counts()).to.deep.equal([1, 2, 1, 0]);
      for (const tracker of ["shop", "mute", "nobody"]) {
        expect((await post(deleted, signed(deleted, secrets.acme), `?tracker=${tracker}`)).status).to.equal(401);
      }
    });

    it("is nowhere to be sent without a secret, and says what to set", async () => {
      await running.stop();
      await begin({ mute: jira("https://mute.atlassian.net", undefined), local: local() });
      const { status, json } = await running.ask("/webhooks/jira", { method: "POST", token: undefined, body: updated });
      expect([status, json["code"]]).to.deep.equal([404, "not_configured"]);
      expect(json["message"]).to.contain("webhook_secret");
    });
  });
}

function local() {
  return { type: "local" as const, project: "LOCAL", labelPrefix: "backfeed", wontDo: [], closeDuplicates: true };
}
