#!/usr/bin/env node
import { readFileSync } from "node:fs";
import picocolors from "picocolors";
import { explain } from "./app/explain.ts";
import { importRules } from "./app/import/import-rules.ts";
import { jsonSchema } from "./app/json-schemas.ts";
import { loadRules } from "./app/load-rules.ts";
import { maintenanceLines } from "./app/maintenance.ts";
import { onlineFaults } from "./app/online.ts";
import { recover } from "./app/recover.ts";
import { replay } from "./app/replay/replay.ts";
import { runRuleTests } from "./app/rule-tests/rule-tests.ts";
import { runOnce } from "./app/run.ts";
import { suggest } from "./app/suggest/suggest.ts";
import { runCli } from "./cli/program.ts";
import { systemClock } from "./support/clock.ts";
import { keepHeapSmall } from "./support/heap.ts";
import { type LogLevel, logLevels } from "./support/logging.ts";

/* The process: arguments, signals, exit code. */

// What looks at thousands of ticks is over soon, and a third of its time would be collecting.
if (!["replay", "suggest", "test"].includes(process.argv[2] ?? "")) keepHeapSmall();

const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    // Asked twice: somebody does not want to wait for the drain. 128 + SIGINT, as shells count.
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  });
}
// `backfeed … | head` closes the pipe: that is no fault of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

/** `BACKFEED_LOG_LEVEL`: debug, info, warn, error or silent. */
function logLevel(otherwise: LogLevel): LogLevel {
  const wanted = process.env["BACKFEED_LOG_LEVEL"];
  return logLevels.find((level) => level === wanted) ?? otherwise;
}

process.exitCode = await runCli(process.argv.slice(2), {
  app: {
    loadRules,
    jsonSchema,
    onlineFaults,
    maintenanceLines: (config) => maintenanceLines(config, systemClock.now()),
    // Loaded when it is asked for: a fifth of the start of all other commands was the web server.
    async serve(request) {
      const { serve } = await import("./app/serve.ts");
      return serve({ ...request, logLevel: logLevel("info") });
    },
    run: (request) => runOnce({ ...request, logLevel: logLevel("warn") }),
    recover: (request) => recover({ ...request, logLevel: logLevel("warn") }),
    test: runRuleTests,
    replay,
    importRules,
    suggest,
    now: () => systemClock.now(),
    explain,
  },
  version,
  signal: stop.signal,
  output: {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    errIsTerminal: process.stderr.isTTY === true,
    colours: process.stdout.isTTY === true && picocolors.isColorSupported,
  },
});
