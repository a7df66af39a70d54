import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openSqlStore } from "../../../../src/store/sql/open-sql-store.ts";

let template: Promise<string> | undefined;

/** A store as its first start leaves it, at this path: the schema is made once a process, and copied for each run. */
export async function copyEmptyStore(path: string, folder: string): Promise<void> {
  template ??= make(folder);
  copyFileSync(await template, path);
}

async function make(folder: string): Promise<string> {
  const own = mkdtempSync(join(folder, "backfeed-template-"));
  process.once("exit", () => rmSync(own, { recursive: true, force: true }));
  const path = join(own, "store.db");
  await (await openSqlStore({ url: `sqlite:${path}` })).close();
  return path;
}
