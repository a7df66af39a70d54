import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqlStore } from "../../src/store/sql/open-sql-store.ts";
import { storeContract } from "./store.contract.ts";

describe("SQLite", () => {
  const folder = mkdtempSync(join(tmpdir(), "backfeed-store-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  let opened = 0;
  let url = "";
  storeContract({
    name: "in an SQLite file",
    open: () => {
      url = `sqlite:${join(folder, `${opened++}.db`)}`;
      return openSqlStore({ url });
    },
    reopen: async (store) => {
      await store.close();
      return openSqlStore({ url });
    },
  });
});
