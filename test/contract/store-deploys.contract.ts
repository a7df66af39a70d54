import { expect } from "chai";
import type { Deploy } from "../../src/model/deploy.ts";
import { buildDeploy } from "../support/deploys.ts";
import type { StoreUnderTest } from "./store.contract.ts";
import { minute, plain, ruleCommit, start, tick } from "./store-builders.ts";

const deploy = (key: string, overrides: Partial<Deploy> = {}) => buildDeploy({ key, at: start, ...overrides });

const kindOf = (work: Promise<unknown>) => work.catch((error: { kind: string }) => error.kind);
const keysOf = (deploys: readonly Deploy[]) => deploys.map(({ key }) => key);

export function storeDeployPromises(test: StoreUnderTest): void {
  describe("deploys", () => {
    it("come back as they were given, hostile texts too, also after a restart", async () => {
      const hostile = { service: "Check'out; drop table deploys", version: "</script>", author: "\u0000\ud800" };
      const given = deploy("a", hostile);
      expect(await test.store.deploys.receive(given)).to.deep.equal({ outcome: "stored", dropped: 0 });
      await test.restart();
      const [found] = await test.store.deploys.ofService(hostile.service.toUpperCase(), start);
      expect(plain(found)).to.deep.equal(plain(given));
    });

    it("are stored once, however often they are told, and learn how they ended", async () => {
      const { deploys } = test.store;
      const begun = deploy("a", { outcome: "started", startedAt: start - minute, at: start - minute });
      expect((await deploys.receive(deploy("a"))).outcome).to.equal("stored");
      expect((await deploys.receive(deploy("a", { receivedAt: start + 9 * minute }))).outcome).to.equal("repeated");
      expect((await deploys.receive(begun)).outcome).to.equal("changed");
      expect((await deploys.receive(begun)).outcome).to.equal("repeated");
      const [found, ...others] = await deploys.ofService("checkout", start);
      expect(others).to.deep.equal([]);
      expect(found).to.include({ startedAt: start - minute, at: start, outcome: "succeeded" });
    });

    it("are given by service, newest first, as far as they had begun by an instant", async () => {
      const { deploys } = test.store;
      await deploys.receive(deploy("old", { at: start - 9 * minute }));
      await deploys.receive(deploy("new", { service: " Checkout " }));
      await deploys.receive(deploy("under way", { startedAt: start - minute, at: start + 5 * minute }));
      await deploys.receive(deploy("later", { at: start + minute }));
      await deploys.receive(deploy("other", { service: "cart" }));
      expect(keysOf(await deploys.ofService("checkout", start))).to.deep.equal(["under way", "new", "old"]);
      expect(await deploys.known(["CHECKOUT", "search"])).to.deep.equal(new Set(["checkout"]));
      expect(await deploys.known([])).to.deep.equal(new Set());
      expect(await deploys.ofService("search", start)).to.deep.equal([]);
    });

    it("are listed by page, newest first, of one service too", async () => {
      const { deploys } = test.store;
      for (let index = 0; index < 5; index++) await deploys.receive(deploy(`${index}`, { at: start + index }));
      await deploys.receive(deploy("cart", { service: "cart" }));
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await deploys.list({ limit: 2, service: "checkout", ...(cursor === undefined ? {} : { cursor }) });
        seen.push(...keysOf(page.items));
        cursor = page.next;
      } while (cursor !== undefined);
      expect(seen).to.deep.equal(["4", "3", "2", "1", "0"]);
      expect((await deploys.list({ limit: 9 })).items).to.have.length(6);
      expect(await kindOf(deploys.list({ limit: 2, cursor: "bm9uc2Vuc2U" }))).to.equal("invalid_request");
    });

    it("are deleted when their time is over", async () => {
      const { store } = test;
      await store.deploys.receive(deploy("old", { at: start - 1 }));
      await store.deploys.receive(deploy("new"));
      const before = { ticks: 0, evidence: 0, outbox: 0, events: 0, now: 0, deploys: start };
      expect(await store.retain(before)).to.equal(1);
      expect(keysOf(await store.deploys.ofService("checkout", start))).to.deep.equal(["new"]);
    });
  });

  describe("since when a rule is watched", () => {
    it("is its first stored tick, for good", async () => {
      const { store } = test;
      await store.state.commitTick(tick([ruleCommit("a")], start));
      await store.state.commitTick(tick([ruleCommit("a"), ruleCommit("b")], start + minute));
      await test.restart();
      const since = await test.store.state.watchedSince(["a", "b", "none"]);
      expect(Object.fromEntries(since)).to.deep.equal({ a: start, b: start + minute });
    });
  });
}
