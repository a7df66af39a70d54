import { expect } from "chai";
import { printTests } from "../../../src/cli/print-tests.ts";

const place = { file: "rules/a.test.yaml", line: 3, column: 5 };
const start = Date.parse("2026-01-05T10:00:00Z");

function reportOf(count: number, afterMs: number) {
  const differences = Array.from({ length: count }, () => ({
    kind: "unexpected" as const,
    actual: { action: "update", reason: "goes_on", afterMs },
  }));
  const result = { name: "n", rule: "r", place, passed: false, start, ticks: 1, chains: [] };
  const mismatches = [{ afterMs, place, differences }];
  return { files: 1, faults: [], untested: [], results: [{ ...result, mismatches }] };
}

describe("printTests", () => {
  it("tells instants as tests write them", () => {
    const shown = (afterMs: number) => /at (\S+) \(2026/.exec(printTests(reportOf(1, afterMs), false))?.[1];
    const [second, minute, hour] = [1_000, 60_000, 3_600_000];
    expect([11 * minute, 90 * second, 25 * hour + 16 * minute, 48 * hour].map(shown)).to.deep.equal([
      "11m",
      "1m30s",
      "1d1h16m",
      "2d",
    ]);
    expect(printTests(reportOf(1, 0), false)).to.include("at the start (2026");
  });

  it("shows the first twenty differences of an expectation, and says how many there are more", () => {
    const text = printTests(reportOf(25, 0), false);
    expect(text.match(/expected nothing/g)).to.have.length(20);
    expect(text).to.include("    and 5 more differences\n");
    expect(printTests(reportOf(20, 0), false)).to.not.include("more differences");
  });

  it("obeys no escape of what it shows", () => {
    const report = reportOf(1, 0);
    const [result] = report.results;
    if (result === undefined) throw new Error("no result");
    const hostile = { ...result, name: "a\u001b[31m\nFAIL b", rule: "r\u0007" };
    expect(printTests({ ...report, results: [hostile] }, false)).to.match(/^FAIL a FAIL b\n {2}r rules\/a\.test/);
  });
});
