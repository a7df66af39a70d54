/*
 * `npm run patterns`: mines 1,000,000 log messages of which 100,000 are random words, in ticks of 10,000 as the program
 * judges them, each from what is stored of the ticks before. Prints time and memory, and fails where the patterns go
 * over their limit, where that is not told, or where a restart at other ticks gives other patterns.
 */
import { createRandom, logMessages, PatternWatch, patternRule } from "../support/log-stream.ts";

const count = 1_000_000;
const randomEvery = 10;
const most = 1_000;

interface Mined {
  readonly patterns: ReadonlyMap<string, string>;
  readonly known: number;
  readonly notEvaluated: number;
  readonly fullAtTick: number | undefined;
  readonly seconds: number;
  readonly longestMs: number;
  readonly heapMb: readonly number[];
}

async function mine(perTick: number): Promise<Mined> {
  const random = createRandom(17);
  const watch = new PatternWatch(patternRule(most));
  await watch.tick([...logMessages(10_000, 0, random)]);
  const known = watch.patterns.size;
  const messages = logMessages(count, randomEvery, random);
  const heapMb: number[] = [];
  const began = performance.now();
  let notEvaluated = 0;
  let fullAtTick: number | undefined;
  let longestMs = 0;
  for (let tick = 1; tick <= count / perTick; tick += 1) {
    const said = Array.from({ length: perTick }, () => messages.next().value as string);
    const from = performance.now();
    const judgement = await watch.tick(said);
    longestMs = Math.max(longestMs, performance.now() - from);
    if (judgement.failure !== undefined) throw new Error(judgement.failure.message);
    notEvaluated += judgement.notEvaluated;
    if (judgement.learned?.fullSince !== undefined) fullAtTick ??= tick;
    if (watch.patterns.size > most) throw new Error(`${watch.patterns.size} patterns, the limit is ${most}`);
    if (tick % (count / perTick / 10) === 0) heapMb.push(heapInUse());
  }
  const seconds = (performance.now() - began) / 1_000;
  return { patterns: watch.patterns, known, notEvaluated, fullAtTick, seconds, longestMs, heapMb };
}

/** What is alive: without `--expose-gc` what the collector has not looked at is in it too. */
function heapInUse(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1_048_576;
}

const before = heapInUse();
const mined = await mine(10_000);
const { patterns, known, notEvaluated, fullAtTick, seconds, longestMs, heapMb } = mined;
const megabytes = (value: number) => `${value.toFixed(1)} MB`;
console.log(`${count} messages, ${count / randomEvery} of them random, in ticks of 10000`);
console.log(`patterns: ${known} of what is said, ${patterns.size} at the end, limit ${most}`);
console.log(`limit reached at tick ${fullAtTick ?? "none"}, messages without a pattern ${notEvaluated}`);
console.log(
  `time: ${seconds.toFixed(1)} s, ${((seconds * 1e6) / count).toFixed(1)} us a message, longest tick ${longestMs.toFixed(0)} ms`,
);
console.log(
  `heap in use: ${megabytes(before)} before; at each tenth ${heapMb.map((value) => value.toFixed(1)).join(", ")} MB`,
);
console.log(`most memory of the process: ${megabytes(process.resourceUsage().maxRSS / 1_024)}`);
if (patterns.size !== most || fullAtTick === undefined || notEvaluated === 0)
  throw new Error("the limit was not reached and told");
const again = await mine(2_500);
const same =
  again.patterns.size === patterns.size && [...patterns].every(([id, shape]) => again.patterns.get(id) === shape);
if (!same) throw new Error("ticks of 2500 gave other patterns");
console.log("ticks of 2500, each from what is stored: the same patterns with the same ids");
