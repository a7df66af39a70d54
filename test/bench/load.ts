import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Table from "cli-table3";
import { request } from "undici";
import { openSqlStore } from "../../src/store/sql/open-sql-store.ts";
import { keepHeapSmall } from "../../src/support/heap.ts";
import { type LoadRun, LoadWorld, requestKinds } from "../support/load-world.ts";

/*
 * `load [findings] [touched]`: many open findings, a tick that touches some of them, and what Jira gets to see of it until all
 * is delivered. Jira is in this process and the clock stands until nobody has anything to do, so that a minute of theirs is a
 * second or two of ours. docs/performance.md says how to read it.
 */

const requestsPerMinute = 600;
const [findings = 10_000, touched = 2_000] = process.argv.slice(2).map(Number);

keepHeapSmall(); // As src/main.ts does.
const folder = mkdtempSync(join(tmpdir(), "backfeed-load-"));
const path = join(folder, "load.db");
const store = await openSqlStore({ url: `sqlite:${path}` });
const load = await LoadWorld.begin({ findings, touched, requestsPerMinute, store });
const cpu = process.cpuUsage();
const run = await load.run({ mostMinutes: 120, afterMinutes: 5 });
const ours = milliseconds(process.cpuUsage(cpu));
const bare = await sendBarely(run.sent);
await load.end();
const full = memoryOf(path, findings);
const empty = memoryOf(join(folder, "empty.db"), 0);
rmSync(folder, { recursive: true, force: true });
print(run);

/** Resident memory in MB of a process that runs ten ticks of it. */
function memoryOf(database: string, open: number): number {
  const script = fileURLToPath(new URL("load-memory.js", import.meta.url));
  const started = spawnSync(process.execPath, [script, database, String(open), String(touched)], { encoding: "utf8" });
  if (started.status !== 0) throw new Error(`${script} failed: ${started.stderr}`);
  return Number(started.stdout);
}

/** The same requests once more and without us: what is left is the work of the Jira in this process, and of undici. */
async function sendBarely(sent: LoadRun["sent"]): Promise<number> {
  const { jira } = load;
  const { email, token } = jira.login.cloud;
  const authorization = `Basic ${Buffer.from(`${email}:${token}`).toString("base64")}`;
  const before = process.cpuUsage();
  for (const { method, path, body } of sent) {
    const answer = await request(`${new URL(jira.url).origin}${path}`, {
      dispatcher: jira.dispatcher,
      method: method as "GET",
      headers: { authorization, "content-type": "application/json", accept: "application/json" },
      body: body === "" ? null : body,
    });
    await answer.body.text();
  }
  return milliseconds(process.cpuUsage(before));
}

function milliseconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1_000;
}

function print({ minutes, mostInMinute, changes, deliveredAfterMs, sent }: LoadRun): void {
  const delivering = minutes.slice(0, Math.ceil(deliveredAfterMs / 60_000));
  const after = minutes.slice(delivering.length + 1);
  const table = new Table({
    head: ["requests a minute", "at most", "while delivering, average", "afterwards, average"],
    style: { head: [], border: [] },
  });
  for (const kind of requestKinds) {
    const of = (some: LoadRun["minutes"]) => some.map((one) => one[kind]);
    table.push([kind, Math.max(...of(minutes)), average(of(delivering)), average(of(after))]);
  }
  const all = (some: LoadRun["minutes"]) => some.map((one) => requestKinds.reduce((sum, kind) => sum + one[kind], 0));
  table.push(["all", Math.max(...all(minutes)), average(all(delivering)), average(all(after))]);
  console.log(
    `${findings} open findings, ${touched} of them touched by one tick, ${requestsPerMinute} requests a minute`,
  );
  console.log(table.toString());
  console.log(
    [
      `most in any sixty seconds: ${mostInMinute}; stated: ${requestsPerMinute * 1.5}, half of a minute's from a bucket that was full`,
      `${changes} words to Jira delivered after ${(deliveredAfterMs / 60_000).toFixed(1)} min, ${(sent.length / changes).toFixed(1)} requests each, reconcile's among them`,
      `CPU beside that of the same requests sent barely to the Jira in this process: ${(ours / bare).toFixed(2)}x (${(ours / 1_000).toFixed(0)} / ${(bare / 1_000).toFixed(0)} s), ${minutes.length} ticks and passes included`,
      `memory of ten ticks beside that of ten without a finding: ${(full / empty).toFixed(2)}x (${full.toFixed(0)} / ${empty.toFixed(0)} MB)`,
    ].join("\n"),
  );
}

function average(values: readonly number[]): string {
  return (values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)).toFixed(0);
}
