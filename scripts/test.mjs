// npm test: set-up, then every check of the project, each run even when an earlier one failed, the tests in two mocha
// processes at a time. With arguments they run in one, which gets them:
// npm test -- --grep "settles late data", or a test file to run only that one. The last line is "N passed, N failed", with ", N skipped" when there are any.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { judge, mochaGroups, reportTo, runGroups } from "./mocha-groups.mjs";
import { build, install, root, run, runScript } from "./setup.mjs";

const total = { passed: 0, failed: 0, skipped: 0 };

if (!check("dependencies", install)) finish();
check("build", build);
check("types", () => runScript("types"));
check("lint", () => runScript("lint"));
check("dead code", () => runScript("dead"));
title("tests");
const extra = process.argv.slice(2);
// In CI everything must run: a skipped test, for example for want of a service, is a failure.
const strict = process.env.CI === "true" ? ["--forbid-pending"] : [];
addCounts(extra.length > 0 ? runMocha(extra) : await runGroups(mochaGroups(), ["--fail-zero", ...strict]));
finish();

/** One check that either holds or counts as one failure. */
function check(name, step) {
  title(name);
  const passed = step();
  if (!passed) {
    total.failed += 1;
    console.log(`failed: ${name}`);
  }
  return passed;
}

function title(name) {
  console.log(`\n== ${name}`);
}

/** One mocha that says everything as it happens: for arguments that choose among the tests. */
function runMocha(extra) {
  const folder = mkdtempSync(join(tmpdir(), "backfeed-test-"));
  const summary = join(folder, "summary.json");
  try {
    const mocha = join(root, "node_modules/mocha/bin/mocha.js");
    const files = extra.some((argument) => argument.endsWith(".test.ts")) ? [] : ["test/**/*.test.ts"];
    const passed = run(process.execPath, [mocha, "--fail-zero", ...strict, ...reportTo(summary), ...extra, ...files]);
    return judge(summary, passed, "mocha ended badly, or found no test");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function addCounts(counts) {
  for (const name of Object.keys(total)) total[name] += counts[name];
  for (const name of counts.titles) console.log(`failed: ${name}`);
}

function finish() {
  const { passed, failed, skipped } = total;
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  process.exit(failed > 0 ? 1 : 0);
}
