// npm test: set-up, then every check of the project, each run even when an earlier one failed. Arguments go to mocha:
// npm test -- --grep "settles late data", or a test file to run only that one. The last line is "N passed, N failed", with ", N skipped" when there are any.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, install, root, run, runScript } from "./setup.mjs";

const suites = "test/{unit,contract,scenario,simulation,browser}/**/*.test.ts";
const total = { passed: 0, failed: 0, skipped: 0 };

if (!check("dependencies", install)) finish();
check("build", build);
check("types", () => runScript("types"));
check("lint", () => runScript("lint"));
check("dead code", () => runScript("dead"));
title("tests");
addCounts(runMocha(process.argv.slice(2)));
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

/** The counts of a mocha run; one that ended badly without a failed test (it did not load, found no test) is one failure. */
function runMocha(extra) {
  const folder = mkdtempSync(join(tmpdir(), "backfeed-test-"));
  const summary = join(folder, "summary.json");
  const report = ["--reporter", join(root, "scripts/summary-reporter.mjs"), "--reporter-option", `summary=${summary}`];
  // In CI everything must run: a skipped test, for example for want of a service, is a failure.
  const strict = process.env.CI === "true" ? ["--forbid-pending"] : [];
  try {
    const mocha = join(root, "node_modules/mocha/bin/mocha.js");
    const files = extra.some((argument) => argument.endsWith(".test.ts")) ? [] : [suites];
    const passed = run(process.execPath, [mocha, "--fail-zero", ...strict, ...report, ...extra, ...files]);
    const counts = readCounts(summary);
    return passed || counts.failed > 0 ? counts : { ...counts, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

function addCounts(counts) {
  for (const name of Object.keys(total)) total[name] += counts[name];
}

function finish() {
  const { passed, failed, skipped } = total;
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  process.exit(failed > 0 ? 1 : 0);
}
