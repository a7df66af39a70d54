import { expect } from "chai";
import type { Deploy } from "../../../../src/model/deploy.ts";
import { openConnections } from "../../../../src/store/sql/connections.ts";
import { createDeployStore } from "../../../../src/store/sql/deploy-store.ts";
import { UnreadableRows } from "../../../../src/store/sql/unreadable-rows.ts";
import { buildDeploy } from "../../../support/deploys.ts";

describe("the store of deploys when it is full", () => {
  it("drops the oldest for a newer one, whichever came first, and says how many", async () => {
    const connections = await openConnections({ url: "sqlite::memory:", access: "write" });
    const deploys = createDeployStore({ connections, unreadable: new UnreadableRows(undefined), mostKept: 3 });
    const receive = (key: string, at: number) => deploys.receive(buildDeploy({ key, at }));
    const keysOf = (all: readonly Deploy[]) => all.map(({ key }) => key);
    for (const at of [2, 1, 3]) expect((await receive(`${at}`, at)).dropped).to.equal(0);
    expect(await receive("4", 4)).to.deep.equal({ outcome: "stored", dropped: 1 });
    expect(keysOf(await deploys.ofService("checkout", 9))).to.deep.equal(["4", "3", "2"]);
    expect((await receive("4", 4)).dropped).to.equal(0);
    await connections.close();
  });
});
