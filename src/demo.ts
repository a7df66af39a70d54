import picocolors from "picocolors";
import { prepareDemo } from "./app/demo/prepare.ts";
import { replayDemo } from "./app/demo/replay.ts";
import { loadRules } from "./app/load-rules.ts";
import { serve } from "./app/serve.ts";
import { runDemo } from "./cli/demo.ts";
import { systemClock } from "./support/clock.ts";

/* The demo's process: arguments, signals, exit code. scripts/demo.mjs starts it in the project's folder. */

const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    // Asked twice: somebody does not want to wait for the drain. 128 + SIGINT, as shells count.
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  });
}
// `npm run demo | head` closes the pipe: that is no fault of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

process.exitCode = await runDemo(process.argv.slice(2), {
  app: {
    loadRules,
    prepare: (options) => prepareDemo({ ...options, now: systemClock.now() }),
    replay: (options) => replayDemo({ ...options, logLevel: "warn" }),
    serve: (request) => serve({ ...request, logLevel: "warn" }),
  },
  signal: stop.signal,
  output: {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    colours: process.stdout.isTTY === true && picocolors.isColorSupported,
    width: process.stdout.columns ?? 100,
    terminal: process.stderr.isTTY === true ? process.stderr : undefined,
  },
});
