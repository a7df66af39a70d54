import { expect } from "chai";
import type { ReceivedAlert } from "../../src/model/raised-alert.ts";
import { buildReceivedAlert } from "../support/received-alerts.ts";
import type { StoreUnderTest } from "./store.contract.ts";
import { minute, plain, start } from "./store-builders.ts";

const monthMs = 30 * 24 * 60 * minute;
const nothing = { ticks: 0, evidence: 0, outbox: 0, events: 0, deploys: 0 };

export function storeReceivedAlertPromises(test: StoreUnderTest): void {
  describe("received alerts", () => {
    const put = (...alerts: readonly ReceivedAlert[]) => {
      const byPod = new Map(alerts.map((alert) => [alert.labels["pod"], alert]));
      return test.store.receivedAlerts.hear(
        alerts.map(({ labels }) => labels),
        (known, labels) => byPod.get(labels["pod"]) ?? known ?? buildReceivedAlert(labels),
      );
    };

    it("come back as they were given, hostile texts too, also after a restart", async () => {
      const given = buildReceivedAlert({ pod: "</script>\u0000", "a'; drop table received_alerts": "\ud800" });
      expect(await put(given)).to.deep.equal({ dropped: 0 });
      await test.restart();
      expect(plain(await test.store.receivedAlerts.all())).to.deep.equal(plain([given]));
    });

    it("are one for each label set, and who changes one sees what is known of it", async () => {
      await put(buildReceivedAlert({ pod: "a" }), buildReceivedAlert({ pod: "b" }));
      const seen: (string | undefined)[] = [];
      await test.store.receivedAlerts.hear([{ pod: "b" }, { pod: "c" }, { pod: "b" }], (known, labels) => {
        seen.push(known?.labels["pod"]);
        const alert = known ?? buildReceivedAlert(labels);
        return { ...alert, words: { ...alert.words, summary: "changed" } };
      });
      expect(seen).to.deep.equal(["b", undefined]);
      const all = await test.store.receivedAlerts.all();
      expect(all.map(({ labels, words }) => [labels["pod"], words.summary]).sort()).to.deep.equal([
        ["a", undefined],
        ["b", "changed"],
        ["c", "changed"],
      ]);
    });

    it("are not changed at all when one of them cannot be", async () => {
      await put(buildReceivedAlert({ pod: "a" }));
      const failed = await test.store.receivedAlerts
        .hear([{ pod: "a" }, { pod: "b" }], (known, labels) => {
          if (known === undefined) throw new Error("no");
          return { ...buildReceivedAlert(labels), changedAt: 1 };
        })
        .then(
          () => false,
          () => true,
        );
      expect(failed).to.equal(true);
      expect((await test.store.receivedAlerts.all()).map(({ changedAt }) => changedAt)).not.to.include(1);
    });

    it("are forgotten a month after they were spoken of last", async () => {
      await put(buildReceivedAlert({ pod: "old" }, { heardAt: start }));
      await put(buildReceivedAlert({ pod: "new" }, { heardAt: start + minute }));
      expect(await test.store.retain({ ...nothing, now: start + monthMs })).to.equal(0);
      expect(await test.store.retain({ ...nothing, now: start + monthMs + 1 })).to.equal(1);
      expect((await test.store.receivedAlerts.all()).map(({ labels }) => labels["pod"])).to.deep.equal(["new"]);
    });
  });
}
