import { expect } from "chai";
import type { StoreUnderTest } from "./store.contract.ts";
import { chartOf, evidence, evidenceRequest, idOf, keyOf, plain, start, ticketRecord } from "./store-builders.ts";

export function storeEvidencePromises(test: StoreUnderTest): void {
  describe("evidence", () => {
    it("comes back with its chart's bytes, or without a chart", async () => {
      const { store } = test;
      const chart = chartOf(new Uint8Array(1_000_000).map((_, index) => index % 256));
      await store.evidence.put("1", idOf("a"), evidenceRequest(), evidence({ chart }));
      await store.evidence.put("2", idOf("b"), evidenceRequest(), evidence({ chart: undefined }));
      const found = await store.evidence.ofEntry("1");
      const [section] = found?.sections ?? [];
      expect(section?.chart?.png).to.be.instanceOf(Uint8Array);
      expect(Buffer.compare(section!.chart!.png, chart.png)).to.equal(0);
      expect(section).to.deep.equal({ ...evidence().sections[0], chart });
      expect((await store.evidence.ofEntry("2"))?.sections[0]?.chart).to.equal(undefined);
      expect(await store.evidence.ofEntry("3")).to.equal(undefined);
    });

    it("keeps the charts of every section and of what was under it, each its own bytes", async () => {
      const { store } = test;
      const [one] = evidence({ chart: chartOf([1, 2, 3]) }).sections;
      const infra = [
        { title: "CPU", words: "did not change", chart: chartOf([4]) },
        { title: "the same picture", words: "did not change", chart: chartOf([1, 2, 3]) },
        { title: "nothing drawn", words: "no data", chart: undefined },
      ];
      const [two] = evidence({ chart: undefined, infra }).sections;
      const whole = { collectedAt: start, sections: [one!, two!] };
      await store.evidence.put("1", idOf("a"), evidenceRequest(), whole);
      expect(await store.evidence.ofEntry("1")).to.deep.equal(whole);
    });

    it("of a ticket is what it was filed with and what joined it since, and nothing of the ticket before", async () => {
      const { store } = test;
      const joins = { ...evidenceRequest({ source: "joined" }), joins: true } as const;
      const asked = [evidenceRequest({ source: "before" }), evidenceRequest({ source: "filed" }), joins];
      for (const [place, request] of asked.entries()) {
        await store.evidence.put(`${place}`, idOf("a"), request, evidence({ collectedAt: start + place }));
      }
      const proof = await store.evidence.newest(idOf("a"));
      expect(proof?.request.sections.map(({ source }) => source)).to.deep.equal(["filed", "joined"]);
      expect([proof?.evidence.sections.length, proof?.evidence.collectedAt]).to.deep.equal([2, start + 1]);
    });

    it("of a ticket whose later episode was told is of that episode, with what joined since", async () => {
      const { store } = test;
      const joins = { ...evidenceRequest({ source: "joined" }), joins: true } as const;
      const again = evidenceRequest({ source: "again", episodeStartedAt: start + 2 });
      for (const [place, request] of [evidenceRequest(), joins, again, joins].entries()) {
        await store.evidence.put(`${place}`, idOf("a"), request, evidence({ collectedAt: start + place }));
      }
      const proof = await store.evidence.newest(idOf("a"));
      expect(proof?.request.sections.map(({ source }) => source)).to.deep.equal(["again", "joined"]);
      expect(proof?.request.sections[0]?.episodeStartedAt).to.equal(start + 2);
    });

    it("is newest by when it was collected", async () => {
      const { store } = test;
      expect(await store.evidence.newest(idOf("a"))).to.equal(undefined);
      await store.evidence.put("1", idOf("a"), evidenceRequest({ source: "new" }), evidence({ collectedAt: 20 }));
      await store.evidence.put("2", idOf("a"), evidenceRequest({ source: "old" }), evidence({ collectedAt: 10 }));
      const newest = await store.evidence.newest(idOf("a"));
      expect([newest?.request.sections[0]?.source, newest?.evidence.collectedAt]).to.deep.equal(["new", 20]);
    });
  });

  describe("ticket records", () => {
    it("are one per finding and generation; the highest generation is the finding's", async () => {
      const { tickets } = test.store;
      const first = ticketRecord("a");
      const second = ticketRecord("a", {
        generation: 2,
        ref: { id: "7", key: "PAY-7", url: "u" },
        createdAt: start + 1,
      });
      await tickets.put(second);
      await tickets.put(first);
      await tickets.put(ticketRecord("b", { ref: { id: "8", key: "PAY-8", url: "u" } }));
      expect((await tickets.ofFinding(idOf("a")))?.ref.key).to.equal("PAY-7");
      const found = await tickets.ofFindings([idOf("a"), idOf("b"), idOf("none")]);
      expect([...found].map(([id, record]) => [id, record.ref.key])).to.have.deep.members([
        [idOf("a"), "PAY-7"],
        [idOf("b"), "PAY-8"],
      ]);
      expect((await tickets.byKey("PAY-1"))?.generation).to.equal(1);
      expect(await tickets.byKey("PAY-9")).to.equal(undefined);
      expect((await test.store.history.tickets({ limit: 10 })).items).to.have.length(3);
    });

    it("follow an issue that moved: the old key is no longer theirs", async () => {
      const { tickets } = test.store;
      await tickets.put(ticketRecord("a"));
      const seen = { at: start, status: "Done", statusCategory: "done", resolution: "Fixed", priority: "Low" } as const;
      const moved = ticketRecord("a", { ref: { id: "10001", key: "OPS-4", url: "u" }, seen, groupKey: keyOf("a") });
      await tickets.put(moved);
      expect(await tickets.byKey("PAY-1")).to.equal(undefined);
      expect(plain(await tickets.byKey("OPS-4"))).to.deep.equal(plain(moved));
    });
  });
}
