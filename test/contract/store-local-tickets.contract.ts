import { expect } from "chai";
import type { BackfeedError } from "../../src/support/errors.ts";
import type { StoreUnderTest } from "./store.contract.ts";
import { idOf, localTicket, plain } from "./store-builders.ts";

export function storeLocalTicketPromises(test: StoreUnderTest): void {
  describe("the embedded backlog's tickets", () => {
    it("are numbered in their project, each number once, also when made at the same time", async () => {
      const { localTickets } = test.store;
      const made = await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          localTickets.create(localTicket(`t-${index}`), index < 8 ? undefined : "PAY"),
        ),
      );
      expect(made.map((ticket) => ticket.key)).to.have.members([
        ...Array.from({ length: 8 }, (_, index) => `LOCAL-${index + 1}`),
        ...Array.from({ length: 4 }, (_, index) => `PAY-${index + 1}`),
      ]);
      expect(new Set(made.map((ticket) => ticket.id)).size).to.equal(12);
      await test.restart();
      const next = await test.store.localTickets.create(localTicket("t"), "PAY");
      expect([next.key, next.number]).to.deep.equal(["PAY-5", 5]);
      expect(plain(await test.store.localTickets.byId(made[0]!.id))).to.deep.equal(plain(made[0]));
      expect(plain(await test.store.localTickets.byKey("PAY-5"))).to.deep.equal(plain(next));
    });

    it("are found by label, oldest first, as their labels are now", async () => {
      const { localTickets } = test.store;
      const first = await localTickets.create(localTicket("a"));
      const second = await localTickets.create(localTicket("a"));
      const label = `backfeed-${idOf("a")}`;
      expect((await localTickets.byLabel(label)).map((ticket) => ticket.id)).to.deep.equal([first.id, second.id]);
      await localTickets.change(first.id, (ticket) => ({ ...ticket, labels: ["mine", "mine"] }));
      expect((await localTickets.byLabel(label)).map((ticket) => ticket.id)).to.deep.equal([second.id]);
      expect((await localTickets.byLabel("mine")).map((ticket) => ticket.id)).to.deep.equal([first.id]);
      expect(await localTickets.byLabel("none")).to.deep.equal([]);
    });

    it("are given by when they changed, the oldest change first, and one after another by their id", async () => {
      const { localTickets } = test.store;
      const made = [];
      for (const name of ["a", "b", "c"]) made.push(await localTickets.create(localTicket(name)));
      const at = made[0]!.updatedAt;
      await localTickets.change(made[0]!.id, (ticket) => ({ ...ticket, updatedAt: at + 60_000 }));
      const ids = (tickets: readonly { id: string }[]) => tickets.map(({ id }) => id);
      const [first, second, third] = ids(made);
      expect(ids(await localTickets.changedSince(at, 10))).to.deep.equal([second, third, first]);
      expect(ids(await localTickets.changedSince(at, 2))).to.deep.equal([second, third]);
      expect(ids(await localTickets.changedSince(at + 1, 10))).to.deep.equal([first]);
      expect(ids(await localTickets.changedSince(at + 60_001, 10))).to.deep.equal([]);
      expect(ids(await localTickets.after(undefined, 2))).to.deep.equal([first, second]);
      expect(ids(await localTickets.after(second, 2))).to.deep.equal([third]);
      expect(ids(await localTickets.after(third, 2))).to.deep.equal([]);
    });

    it("change in one transaction, never in id, number or key, and not at all when the change throws", async () => {
      const { localTickets } = test.store;
      const { id, key } = await localTickets.create(localTicket("a"));
      await Promise.all(
        Array.from({ length: 20 }, () =>
          localTickets.change(id, (ticket) => ({ ...ticket, key: "X-1", summary: `${ticket.summary}.` })),
        ),
      );
      const ticket = await localTickets.byId(id);
      expect([ticket?.key, ticket?.summary]).to.deep.equal([key, `a is failing${".".repeat(20)}`]);
      const fails = localTickets.change(id, () => {
        throw new Error("no");
      });
      expect(await fails.catch((error: Error) => error.message)).to.equal("no");
      expect((await localTickets.byId(id))?.summary).to.equal(ticket?.summary);
      const missing = localTickets.change("77", (one) => one);
      expect(await missing.catch((error: BackfeedError) => error.kind)).to.equal("not_found");
    });

    it("list newest first, also by status category", async () => {
      const { localTickets } = test.store;
      const made = [];
      for (const name of ["a", "b", "c"]) made.push(await localTickets.create(localTicket(name)));
      await localTickets.change(made[1]!.id, (ticket) => ({ ...ticket, status: "Done", statusCategory: "done" }));
      const keys = async (statusCategory?: string) =>
        (await localTickets.list({ limit: 9, ...(statusCategory === undefined ? {} : { statusCategory }) })).items.map(
          (ticket) => ticket.key,
        );
      expect(await keys()).to.deep.equal(["LOCAL-3", "LOCAL-2", "LOCAL-1"]);
      expect(await keys("done")).to.deep.equal(["LOCAL-2"]);
      expect(await keys("new")).to.deep.equal(["LOCAL-3", "LOCAL-1"]);
    });

    it("keep attachments by name", async () => {
      const { localTickets } = test.store;
      const { id } = await localTickets.create(localTicket("a"));
      const bytes = new Uint8Array([0, 1, 2, 255]);
      await localTickets.putAttachment(id, "chart.png", "image/png", bytes);
      await localTickets.putAttachment(id, "chart.png", "image/png", bytes);
      const found = await localTickets.attachment(id, "chart.png");
      expect(found).to.deep.equal({ contentType: "image/png", bytes });
      expect(await localTickets.attachment(id, "other.png")).to.equal(undefined);
      expect(await localTickets.attachment("77", "chart.png")).to.equal(undefined);
      const missing = localTickets.putAttachment("77", "x", "y", bytes);
      expect(await missing.catch((error: BackfeedError) => error.kind)).to.equal("not_found");
    });
  });
}
