import { openSqlStore } from "../../src/store/sql/open-sql-store.ts";
import { keepHeapSmall } from "../../src/support/heap.ts";
import { ticksWithoutJira } from "../support/load-world.ts";

/** `load-memory DATABASE FINDINGS TOUCHED`: ten ticks in a process that does nothing else. Prints the median of its resident memory in MB. */
keepHeapSmall(); // As src/main.ts does.
const [path = "", findings = "0", touched = "0"] = process.argv.slice(2);
const store = await openSqlStore({ url: `sqlite:${path}` });
const resident: number[] = [];
await ticksWithoutJira(store, {
  ...{ findings: Number(findings), touched: Number(touched), ticks: 10 },
  each: () => resident.push(process.memoryUsage.rss() / 1_048_576),
});
console.log(resident.sort((a, b) => a - b)[5]);
