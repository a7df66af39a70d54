import { expect } from "chai";
import { finding, findingId, now, rule, silence, ticketRecord } from "./fixtures.ts";
import { type RunningServer, runServer, viewerToken } from "./running-server.ts";

const day = 86_400_000;
const asked = { matchers: { "service.name": "checkout" }, reason: "planned work", endsAt: now + day };

describe("silences over the API", () => {
  let running: RunningServer;
  beforeEach(async () => {
    running = await runServer();
  });
  afterEach(() => running.stop());

  const lastEvent = (id: number) => running.state.events.get(findingId(id))?.at(-1);

  it("are listed with whether they hold now", async () => {
    running.state.silences = [silence({ id: "2", endsAt: now }), silence({ endedAt: undefined })];
    const { items, next } = (await running.ask("/api/v1/silences")).json as { items: object[]; next: null };
    expect(items.map((each) => (each as { active: boolean }).active)).to.deep.equal([false, true]);
    expect(items[1]).to.deep.include({ matchers: { "service.name": "checkout" }, ruleId: "checkout-errors" });
    expect(next).to.equal(null);
  });

  it("begin now, are the token's, and are written into the timelines of the open findings they concern", async () => {
    running.state.findings.push(
      finding({ id: findingId(3), others: [] }),
      finding({ id: findingId(4), others: [{ ...finding().worst, labels: { "service.name": "cart" } }] }),
    );
    const { status, json } = await running.post("/api/v1/silences", { ...asked, reason: "  planned work " });
    expect(status).to.equal(200);
    const begun = { id: "2", author: "anna", untilWorse: false, startsAt: now, createdAt: now, active: true };
    expect(json).to.deep.equal({ ...asked, ...begun });
    for (const id of [1, 3]) {
      expect(lastEvent(id)).to.deep.include({
        kind: "operator",
        code: "silence_added",
        text: "anna silenced service.name=checkout until 2026-03-03T10:00:00Z: planned work",
        facts: { by: "anna", silence: "2" },
      });
    }
    expect(lastEvent(4)).to.equal(undefined);
  });

  it("need a rule or a label, a reason, and an end within 90 days; all faults are told", async () => {
    const { matchers: _, ...noLabels } = asked;
    const fourHundred: readonly (readonly [string, object])[] = [
      ["matchers", noLabels],
      ["matchers", { ...asked, matchers: {} }],
      ["matchers", { ...asked, matchers: { a: 1 } }],
      ["matchers", { ...asked, matchers: "checkout" }],
      [
        "matchers",
        { ...asked, matchers: Object.fromEntries(Array.from({ length: 21 }, (_, each) => [`l${each}`, ""])) },
      ],
      ["matchers", { ...asked, matchers: JSON.parse('{"a":"b","__proto__":"c"}') }],
      ["reason", { ...asked, reason: "  " }],
      ["reason", { ...asked, reason: "a".repeat(501) }],
      ["endsAt", { ...asked, endsAt: now }],
      ["endsAt", { ...asked, endsAt: now + 90 * day + 1 }],
      ["endsAt", { ...asked, endsAt: "tomorrow" }],
      ["", { ...asked, author: "somebody else" }],
    ];
    for (const [at, body] of fourHundred) {
      const { status, json } = await running.post("/api/v1/silences", body);
      expect([status, json["code"]], JSON.stringify(body)).to.deep.equal([400, "invalid_request"]);
      const { faults } = json["details"] as { faults: { at: string }[] };
      expect(faults.map((fault) => fault.at.split(".")[0])).to.deep.equal([at]);
    }
    const both = (await running.post("/api/v1/silences", { reason: "x", endsAt: now })).json["details"] as object;
    expect(both).to.have.property("faults").with.length(2);
    expect(running.state.silences).to.have.length(1);
    expect((await running.post("/api/v1/silences", { ...asked, endsAt: now + 90 * day })).status).to.equal(200);
    const ofRule = await running.post("/api/v1/silences", { ...noLabels, ruleId: "checkout-errors" });
    expect(ofRule.json).to.deep.include({ ruleId: "checkout-errors", matchers: {} });
  });

  it("may hold until it gets worse instead, for a year at most", async () => {
    const { endsAt: _, ...open } = asked;
    const { status, json } = await running.post("/api/v1/silences", { ...open, untilWorse: true });
    expect([status, json["untilWorse"], json["endsAt"]]).to.deep.equal([200, true, now + 365 * day]);
    expect(running.state.silences[0]).to.include({ untilWorse: true, endsAt: now + 365 * day });
    expect(lastEvent(1)?.text).to.equal(
      "anna silenced service.name=checkout until it gets worse, at the latest until 2027-03-02T10:00:00Z: planned work",
    );
    const both = await running.post("/api/v1/silences", { ...open, untilWorse: true, endsAt: now + 120 * day });
    expect([both.status, both.json["endsAt"]]).to.deep.equal([200, now + 120 * day]);
    const refused = async (body: object) => {
      const { status: code, json: told } = await running.post("/api/v1/silences", { ...open, ...body });
      const { faults } = told["details"] as { faults: { at: string; message: string }[] };
      return [code, ...faults.map(({ at, message }) => `${at}: ${message}`)];
    };
    expect(await refused({})).to.deep.equal([400, "endsAt: say when it ends, or `untilWorse`"]);
    expect(await refused({ untilWorse: false })).to.deep.equal([400, "endsAt: say when it ends, or `untilWorse`"]);
    expect(await refused({ untilWorse: true, endsAt: now + 366 * day })).to.deep.equal([
      400,
      "endsAt: this is not within the next 365 days",
    ]);
  });

  it("stand beside the maintenance windows of the configuration, with when each is on", async () => {
    const time = { from: now - 1, until: now + 1 };
    const window = {
      name: "patching",
      reason: "hosts",
      schedule: "0 2 * * 6",
      durationMs: 2,
      rules: ["a-*"],
      where: { b: ["c"] },
    };
    running.state.maintenance = [
      { ...window, on: time, next: { from: now + 5, until: now + 7 } },
      { ...window, name: "other", on: undefined, next: time },
    ];
    const { json } = await running.ask("/api/v1/maintenance");
    expect(json).to.deep.equal({
      items: [
        { ...window, on: time, next: { from: now + 5, until: now + 7 } },
        { ...window, name: "other", next: time },
      ],
      next: null,
    });
  });

  it("of a rule that is not loaded are refused, with the ids that may have been meant", async () => {
    running.state.rules = ["checkout-errors", "checkout-latency", "cart-errors", "search-errors"].map((id) =>
      rule({ id }),
    );
    const told = async (ruleId: string) => {
      const { status, json } = await running.post("/api/v1/silences", { ...asked, ruleId });
      expect([status, json["code"]], ruleId).to.deep.equal([400, "invalid_request"]);
      const { faults } = json["details"] as { faults: { at: string; message: string }[] };
      expect(faults.map(({ at }) => at)).to.deep.equal(["ruleId"]);
      return faults[0]?.message;
    };
    const lead = "no rule with this id is loaded:";
    expect(await told("chekout-error")).to.equal(`${lead} did you mean \`checkout-errors\`?`);
    expect(await told("checkout")).to.equal(`${lead} did you mean \`checkout-errors\` or \`checkout-latency\`?`);
    expect(await told("errors")).to.equal(
      `${lead} did you mean \`cart-errors\` or \`checkout-errors\` or \`search-errors\`?`,
    );
    expect(await told("payments")).to.equal(`${lead} \`/api/v1/rules\` lists them`);
    expect(running.state.silences).to.have.length(1);
  });

  it("of a rule that is gone are taken while a finding names it", async () => {
    running.state.rules = [];
    const { status } = await running.post("/api/v1/silences", { ...asked, ruleId: "checkout-errors" });
    expect(status).to.equal(200);
  });

  it("are ended once, by operators only", async () => {
    expect((await running.post("/api/v1/silences/1/end", {}, viewerToken)).status).to.equal(403);
    const { json } = await running.post("/api/v1/silences/1/end", {});
    expect(json).to.deep.include({ id: "1", endedAt: now, active: false });
    expect(lastEvent(1)).to.deep.include({
      code: "silence_ended",
      text: "anna ended the silence of rule checkout-errors, service.name=checkout",
    });
    expect((await running.post("/api/v1/silences/1/end", {})).status).to.equal(409);
    expect((await running.post("/api/v1/silences/77/end", {})).status).to.equal(404);
    expect((await running.post("/api/v1/silences/x/end", {})).status).to.equal(400);
  });

  it("are someone's where there are no tokens", async () => {
    const open = await runServer({ open: true });
    expect((await open.post("/api/v1/silences", asked)).json).to.include({ author: "someone" });
    await open.stop();
  });
});

describe("filing anew over the API", () => {
  it("gives the finding with its new generation; without a ticket it is refused", async () => {
    const running = await runServer();
    const path = (id: number) => `/api/v1/findings/${findingId(id)}/refile`;
    expect((await running.post(path(1), {})).json).to.deep.include({ id: findingId(1), generation: 2 });
    expect(running.state.events.get(findingId(1))?.at(-1)?.text).to.equal("anna filed it anew");
    expect(running.logged.join("\n")).to.contain("finding_refiled");
    expect((await running.post(path(1), {})).status).to.equal(409);
    expect((await running.post(path(9), {})).status).to.equal(404);
    running.state.tickets = [ticketRecord({ generation: 2 })];
    expect((await running.post(path(1), {}, viewerToken)).status).to.equal(403);
    expect((await running.post(path(1), {})).json).to.deep.include({ generation: 3 });
    await running.stop();
  });
});
