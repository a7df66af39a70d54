import { expect } from "chai";
import { openConnections } from "../../../../src/store/sql/connections.ts";
import { createReceivedAlertStore } from "../../../../src/store/sql/received-alert-store.ts";
import { UnreadableRows } from "../../../../src/store/sql/unreadable-rows.ts";
import { buildReceivedAlert } from "../../../support/received-alerts.ts";

describe("the store of received alerts when it is full", () => {
  it("forgets what ended, the longest unheard first, and refuses what would push out an alert that fires", async () => {
    const connections = await openConnections({ url: "sqlite::memory:", access: "write" });
    const alerts = createReceivedAlertStore({ connections, unreadable: new UnreadableRows(undefined), mostKept: 3 });
    const hear = (pod: string, heardAt: number, until?: number) =>
      alerts.hear([{ pod }], (_known, labels) => buildReceivedAlert(labels, { heardAt, until }));
    const pods = async () => (await alerts.all()).map(({ labels }) => labels["pod"]).sort();
    await hear("ended later", 20, 1);
    await hear("ended", 10, 1);
    await hear("a", 5);
    expect(await hear("b", 30)).to.deep.equal({ dropped: 1 });
    expect(await pods()).to.deep.equal(["a", "b", "ended later"]);
    await hear("c", 31);
    const refused = await hear("d", 32).catch((error: { kind: string }) => error.kind);
    expect(refused).to.equal("limit");
    expect(await pods()).to.deep.equal(["a", "b", "c"]);
    await connections.close();
  });
});
