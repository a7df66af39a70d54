import { createHmac } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { isGenuine, readWebhook } from "../../../../src/trackers/jira/webhook.ts";

const secret = "a-webhook-secret";
const bytes = (value: unknown): Uint8Array => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
const read = (value: unknown, headers: Record<string, string> = {}) => readWebhook({ headers, body: bytes(value) });
const sign = (body: Uint8Array, key = secret) => `sha256=${createHmac("sha256", key).update(body).digest("hex")}`;

/** As Atlassian's page "Webhooks" shows them: Cloud, with an account id; Data Center, with a name and no field ids. */
const cloud = {
  timestamp: 1_767_607_200_000,
  webhookEvent: "jira:issue_updated",
  issue_event_type_name: "issue_generic",
  user: { accountId: "5b10ac8d82e05b22cc7d4ef5", displayName: "Alice Archer", active: true },
  issue: {
    id: "10042",
    self: "https://acme.atlassian.net/rest/api/2/10042",
    key: "OPS-7",
    fields: { summary: "x", labels: ["backfeed-0123456789abcdef", "backfeed-snooze-7d"], description: "text" },
  },
  changelog: {
    id: "60001",
    items: [
      {
        field: "status",
        fieldtype: "jira",
        fieldId: "status",
        from: "1",
        fromString: "To Do",
        to: "3",
        toString: "Doing",
      },
      { field: "resolution", fieldtype: "jira", from: null, fromString: null, to: "10000", toString: "Done" },
    ],
  },
};
const dataCenter = {
  ...cloud,
  user: { self: "https://jira.example.com/rest/api/2/user?username=alice", name: "alice", displayName: "Alice Archer" },
};

describe("a delivery of Jira's webhook", () => {
  it("says which issue, what kind of event, who, and the labels", () => {
    expect(read(cloud, { "x-atlassian-webhook-identifier": "webhook-1" })).to.deep.equal({
      deliveryId: "webhook-1",
      issueIds: ["10042"],
      kind: "updated",
      who: "Alice Archer",
      account: "5b10ac8d82e05b22cc7d4ef5",
      labels: ["backfeed-0123456789abcdef", "backfeed-snooze-7d"],
    });
    expect(read(dataCenter)).to.deep.include({ issueIds: ["10042"], who: "Alice Archer", account: "alice" });
  });

  it("is the same delivery by Jira's identifier, else by what it says", () => {
    const again = read(cloud, { "x-atlassian-webhook-identifier": "a", "x-atlassian-webhook-retry": "2" });
    expect(again?.deliveryId).to.equal("a");
    expect(read(dataCenter)?.deliveryId).to.match(/^sha256:[0-9a-f]{64}$/);
    expect(read(dataCenter)?.deliveryId).to.equal(read(dataCenter)?.deliveryId);
    expect(read({ ...dataCenter, timestamp: 1 })?.deliveryId).to.not.equal(read(dataCenter)?.deliveryId);
    expect(read(cloud, { "x-atlassian-webhook-identifier": "a b\n" })?.deliveryId).to.match(/^sha256:/);
  });

  it("tells the kinds apart, and takes the name of an event for nothing but a name", () => {
    const kinds = [
      ["jira:issue_created", "created"],
      ["jira:issue_deleted", "deleted"],
      ["comment_created", "commented"],
      ["comment_updated", "commented"],
      ["issuelink_created", "linked"],
      ["jira:version_released", "other"],
      ["toString", "other"],
      ["__proto__", "other"],
    ];
    for (const [webhookEvent, kind] of kinds) expect(read({ ...cloud, webhookEvent })?.kind).to.equal(kind);
  });

  it("takes the author of a comment, and the issues that a link joins", () => {
    const { user: _user, ...rest } = cloud;
    const comment = { id: "1", author: { name: "bob" }, updateAuthor: { name: "carol", displayName: "Carol" } };
    expect(read({ ...rest, webhookEvent: "comment_updated", comment })).to.include({ who: "Carol", account: "carol" });
    const link = {
      webhookEvent: "issuelink_created",
      issueLink: { sourceIssueId: 10_042, destinationIssueId: 10_001 },
    };
    expect(read(link)).to.deep.include({ issueIds: ["10042", "10001"], kind: "linked" });
    const half = { ...link, issueLink: { sourceIssueId: 10_042 } };
    expect(read(half)?.issueIds).to.deep.equal(["10042"]);
  });

  it("is about no issue when it names none by a number", () => {
    for (const issue of [undefined, null, {}, { id: "OPS-1" }, { id: "1".repeat(30) }, { key: "OPS-1" }, "10042"]) {
      expect(read({ ...cloud, issue })?.issueIds).to.deep.equal([]);
    }
    expect(read({ ...cloud, issue: { id: 10_042 } })?.issueIds).to.deep.equal(["10042"]);
  });

  it("shows a name on one line, without what could fake another", () => {
    const user = { displayName: `Ev\u202eil\n\u001b[31m${"x".repeat(500)}` };
    expect(read({ ...cloud, user })?.who).to.match(/^Evil x+…$/);
    expect(read({ ...cloud, user: "alice" })?.who).to.equal(undefined);
  });

  it("is none of Jira's when it is no JSON object with an event", () => {
    for (const body of ["", "{", "null", "[]", "5", '"x"', "{}", '{"webhookEvent":5}', "\uFFFD"]) {
      expect(read(body), body).to.equal(undefined);
    }
    expect(readWebhook({ headers: {}, body: Buffer.from([0x7b, 0xff, 0x7d]) })).to.equal(undefined);
  });

  it("is read or refused whatever its parts are, and never throws", () => {
    const anything = fc.jsonValue();
    const made = fc.record({
      webhookEvent: fc.constantFrom("jira:issue_updated", "constructor", "hasOwnProperty"),
      issue: fc.oneof(
        anything,
        fc.record({ id: anything, fields: fc.oneof(anything, fc.record({ labels: anything })) }),
      ),
      user: anything,
      comment: anything,
      changelog: anything,
    });
    fc.assert(
      fc.property(made, (value) => {
        const event = read(value);
        for (const id of event?.issueIds ?? []) expect(id).to.match(/^\d{1,19}$/);
        expect(event?.labels).to.satisfy((labels: unknown[]) => labels.every((label) => typeof label === "string"));
      }),
      { numRuns: 500 },
    );
  });

  describe("is genuine", () => {
    const body = bytes(cloud);
    const check = (headers: Record<string, string>, urlSecret?: string) =>
      isGenuine({ headers, urlSecret, body, secret });

    it("when its raw bytes are signed with the secret", () => {
      expect(check({ "x-hub-signature": sign(body) })).to.equal(true);
      expect(check({ "x-hub-signature": sign(body).toUpperCase().replace("SHA256", "sha256") })).to.equal(true);
    });

    it("not with another secret, other bytes, another method, or half a signature", () => {
      const wrong = [
        sign(body, "other"),
        sign(bytes({ ...cloud, x: 1 })),
        "sha1=00",
        "sha256=",
        "",
        sign(body).slice(0, 40),
      ];
      for (const signature of wrong) expect(check({ "x-hub-signature": signature })).to.equal(false);
    });

    it("not by another proof when its signature is wrong", () => {
      expect(check({ "x-hub-signature": "sha256=00", authorization: `Bearer ${secret}` }, secret)).to.equal(false);
    });

    it("by the shared secret where the version does not sign", () => {
      expect(check({}, secret)).to.equal(true);
      expect(check({ authorization: `Bearer ${secret}` })).to.equal(true);
      for (const wrong of [undefined, "", "x", `${secret} `, secret.slice(1)]) expect(check({}, wrong)).to.equal(false);
      expect(check({ authorization: `Basic ${secret}` })).to.equal(false);
    });

    it("never without a secret of ours", () => {
      const headers = { "x-hub-signature": sign(body, "") };
      expect(isGenuine({ headers, urlSecret: "", body, secret: "" })).to.equal(false);
    });
  });
});
