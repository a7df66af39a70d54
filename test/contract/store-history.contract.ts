import { expect } from "chai";
import fc from "fast-check";
import type { Finding } from "../../src/model/finding.ts";
import type { Band } from "../../src/model/priority.ts";
import type { Page, PageRequest, Store } from "../../src/store/store.ts";
import { BackfeedError } from "../../src/support/errors.ts";
import type { StoreUnderTest } from "./store.contract.ts";
import {
  alert,
  commentDraft,
  createDraft,
  event,
  finding,
  idOf,
  localTicket,
  minute,
  quietCounts,
  ruleCommit,
  start,
  tick,
  ticketRecord,
} from "./store-builders.ts";

/** All pages of a list, with something happening between two of them. */
async function walk<Item>(
  list: (request: PageRequest) => Promise<Page<Item>>,
  limit: number,
  between: () => Promise<void> = async () => undefined,
): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor: string | undefined, pages = 0; pages < 200; pages++) {
    const page = await list({ limit, ...(cursor === undefined ? {} : { cursor }) });
    items.push(...page.items);
    if (page.next === undefined) return items;
    expect(page.items.length).to.be.at.most(limit);
    cursor = page.next;
    await between();
  }
  throw new Error("the list does not end");
}

async function findings(store: Store, all: readonly Finding[]): Promise<void> {
  const commits = all.map((one) => ({ finding: one, events: [], outbox: [] }));
  expect(await store.state.commitTick(tick([ruleCommit("any", { findings: commits })]))).to.deep.equal([]);
}

export function storeHistoryPromises(test: StoreUnderTest): void {
  describe("the lists people read", () => {
    it("give findings worst first: what still happens, by band, by score, by newest change; on pages too", async () => {
      const { store } = test;
      const of = (band: Band, score = 40) => ({ score, band, parts: [], adjustment: undefined });
      await findings(store, [
        finding("medium", { changedAt: start + 3, priority: of("Medium") }),
        finding("over", { changedAt: start + 5, state: "quiet", priority: of("Highest") }),
        finding("low", { changedAt: start + 4, priority: of("Low") }),
        finding("high", { changedAt: start, priority: of("High") }),
        finding("highest", { changedAt: start + 1, priority: of("Highest") }),
        finding("newer", { changedAt: start + 9, priority: of("Medium") }),
        finding("weak", { changedAt: start + 10, priority: of("Medium", 39.5) }),
        finding("strong", { changedAt: start - 1, priority: of("Medium", 41) }),
        finding("floor", { changedAt: start + 8, priority: of("High", 12) }),
        finding("back", { changedAt: start + 2, state: "regressed", priority: of("High") }),
      ]);
      for (const limit of [1, 2, 9]) {
        const all = await walk((request) => store.history.findings(request), limit);
        expect(all.map((one) => one.problem)).to.deep.equal([
          "highest",
          "back",
          "high",
          "floor",
          "strong",
          "newer",
          "medium",
          "weak",
          "low",
          "over",
        ]);
      }
    });

    it("give findings filtered", async () => {
      const { store } = test;
      await findings(store, [
        finding("a", { changedAt: start + 1 }),
        finding("b", { changedAt: start + 3, state: "quiet", ruleIds: ["b", "shared"] }),
        finding("c", { changedAt: start + 2, priority: undefined, ruleIds: ["shared"] }),
      ]);
      const names = async (filter: Parameters<Store["history"]["findings"]>[0]) =>
        (await store.history.findings(filter)).items.map((one) => one.problem);
      expect(await names({ limit: 10 })).to.deep.equal(["a", "c", "b"]);
      expect(await names({ limit: 10, state: "open" })).to.deep.equal(["a", "c"]);
      expect(await names({ limit: 10, band: "High" })).to.deep.equal(["a", "b"]);
      expect(await names({ limit: 10, band: "None" })).to.deep.equal(["c"]);
      expect(await names({ limit: 10, rule: "shared" })).to.deep.equal(["c", "b"]);
      expect(await names({ limit: 10, rule: "shared", state: "open", band: "None" })).to.deep.equal(["c"]);
      await findings(store, [finding("b", { changedAt: start + 4, ruleIds: ["b"] })]);
      expect(await names({ limit: 10, rule: "shared" })).to.deep.equal(["c"]);
      expect((await store.history.finding(idOf("b")))?.ruleIds).to.deep.equal(["b"]);
      expect(await store.history.finding("none")).to.equal(undefined);
    });

    it("give every finding once over pages of any size, in order, also with equal scores and times", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.constantFrom(0, 12.5, 40, 100)), { maxLength: 25 }),
          fc.integer({ min: 1, max: 9 }),
          async (each, limit) => {
            const { store } = test;
            const priority = (score: number) => ({ score, band: "High" as const, parts: [], adjustment: undefined });
            await findings(
              store,
              each.map(([time, score], index) =>
                finding(`f-${index}`, { changedAt: start + time, priority: priority(score) }),
              ),
            );
            const all = await walk((request) => store.history.findings(request), limit);
            expect(new Set(all.map((one) => one.id)).size).to.equal(all.length);
            expect(all.length).to.be.at.least(each.length);
            const keys = all.map((one) => [one.priority?.score ?? 0, one.changedAt] as const);
            expect(keys).to.deep.equal([...keys].sort((a, b) => b[0] - a[0] || b[1] - a[1]));
          },
        ),
        { numRuns: 25 },
      );
    });

    it("do not move when rows are added between two pages", async () => {
      const { store } = test;
      const names = Array.from({ length: 20 }, (_, index) => `old-${String(index).padStart(2, "0")}`);
      const drafts = names.flatMap((name) => [createDraft(name), commentDraft(name, "x")]);
      const commits = names.map((name, index) => ({
        finding: finding(name, { changedAt: start + index }),
        events: [],
        outbox: drafts.filter((draft) => draft.findingId === idOf(name)),
      }));
      await store.state.commitTick(tick([ruleCommit("any", { findings: commits })]));
      for (const [index, name] of names.entries()) {
        await store.tickets.put(ticketRecord(name, { createdAt: start + (index % 3) }));
        await store.state.recordTick(tickRecord(start + index, `schedule-${index % 2}`));
        await store.localTickets.create(localTicket(name));
      }
      let added = 0;
      const grow = async () => {
        const name = `new-${added++}`;
        const fresh = { finding: finding(name, { changedAt: start + 1_000 }), events: [], outbox: [createDraft(name)] };
        await store.state.commitTick(tick([ruleCommit("any", { findings: [fresh] })]));
        await store.tickets.put(ticketRecord(name, { createdAt: start + 1_000 }));
        await store.state.recordTick(tickRecord(start + 1_000 + added, "schedule-0"));
        await store.localTickets.create(localTicket(name));
      };
      const { history, localTickets } = store;
      const walked = {
        findings: await walk((request) => history.findings(request), 3, grow),
        outbox: await walk((request) => history.outbox(request), 3, grow),
        tickets: await walk((request) => history.tickets(request), 3, grow),
        ticks: await walk((request) => history.ticks(request), 3, grow),
        local: await walk((request) => localTickets.list(request), 3, grow),
      };
      expect(walked.findings.filter((one) => one.problem.startsWith("old")).map((one) => one.problem)).to.deep.equal(
        [...names].reverse(),
      );
      const isOld = (id: string) => names.some((name) => idOf(name) === id);
      expect(walked.outbox.filter((entry) => isOld(entry.findingId))).to.have.length(40);
      expect(walked.tickets.filter((record) => isOld(record.findingId))).to.have.length(20);
      expect(walked.ticks.filter((record) => record.tick < start + 1_000)).to.have.length(20);
      expect(walked.local.filter((ticket) => ticket.summary.startsWith("old"))).to.have.length(20);
      for (const list of Object.values(walked)) {
        expect(new Set(list.map((item) => JSON.stringify(item))).size).to.equal(list.length);
      }
    });

    it("filter the outbox and ticks", async () => {
      const { store } = test;
      const commit = { finding: finding("a"), events: [], outbox: [createDraft("a"), commentDraft("a", "x")] };
      const other = { finding: finding("b"), events: [], outbox: [createDraft("b")] };
      await store.state.commitTick(tick([ruleCommit("any", { findings: [commit, other] })]));
      const [entry] = await store.outbox.claim({ now: start, owner: "w", leaseMs: minute, limit: 1 });
      await store.outbox.settle(entry!.id, { owner: "w", state: "done", now: start });
      expect((await store.history.outbox({ limit: 9, state: "pending" })).items).to.have.length(2);
      expect((await store.history.outbox({ limit: 9, finding: idOf("a") })).items.map((one) => one.id)).to.deep.equal([
        "2",
        "1",
      ]);
      await store.state.recordTick(tickRecord(start, "one"));
      await store.state.recordTick(tickRecord(start, "two"));
      const ticks = (await store.history.ticks({ limit: 9, schedule: "two" })).items;
      expect(ticks.map((one) => one.kind)).to.deep.equal(["evaluated"]);
    });

    it("tell of a tick that one rule was judged at and another missed both, in whatever order", async () => {
      const { store } = test;
      const evaluated = tickRecord(start, "one");
      const { counts } = evaluated;
      const outcomes = { skipped_ticks: 3 };
      const skipped = { ...evaluated, kind: "skipped" as const, rules: 0, counts: { ...counts, outcomes } };
      await store.state.recordTick(evaluated);
      await store.state.recordTick(skipped);
      await store.state.recordTick({ ...skipped, schedule: "two" });
      await store.state.recordTick({ ...evaluated, schedule: "two" });
      for (const schedule of ["one", "two"]) {
        const [tick] = (await store.history.ticks({ limit: 9, schedule })).items;
        expect([tick?.kind, tick?.rules]).to.deep.equal(["evaluated", evaluated.rules]);
        expect(tick?.counts.outcomes).to.deep.equal({ ...counts.outcomes, ...outcomes });
      }
    });

    it("refuse a cursor that is none of theirs", async () => {
      const { store } = test;
      await findings(store, [finding("a"), finding("b")]);
      const { next } = await store.history.findings({ limit: 1 });
      const lists = [
        () => store.history.findings({ limit: 1, cursor: "rubbish" }),
        () => store.history.findings({ limit: 1, cursor: "" }),
        () => store.history.findings({ limit: 1, cursor: Buffer.from('["findings",{},1]').toString("base64url") }),
        () => store.history.outbox({ limit: 1, cursor: next! }),
        () => store.history.tickets({ limit: 1, cursor: next! }),
        () => store.history.ticks({ limit: 1, cursor: "A".repeat(5_000) }),
        () => store.localTickets.list({ limit: 1, cursor: next! }),
      ];
      for (const list of lists) {
        const thrown = await list().catch((error: unknown) => error);
        expect(thrown).to.be.instanceOf(BackfeedError);
        expect((thrown as BackfeedError).kind).to.equal("invalid_request");
      }
    });

    it("bound a page whatever is asked for", async () => {
      const { store } = test;
      await findings(store, [finding("a"), finding("b")]);
      for (const limit of [0, -5, Number.NaN]) {
        expect((await store.history.findings({ limit })).items).to.have.length(1);
      }
      expect((await store.history.findings({ limit: 1e9 })).items).to.have.length(2);
    });

    it("find a finding by an alert that lives, or by one that it shows", async () => {
      const { store } = test;
      const shown = finding("a").worst;
      const listed = { ...shown, fingerprint: "listed" };
      const living = alert("a", { fingerprint: "living" });
      const one = { finding: finding("a", { others: [listed] }), events: [], outbox: [] };
      await store.state.commitTick(tick([ruleCommit("a", { alertsChanged: [living], findings: [one] })]));
      for (const fingerprint of [shown.fingerprint, "listed", "living"]) {
        expect((await store.history.findingByFingerprint(fingerprint))?.problem, fingerprint).to.equal("a");
      }
      await store.state.commitTick(
        tick([ruleCommit("a", { alertsEnded: ["living"], findings: [{ ...one, finding: finding("a") }] })]),
      );
      expect(await store.history.findingByFingerprint("living")).to.equal(undefined);
      expect(await store.history.findingByFingerprint("listed")).to.equal(undefined);
    });

    it("tell a finding's timeline in order, with what operators did", async () => {
      const { store } = test;
      const later = event({ at: start + minute, code: "later" });
      await store.state.commitTick(
        tick([ruleCommit("a", { findings: [{ finding: finding("a"), events: [later, event()], outbox: [] }] })]),
      );
      await store.history.addEvent(idOf("a"), event({ at: start + 1, kind: "operator", code: "refile" }));
      expect((await store.history.events(idOf("a"))).map((one) => one.code)).to.deep.equal([
        "new_finding",
        "refile",
        "later",
      ]);
      const thrown = await store.history.addEvent("nobody", event()).catch((error: BackfeedError) => error.kind);
      expect(thrown).to.equal("not_found");
    });

    it("give the counts of one rule, newest first, over all schedules it was on", async () => {
      const { store } = test;
      const counts = (clear: number) => ({ ...quietCounts, verdicts: { clear } });
      for (const [schedule, at] of [
        ["every minute", 1],
        ["every hour", 2],
        ["every minute", 3],
      ] as const) {
        await store.state.commitTick({
          schedule,
          tick: start + at,
          rules: [ruleCommit("a", { counts: counts(at) }), ruleCommit("b"), ruleCommit(`only-${at}`)],
        });
      }
      await store.state.commitTick(tick([ruleCommit("b")], start + 9));
      const seen = async (limit: number) =>
        (await store.history.ruleTicks("a", limit)).map((one) => [one.tick - start, one.verdicts["clear"]]);
      expect(await seen(9)).to.deep.equal([
        [3, 3],
        [2, 2],
        [1, 1],
      ]);
      expect(await seen(2)).to.deep.equal([
        [3, 3],
        [2, 2],
      ]);
      expect(await store.history.ruleTicks("nobody", 9)).to.deep.equal([]);
    });
  });
}

function tickRecord(at: number, schedule: string) {
  return {
    schedule,
    tick: at,
    kind: "evaluated",
    startedAt: at,
    durationMs: 5,
    rules: 1,
    counts: quietCounts,
  } as const;
}
