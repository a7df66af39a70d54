import { expect } from "chai";
import { buildDeploy } from "../../support/deploys.ts";
import { chartName, finding, findingId, now, outboxEntry, png, rule, ticketRecord } from "./fixtures.ts";
import { operatorToken, type RunningServer, runServer, viewerToken } from "./running-server.ts";

const hour = 3_600_000;

describe("answers of the API", () => {
  let running: RunningServer;
  beforeEach(async () => {
    running = await runServer();
  });
  afterEach(() => running.stop());

  it("give a finding's row with its ticket, score and episodes", async () => {
    running.state.findings = [finding({ pastEpisodes: [finding().episode, finding().episode] })];
    const { json } = await running.ask("/api/v1/findings");
    const [row] = json["items"] as Record<string, unknown>[];
    expect(json["next"]).to.equal(null);
    expect(row).to.deep.include({
      id: findingId(1),
      band: "High",
      score: 70,
      reach: "6.0% of requests",
      episodeCount: 3,
    });
    expect(row?.["ticket"]).to.deep.include({ key: "OPS-12", status: "In Progress" });
    expect(row).not.to.have.any.keys("memory", "groupKey");
  });

  it("give a finding's suspect deploys, judged and in words, and list deploys by service", async () => {
    running.state.findings = [finding()];
    const { json: without } = await running.ask(`/api/v1/findings/${findingId(1)}`);
    expect(without).to.not.have.property("deploys");
    const deploy = buildDeploy({ at: now - 60_000, environment: undefined });
    const before = { version: "1.4.1", ranMs: 3_600_000, watchedMs: 3_600_000, episodes: 0, same: false };
    const suspect = { deploy, beforeMs: 60_000, underWay: false, again: false, before };
    const judged = { services: ["checkout"], onset: now, windowMs: 86_400_000, suspects: [suspect], more: 0 };
    running.state.suspects = { ...judged, last: undefined, sinceDone: undefined };
    const { json } = await running.ask(`/api/v1/findings/${findingId(1)}`);
    const { suspects, text } = json["deploys"] as { suspects: Record<string, unknown>[]; text: unknown };
    expect(suspects[0]).to.deep.include({ version: "1.4.2", beforeMs: 60_000, before, origin: "backfeed" });
    expect(suspects[0]).to.not.have.any.keys("key", "environment");
    expect(JSON.stringify(text)).to.contain("1 min before it began").and.not.contain("heading");
    running.state.deploys = [deploy, buildDeploy({ service: "cart" })];
    expect((await running.ask("/api/v1/deploys")).json["items"]).to.have.length(2);
    const { json: ofCart } = await running.ask("/api/v1/deploys?service=cart&limit=1");
    expect(ofCart["items"]).to.deep.include.members([{ ...(ofCart["items"] as object[])[0], service: "cart" }]);
    expect(ofCart["next"]).to.equal(null);
  });

  it("page through everything exactly once", async () => {
    running.state.findings = Array.from({ length: 120 }, (_, index) => finding({ id: findingId(index) }));
    running.state.rules = Array.from({ length: 120 }, (_, index) => rule({ id: `rule-${index}` }));
    for (const list of ["findings", "rules"]) {
      const seen: string[] = [];
      let cursor: string | null = null;
      let pages = 0;
      do {
        const more: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
        const { json } = await running.ask(`/api/v1/${list}?limit=50${more}`);
        seen.push(...(json["items"] as { id: string }[]).map(({ id }) => id));
        cursor = json["next"] as string | null;
        pages += 1;
      } while (cursor !== null);
      expect(pages).to.equal(3);
      expect(new Set(seen)).to.have.property("size", 120);
      expect(seen).to.have.length(120);
    }
  });

  it("default to fifty and give at most two hundred", async () => {
    running.state.findings = Array.from({ length: 300 }, (_, index) => finding({ id: findingId(index) }));
    expect((await running.ask("/api/v1/findings")).json["items"]).to.have.length(50);
    expect((await running.ask("/api/v1/findings?limit=200")).json["items"]).to.have.length(200);
    expect((await running.ask("/api/v1/findings?limit=201")).status).to.equal(400);
  });

  it("filter findings by state, band and rule", async () => {
    running.state.findings = [
      finding({ id: findingId(1) }),
      finding({ id: findingId(2), state: "quiet" }),
      finding({ id: findingId(3), priority: undefined, ruleIds: ["other"] }),
    ];
    const ids = async (query: string) =>
      ((await running.ask(`/api/v1/findings?${query}`)).json["items"] as { id: string }[]).map(({ id }) => id);
    expect(await ids("state=quiet")).to.deep.equal([findingId(2)]);
    expect(await ids("band=High&state=open")).to.deep.equal([findingId(1)]);
    expect(await ids("rule=other")).to.deep.equal([findingId(3)]);
  });

  it("say which findings wait for a ticket, for which limit and until when, and which a storm's ticket tells of", async () => {
    const cap = { cap: "day", limit: 50, project: "jira/OPS", freesAt: now + hour, kept: false } as const;
    const storm = { id: "s", parentId: findingId(9), joinedAt: now, until: now, band: "Low", child: false } as const;
    running.state.findings = [
      finding({ id: findingId(1) }),
      finding({ id: findingId(2), decision: { action: "none", reason: "over_cap", cap, at: now } }),
      finding({
        id: findingId(3),
        decision: { action: "none", reason: "storm", at: now },
        memory: { ...finding().memory, storm },
      }),
    ];
    expect((await running.ask("/api/v1/waiting")).json).to.deep.equal({ overCap: 1, storm: 1 });
    const rows = async (query: string) =>
      (await running.ask(`/api/v1/findings?${query}`)).json["items"] as Record<string, unknown>[];
    const [waiting, ...noMore] = await rows("reason=over_cap");
    expect([waiting?.["id"], noMore]).to.deep.equal([findingId(2), []]);
    expect(waiting?.["decision"]).to.deep.include({ cap });
    const [listed] = await rows("storm=s");
    expect(listed).to.deep.include({ id: findingId(3), storm: { id: "s", parentId: findingId(9), child: false } });
    expect((await running.ask("/api/v1/findings?reason=nonsense")).status).to.equal(400);
  });

  it("give one finding whole: timeline, evidence, ticket, outbox, parts of its priority", async () => {
    const { json } = await running.ask(`/api/v1/findings/${findingId(1)}`);
    expect(json).to.have.all.keys("finding", "events", "evidence", "ticket", "outbox", "rules");
    expect(json["rules"]).to.deep.equal([{ id: "checkout-errors", why: rule().why, runbook: rule().runbook }]);
    expect((json["finding"] as { priority: { parts: unknown[] } }).priority.parts).to.have.length(6);
    const { sections } = json["evidence"] as { sections: object[] };
    expect(sections).to.have.length(1);
    expect(sections[0]).to.deep.include({ chart: chartName, sampleCount: 1, unit: "ratio", threshold: 0.05 });
    expect(sections[0]).not.to.have.any.keys("samples", "series");
  });

  it("give the newest five hundred events of a timeline, in order", async () => {
    const late = Array.from({ length: 600 }, (_, index) => ({
      at: now + ((index * 7919) % 600),
      kind: "state" as const,
      code: "c",
      text: "t",
    }));
    running.state.events.set(findingId(1), late);
    const { json } = await running.ask(`/api/v1/findings/${findingId(1)}`);
    const times = (json["events"] as { at: number }[]).map(({ at }) => at - now);
    expect(times).to.deep.equal(Array.from({ length: 500 }, (_, index) => index + 100));
  });

  it("are kept by nobody: no ETag, no-store", async () => {
    const { headers } = await running.ask("/api/v1/findings");
    expect([headers.get("etag"), headers.get("cache-control")]).to.deep.equal([null, "no-store"]);
  });

  it("leave out what is not a number, since JSON cannot say it", async () => {
    const worst = finding().worst;
    running.state.findings = [finding({ worst: { ...worst, verdict: { ...worst.verdict, value: Number.NaN } } })];
    const { status, json } = await running.ask(`/api/v1/findings/${findingId(1)}`);
    expect(status).to.equal(200);
    expect((json["finding"] as { worst: { verdict: object } }).worst.verdict).not.to.have.property("value");
  });

  it("give the chart with an ETag, and 304 when it is still the same", async () => {
    const path = `/api/v1/findings/${findingId(1)}/chart.png`;
    const first = await fetch(`${running.origin}${path}`, { headers: { authorization: `Bearer ${viewerToken}` } });
    expect(new Uint8Array(await first.arrayBuffer())).to.deep.equal(png);
    expect(first.headers.get("content-type")).to.equal("image/png");
    expect(first.headers.get("cache-control")).to.equal("private, no-cache");
    const etag = first.headers.get("etag") ?? "";
    const again = await running.ask(path, { headers: { "if-none-match": etag, "cache-control": "max-age=0" } });
    expect([again.status, again.text]).to.deep.equal([304, ""]);
  });

  it("give each chart by the name that the evidence has for it, and no other", async () => {
    const path = `/api/v1/findings/${findingId(1)}/charts/`;
    const answer = await fetch(`${running.origin}${path}${chartName}`, {
      headers: { authorization: `Bearer ${viewerToken}` },
    });
    expect([answer.status, answer.headers.get("content-type")]).to.deep.equal([200, "image/png"]);
    expect(new Uint8Array(await answer.arrayBuffer())).to.deep.equal(png);
    expect((await running.ask(`${path}backfeed-ffffffffffffffff.png`)).status).to.equal(404);
    expect((await running.ask(`${path}..%2f..%2fsecret.png`)).status).to.equal(400);
  });

  it("give an attachment that is no image as a download that nothing runs", async () => {
    const { headers } = await running.ask("/api/v1/tickets/LOCAL-1/attachments/page.html");
    expect(headers.get("content-type")).to.equal("application/octet-stream");
    expect(headers.get("content-disposition")).to.equal("attachment; filename=page.html");
    expect(headers.get("x-content-type-options")).to.equal("nosniff");
    expect(headers.get("content-security-policy")).to.match(/default-src 'none'.*sandbox/);
  });

  it("give a local ticket in full and another tracker's as our record", async () => {
    const local = (await running.ask("/api/v1/tickets/LOCAL-1")).json;
    expect(local["local"]).to.deep.include({ key: "LOCAL-1", findingId: findingId(2), status: "To Do" });
    expect(local["transitions"]).to.deep.equal([{ to: "In Progress" }, { to: "Done" }, { to: "Won't Do" }]);
    const remote = (await running.ask("/api/v1/tickets/OPS-12")).json;
    expect(remote).to.deep.include({ transitions: [] }).and.not.to.have.property("local");
    expect(remote["record"]).to.deep.include({ tracker: "jira", key: "OPS-12" });
  });

  it("list tickets with what their findings are called now, and those without one, too", async () => {
    const [known] = running.state.findings;
    if (known === undefined) throw new Error("no finding");
    running.state.tickets = [
      ticketRecord({ findingId: known.id }),
      ticketRecord({
        findingId: "f".repeat(16),
        ref: { id: "9", key: "OPS-9", url: "https://jira.example.com/browse/OPS-9" },
      }),
    ];
    const { json } = await running.ask("/api/v1/tickets");
    const titles = (json["items"] as { title?: string }[]).map(({ title }) => title);
    expect(titles).to.have.members([known.title, undefined]);
  });

  it("send hostile text as JSON and as nothing else", async () => {
    const title = "</script><script>alert(1)</script>\u202eevil";
    running.state.findings = [finding({ title })];
    const { headers, json } = await running.ask("/api/v1/findings");
    expect(headers.get("content-type")).to.equal("application/json; charset=utf-8");
    expect(headers.get("x-content-type-options")).to.equal("nosniff");
    expect((json["items"] as { title: string }[])[0]?.title).to.equal(title);
  });

  it("are not ready without a store or without rules, and say which", async () => {
    running.state.ready = { store: true, rules: false };
    const { status, json } = await running.ask("/readyz", { token: undefined });
    expect(status).to.equal(503);
    expect(json["details"]).to.deep.equal({ store: true, rules: false });
  });
});

describe("what an operator does", () => {
  let running: RunningServer;
  beforeEach(async () => {
    running = await runServer();
  });
  afterEach(() => running.stop());

  const lastEvent = (id: number) => running.state.events.get(findingId(id))?.at(-1);

  it("is written into the timeline with the token's name: a ticket moved", async () => {
    const { json } = await running.post("/api/v1/tickets/LOCAL-1/transitions", { to: "Done" });
    expect(json["local"]).to.deep.include({ status: "Done" });
    expect(json["transitions"]).to.deep.equal([{ to: "To Do" }]);
    expect(lastEvent(2)).to.deep.equal({
      at: now,
      kind: "operator",
      code: "ticket_moved",
      text: "anna moved LOCAL-1 from To Do to Done",
      facts: { by: "anna", ticket: "LOCAL-1", from: "To Do", to: "Done" },
    });
  });

  it("is written into the timeline with the token's name: a delivery asked for again", async () => {
    const { json } = await running.post("/api/v1/outbox/ob-1/retry", {});
    expect(json).to.deep.include({ state: "pending", attempts: 0, nextAttemptAt: now });
    expect(running.state.woken).to.equal(1);
    expect(lastEvent(1)).to.deep.include({ code: "outbox_retry", text: "anna asked to deliver again: comment" });
  });

  it("is written into the timeline with the token's name: a rule run, on its open findings", async () => {
    const { json } = await running.post("/api/v1/rules/cart-latency/run", {});
    expect(json).to.deep.include({ ruleId: "cart-latency", verdicts: { clear: 1 } });
    expect(lastEvent(2)).to.deep.include({ code: "rule_run", text: "anna ran the rule cart-latency" });
    expect(lastEvent(1)?.kind).not.to.equal("operator");
  });

  it("counts as done although the timeline cannot be written; the log says so", async () => {
    running.state.outbox = [outboxEntry()];
    running.state.events = { get: () => undefined, set: () => expect.fail("no disk") } as never;
    expect((await running.post("/api/v1/outbox/ob-1/retry", {})).status).to.equal(200);
    expect(running.logged.join("\n")).to.contain("OPERATOR_EVENT_LOST");
  });

  it("is not noted when it was refused", async () => {
    await running.post("/api/v1/outbox/ob-1/retry", {}, viewerToken);
    await running.post("/api/v1/outbox/none/retry", {}, operatorToken);
    expect(lastEvent(1)?.kind).not.to.equal("operator");
  });
});
