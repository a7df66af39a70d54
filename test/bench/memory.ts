import { keepHeapSmall } from "../../src/support/heap.ts";
import { createOurs } from "./ours.ts";
import { mixedRules } from "./rules.ts";

/**
 * `memory URL INDEX UNTIL`: thirty ticks of 1,000 rules over an index in a process that does nothing else. Prints its
 * resident memory in MB: the median after a tick, and the most there ever was.
 */
keepHeapSmall(); // As src/main.ts does.
const [url = "", index = "", until = "0"] = process.argv.slice(2);
const rules = mixedRules(1_000).map((rule) => {
  const query = { ...rule.signal.query, target: index };
  return { ...rule, signal: { ...rule.signal, target: index, query } };
});
const ours = await createOurs(url, rules);
const resident: number[] = [];
for (let tick = 0; tick < 30; tick += 1) {
  await ours.tick(Number(until) - 3_600_000 + tick * 60_000);
  resident.push(process.memoryUsage.rss() / 1_048_576);
}
await ours.close();
const median = resident.sort((a, b) => a - b)[Math.floor(resident.length / 2)];
console.log(JSON.stringify({ median, most: process.resourceUsage().maxRSS / 1_024 }));
