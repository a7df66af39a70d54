import { createOurs } from "./ours.ts";
import { mixedRules } from "./rules.ts";

/** Prints the resident memory, in MB, of this process after twenty ticks of 1,000 rules over an index. */
const [url = "", index = "", until = "0"] = process.argv.slice(2);
const rules = mixedRules(1_000).map((rule) => {
  const query = { ...rule.signal.query, target: index };
  return { ...rule, signal: { ...rule.signal, target: index, query } };
});
const ours = await createOurs(url, rules);
for (let tick = 0; tick < 20; tick += 1) await ours.tick(Number(until) - 3_600_000 + tick * 60_000);
const { rss } = process.memoryUsage();
await ours.close();
console.log(rss / 1_048_576);
