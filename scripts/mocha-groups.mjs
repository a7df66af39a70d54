// The suites as mocha processes, two side by side: one for whatever needs a real Elasticsearch, so that each version is
// started once and no second node takes memory, one for each simulation, and one for each other folder of test/. What a
// group says is printed when it has ended, a line of progress in between.
import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./setup.mjs";

const atOnce = Math.min(2, availableParallelism());
/** The longest first, so that the last ones end at about the same time; folders that are not named come before the last. */
const order = ["elasticsearch", "simulation", "scenario", "contract", "unit", "browser"];
/** A test that hangs, even in a loop that no timer of mocha interrupts, ends here: well before CI's 90 minutes. */
const limitMs = 75 * 60_000;
const progressMs = 30_000;

/** The test files by group, in the order in which to start them. */
export function mochaGroups() {
  const groups = new Map();
  for (const path of readdirSync(join(root, "test"), { recursive: true }).sort()) {
    if (!path.endsWith(".test.ts")) continue;
    const file = join(root, "test", path);
    const name = groupOf(path, readFileSync(file, "utf8"));
    groups.set(name, [...(groups.get(name) ?? []), file]);
  }
  return [...groups].map(([name, files]) => ({ name, files })).sort((a, b) => rank(a) - rank(b));
}

function groupOf(path, text) {
  if (/\/services\/elasticsearch\.ts"/.test(text)) return "elasticsearch";
  const [folder, ...below] = path.split("/");
  return folder === "simulation" ? `simulation-${below.join("-").replace(".test.ts", "")}` : folder;
}

function rank({ name }) {
  const at = order.findIndex((each) => name.startsWith(each));
  return at === -1 ? order.length - 1.5 : at;
}

/** Runs all groups; gives their counts, added up, and the titles of what failed. `args` go to every mocha. */
export async function runGroups(groups, args) {
  const begun = Date.now();
  const folder = mkdtempSync(join(tmpdir(), "backfeed-test-"));
  const waiting = [...groups];
  const running = new Set();
  const ended = [];
  const progress = setInterval(() => {
    const now = [...running].map(({ name, summary }) => `${name} ${done(readCounts(summary))}`);
    console.log(`${clock(begun)}  ${now.join(", ")}`);
  }, progressMs);
  const work = async () => {
    for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
      const files = { summary: join(folder, `${group.name}.json`), output: join(folder, `${group.name}.log`) };
      const run = { ...group, ...files, begun: Date.now() };
      running.add(run);
      const counts = await runGroup(run, args, begun + limitMs);
      running.delete(run);
      console.log(`\n== tests: ${run.name} (${clock(run.begun)})\n${readFileSync(run.output, "utf8")}`);
      ended.push(counts);
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, work));
  } finally {
    clearInterval(progress);
    rmSync(folder, { recursive: true, force: true });
  }
  return addUp(ended);
}

async function runGroup({ name, files, summary, output }, args, deadline) {
  // Mocha's own command and not its wrapper, which would leave it alive when it is killed.
  const command = realpathSync(join(root, "node_modules/mocha/lib/cli/cli.js"));
  const mocha = ["--import=tsx", command, ...reportTo(summary), ...args];
  const file = openSync(output, "w");
  const child = spawn(process.execPath, [...mocha, ...files], { cwd: root, stdio: ["ignore", file, file] });
  closeSync(file);
  const limit = setTimeout(() => {
    console.log(`${name}: ended after ${clock(deadline - limitMs)}, since all tests together may not take longer`);
    child.kill("SIGKILL");
  }, deadline - Date.now());
  const code = await new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (status, signal) => resolve(status ?? signal));
  });
  clearTimeout(limit);
  return judge(summary, code === 0, `${name}: mocha ended with ${code}`);
}

/** The options that make mocha write its counts to a file. */
export function reportTo(summary) {
  return ["--reporter", join(root, "scripts/summary-reporter.mjs"), "--reporter-option", `summary=${summary}`];
}

/** The counts of a mocha run; one that ended badly or too soon without a failed test is one failure. */
export function judge(summary, passed, otherwise) {
  const counts = readCounts(summary);
  const whole = counts.ended && (passed || counts.failed > 0);
  return whole ? counts : { ...counts, failed: counts.failed + 1, titles: [...counts.titles, otherwise] };
}

function readCounts(summary) {
  try {
    return JSON.parse(readFileSync(summary, "utf8"));
  } catch {
    return { passed: 0, failed: 0, skipped: 0, titles: [], ended: false };
  }
}

function addUp(all) {
  const sum = (name) => all.reduce((total, counts) => total + counts[name], 0);
  return {
    passed: sum("passed"),
    failed: sum("failed"),
    skipped: sum("skipped"),
    titles: all.flatMap(({ titles }) => titles),
  };
}

function done({ passed, failed, skipped }) {
  return `${passed + failed + skipped} done${failed > 0 ? `, ${failed} failed` : ""}`;
}

/** Minutes and seconds since an instant. */
function clock(since) {
  const seconds = Math.round((Date.now() - since) / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
