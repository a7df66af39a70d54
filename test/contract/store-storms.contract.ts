import { expect } from "chai";
import type { Finding } from "../../src/model/finding.ts";
import type { Storm, StormMembership } from "../../src/model/storm.ts";
import type { StoreUnderTest } from "./store.contract.ts";
import { finding, firingRule, idOf, keyOf, minute, start, tick, ticketRecord } from "./store-builders.ts";

const storm: Storm = {
  id: "2026-03-01T10:00:00Z",
  parentId: idOf("parent"),
  parentGroupKey: keyOf("parent"),
  openedAt: start,
  takesUntil: start + 60 * minute,
  children: [idOf("b")],
  endedAt: undefined,
};

const membership: StormMembership = {
  id: storm.id,
  parentId: storm.parentId,
  joinedAt: start,
  until: storm.takesUntil,
  band: "High",
  child: false,
};

function member(name: string, score: number, overrides: Partial<Finding> = {}): Finding {
  const built = finding(name, { priority: { score, band: "High", parts: [], adjustment: undefined }, ...overrides });
  return { ...built, memory: { ...built.memory, wishedAt: start, storm: membership } };
}

const commit = (each: Finding) => ({ finding: each, events: [], outbox: [] });

/** Storms, and what waits for a ticket. */
export function storeStormPromises(test: StoreUnderTest): void {
  const ids = (findings: readonly { readonly id: string }[]) => findings.map(({ id }) => id);

  describe("storms", () => {
    it("are stored with the tick that opens them, and are there after a restart", async () => {
      const listed = [member("a", 40), member("b", 60)].map(commit);
      await test.store.state.commitTick({ ...tick([firingRule("c")]), storm: { storm, findings: listed } });
      await test.restart();
      const { storms } = test.store;
      expect(await storms.living()).to.deep.equal([JSON.parse(JSON.stringify(storm))]);
      expect(ids(await storms.members(storm.id, 9))).to.deep.equal([idOf("b"), idOf("a")]);
      expect(ids(await storms.members(storm.id, 1))).to.deep.equal([idOf("b")]);
      expect(await storms.memberCount(storm.id)).to.equal(2);
      expect(await storms.worst(storm.id, 1)).to.deep.equal([
        { id: idOf("b"), groupKey: keyOf("b"), score: 60, band: "High" },
      ]);
    });

    it("are stored although a rule of the tick cannot be, and once for a tick of many transactions", async () => {
      const { state, storms } = test.store;
      const bad = firingRule("bad", { outbox: [] });
      const broken = { ...bad, alertsChanged: bad.alertsChanged.map((each) => ({ ...each, fingerprint: "\ud800" })) };
      const others = Array.from({ length: 150 }, (_, n) => firingRule(`r-${n}`));
      const failures = await state.commitTick({
        ...tick([broken, ...others]),
        storm: { storm, findings: [commit(member("a", 40))] },
      });
      expect(failures.map(({ ruleId }) => ruleId)).to.deep.equal(["bad"]);
      expect(await storms.living()).to.have.length(1);
      expect(ids(await storms.members(storm.id, 9))).to.deep.equal([idOf("a")]);
    });

    it("are stored with what is decided between ticks, all or nothing", async () => {
      const { state, storms } = test.store;
      const unstorable = { ...member("a", 40), id: "\ud800" };
      const thrown = await state
        .commitFindings([commit(unstorable)], { storm, findings: [] })
        .catch((error: unknown) => error);
      expect(thrown).to.be.instanceOf(Error);
      expect(await storms.living()).to.deep.equal([]);
      await state.commitFindings([commit(member("a", 40))], { storm, findings: [] });
      expect(await storms.living()).to.have.length(1);
    });

    it("give those of their findings that have a ticket, and findings of no storm that wish for one since an instant", async () => {
      const { state, storms, tickets } = test.store;
      const alone = (name: string, wishedAt: number, state: Finding["state"] = "open") => {
        const built = finding(name, { state });
        return commit({ ...built, memory: { ...built.memory, wishedAt } });
      };
      const listed = [member("a", 40), member("b", 60)].map(commit);
      const commits = [...listed, alone("c", start), alone("d", start + 1), alone("e", start + minute, "verified")];
      await state.commitFindings(commits, { storm, findings: [] });
      await tickets.put(ticketRecord("b"));
      expect(ids(await storms.ticketed(storm.id, 9))).to.deep.equal([idOf("b")]);
      const wished = await storms.wished(start, start + minute);
      expect(ids(wished).sort()).to.deep.equal([idOf("d"), idOf("e")].sort());
      expect(wished.filter(({ isOpen }) => isOpen).map(({ id }) => id)).to.deep.equal([idOf("d")]);
    });

    it("end, and are not asked for again; retention deletes them with old events", async () => {
      const { state, storms } = test.store;
      await state.commitFindings([], { storm, findings: [] });
      await storms.end(storm, start + 90 * minute);
      expect(await storms.living()).to.deep.equal([]);
      const retain = (events: number) =>
        test.store.retain({ ticks: 0, evidence: 0, outbox: 0, deploys: 0, now: 0, events });
      expect(await retain(start + 90 * minute)).to.equal(0);
      expect(await retain(start + 91 * minute)).to.equal(1);
    });
  });

  describe("what waits for a ticket", () => {
    const decided = (name: string, score: number, reason: "over_cap" | "storm" | "unchanged") =>
      commit(member(name, score, { decision: { action: "none", reason, at: start } }));

    it("is told apart from what went quiet untold, since it was silenced", async () => {
      const { state } = test.store;
      const silenced = (name: string, overrides: Partial<Finding>) =>
        commit({ ...finding(name, { decision: { action: "none", reason: "silenced", at: start } }), ...overrides });
      const owed = (name: string, findingState: Finding["state"]): Finding => {
        const built = finding(name, {
          state: findingState,
          decision: { action: "update", reason: "goes_on", at: start },
        });
        return { ...built, memory: { ...built.memory, closeOwed: true } };
      };
      await state.commitFindings([
        silenced("a", { state: "quiet", changedAt: start + 1 }),
        silenced("b", { state: "quiet", changedAt: start }),
        silenced("c", { state: "open" }),
        commit({ ...owed("f", "quiet"), changedAt: start + 2 }),
        commit(owed("g", "open")),
        decided("d", 40, "over_cap"),
      ]);
      expect(ids(await state.quietUntold(9))).to.deep.equal([idOf("b"), idOf("a"), idOf("f")]);
      expect(ids(await state.quietUntold(1))).to.deep.equal([idOf("b")]);
    });

    it("is given the highest score first, and counted and listed by why", async () => {
      const { state, history } = test.store;
      await state.commitFindings([
        decided("a", 40, "over_cap"),
        decided("b", 60, "over_cap"),
        decided("c", 50, "storm"),
        decided("d", 70, "unchanged"),
        commit(member("e", 70, { decision: { action: "create", reason: "storm", at: start } })),
      ]);
      expect(ids(await state.waiting(9))).to.deep.equal([idOf("b"), idOf("a")]);
      expect(ids(await state.waiting(1))).to.deep.equal([idOf("b")]);
      expect(Object.fromEntries(await history.countByReason(["over_cap", "storm"]))).to.deep.equal({
        over_cap: 2,
        storm: 1,
      });
      expect(ids((await history.findings({ limit: 9, reason: "storm" })).items)).to.deep.equal([idOf("c")]);
      expect((await history.findings({ limit: 9, storm: storm.id })).items).to.have.length(5);
    });
  });
}
