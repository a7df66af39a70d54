// One life of the program as a process of its own: `node process.js LIFE` once compiled, with what it needs as JSON. The
// Jira double and the time of day are its parent's: it tells the parent before its clock moves on, and waits for the word.
import { openSqlStore } from "../../../src/store/sql/open-sql-store.ts";
import { ManualClock } from "../../../src/support/clock.ts";
import { trackerFor } from "./backlog.ts";
import { WatchedPorts } from "./ports.ts";
import type { Life } from "./processes.ts";
import { playTimeLine, timeLineSource } from "./time-line.ts";

const life = JSON.parse(process.argv[2] ?? "{}") as Life;
const clock = new ManualClock(life.now);
const never = new Promise<never>(() => undefined);

const ports = new WatchedPorts(async (point) => {
  if (point !== life.killAt) return;
  process.kill(process.pid, "SIGKILL");
  await never;
});
const store = ports.store(await openSqlStore({ url: `sqlite:${life.path}` }));
await playTimeLine({
  clock,
  store,
  source: ports.source(timeLineSource()),
  tracker: ports.tracker(trackerFor(life.backlog, life.url, store, clock)),
  moveTo: (now) =>
    new Promise((resolve) => {
      process.once("message", () => resolve());
      process.send?.({ now });
    }),
});
// It lived to the end of the time line; the parent sees that by the exit code.
process.exit(0);
