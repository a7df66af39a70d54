// npm run simulate -- --seeds N [--from S] | --seed S [--keep 1,2,3] | --defects [--seeds N]
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { SingleBar } from "cli-progress";
import { compiledScript } from "../support/compiled-script.ts";
import { runTeardown } from "../support/services/teardown.ts";
import { answerRequest } from "../support/simulation/seeded/batch.ts";
import { defects } from "../support/simulation/seeded/defects.ts";
import { batchScript, findDefect } from "../support/simulation/seeded/find-defect.ts";
import { runSeeds } from "../support/simulation/seeded/seed-runner.ts";
import { Tally } from "../support/simulation/seeded/tally.ts";

/** Broken seeds whose trace is made short and told; of the others only what broke. */
const mostTold = 3;
/** So many seeds inject every fault and reach every decision, or the generator is at fault. */
const seedsThatReachAll = 500;
const usage = "npm run simulate -- --seeds N [--from S] | --seed S [--keep 1,2,3] | --defects [--only NAME]";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "500" },
    from: { type: "string", default: "0" },
    seed: { type: "string" },
    keep: { type: "string" },
    processes: { type: "string", default: String(availableParallelism()) },
    defects: { type: "boolean", default: false },
    only: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

try {
  if (values.help) process.stdout.write(`${usage}\n`);
  else if (values.seed !== undefined) process.exitCode = await one(whole(values.seed), values.keep);
  else if (values.defects) process.exitCode = await allDefects();
  else process.exitCode = await many();
} finally {
  await runTeardown();
}
process.exit();

/** One seed, told line by line. */
async function one(seed: number, keep: string | undefined): Promise<number> {
  const kept = keep === undefined ? {} : { keep: keep.split(",").map(whole) };
  const answer = await answerRequest({ seed, ...kept, shorten: keep === undefined });
  const { outcome, kept: places } = answer.shrunk ?? { outcome: answer.outcome, kept: undefined };
  print(outcome.trace.join("\n"));
  print(`trace ${outcome.hash}`);
  for (const text of outcome.broken) print(`BROKEN ${text}`);
  if (places !== undefined) print(`again, as short: npm run simulate -- --seed ${seed} --keep ${places.join(",")}`);
  return outcome.broken.length === 0 ? 0 : 1;
}

async function many(): Promise<number> {
  const [from, seeds, processes] = [whole(values.from), whole(values.seeds), whole(values.processes)];
  const tally = new Tally();
  const bar = progressBar(seeds);
  const started = performance.now();
  const script = await compiledScript(batchScript);
  const broken = await runSeeds({
    ...{ from, seeds, processes, script },
    onAnswer: ({ outcome }, done) => {
      tally.add(outcome);
      bar?.update(done);
      // A long run tells at once; what is made short comes at its end.
      if (outcome.broken.length > 0) print(`seed ${outcome.seed} breaks ${outcome.broken[0]}`);
      if (bar === undefined && done % 500 === 0) print(`${done} seeds`);
    },
  });
  bar?.stop();
  const seconds = (performance.now() - started) / 1_000;
  for (const { outcome } of broken.slice(0, mostTold)) await tellBroken(outcome.seed);
  print(tally.lines().join("\n"));
  const [faults, reasons] = [tally.neverInjected(), tally.neverReached()];
  print(`faults not injected: ${faults.join(", ") || "none"}`);
  print(`decision reasons not reached: ${reasons.join(", ") || "none"}`);
  const pace = `${seconds.toFixed(0)} s, ${(seeds / seconds).toFixed(1)} seeds/s`;
  print(`${seeds} seeds from ${from}, ${broken.length} broken, ${pace}`);
  // Fewer may miss what is rare by chance.
  const isBlind = seeds >= seedsThatReachAll && faults.length + reasons.length > 0;
  return broken.length === 0 && !isBlind ? 0 : 1;
}

async function tellBroken(seed: number): Promise<void> {
  const { outcome, shrunk } = await answerRequest({ seed, shorten: true });
  const { outcome: shortest, kept } = shrunk ?? { outcome, kept: [] };
  print(`\nseed ${seed} breaks ${outcome.broken.length === 1 ? "this" : "these"}:`);
  for (const text of outcome.broken.slice(0, 5)) print(`  ${text}`);
  print(`its shortest trace (npm run simulate -- --seed ${seed} --keep ${kept.join(",")}):`);
  for (const line of shortest.trace) print(`  ${line}`);
  for (const text of shortest.broken.slice(0, 5)) print(`  BROKEN ${text}`);
}

async function allDefects(): Promise<number> {
  const [from, seeds, processes] = [whole(values.from), whole(values.seeds), whole(values.processes)];
  let missed = 0;
  for (const defect of defects.filter(({ name }) => values.only === undefined || name === values.only)) {
    const found = await findDefect({ defect, from, seeds, processes });
    if (found === undefined) missed += 1;
    const missing = `NOT caught within ${seeds} seeds from ${from}`;
    const what = found === undefined ? missing : `seed ${found.seed}: ${found.broken[0]}`;
    print(`${defect.name.padEnd(32)} ${what}`);
  }
  return missed === 0 ? 0 : 1;
}

function progressBar(total: number): SingleBar | undefined {
  if (!process.stderr.isTTY) return undefined;
  const bar = new SingleBar({ format: "{bar} {value}/{total} seeds, {eta_formatted} left", stream: process.stderr });
  bar.start(total, 0);
  return bar;
}

function whole(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  process.stderr.write(`"${text}" is not a whole number\n${usage}\n`);
  process.exit(2);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
