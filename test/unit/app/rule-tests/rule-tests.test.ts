import { readFileSync } from "node:fs";
import { expect } from "chai";
import { formatFault } from "../../../../src/support/yaml/fault.ts";
import { checkoutRule, runTests, runTestsIn, testFolder } from "../../../support/rule-tests.ts";

/** The example of RULES.md section 5, to the letter. */
const example = readFileSync(new URL("../../../golden/rule-tests/example.test.yaml", import.meta.url), "utf8").replace(
  "errors.yaml",
  "a.yaml",
);

function oneTest(series: string, expected: string, more = ""): string {
  return `rules: [a.yaml]\ntests:\n  - name: a test\n    rule: checkout-errors\n    start: 2026-01-05T10:00:00Z\n${more}    series: ${series}\n    expect: ${expected}\n`;
}

const checkout = "labels: { service.name: checkout }";

const countRule = (when: string, more = "") => `
apiVersion: backfeed/v1
rules:
  - id: checkout-errors
    title: '{{ value | number }} orders'
    why: People cannot pay.
    severity: high
    signal: { source: logs, index: "logs-*", measure: count, window: 5m${more} }
    when: ${when}
    until: { for: 2m }
`;

describe("rule tests", () => {
  it("pass as RULES.md's example is written", async () => {
    const { results, faults, untested } = await runTests(checkoutRule, example);
    expect(faults).to.deep.equal([]);
    expect(untested).to.deep.equal([]);
    expect(results.map(({ passed, ticks }) => [passed, ticks])).to.deep.equal([
      [true, 41],
      [true, 16],
    ]);
  });

  for (const [what, from, to] of [
    ["another score", "score: 57", "score: 58"],
    ["another priority", "priority: High", "priority: Highest"],
    ["another summary", "8.0% of", "8.1% of"],
    ["another reason", "all_quiet", "vanished"],
    ["a ticket a minute early", "at: 11m", "at: 10m30s"],
    ["a quiet comment a minute early", "at: 33m", "at: 32m30s"],
    ["no ticket", "tickets: [ { action: create", "alerts: [ ], tickets: [ { action: reopen"],
  ] as const) {
    it(`fail where the example would expect ${what}`, async () => {
      expect(example).to.include(from);
      const { results } = await runTests(checkoutRule, example.replace(from, to));
      expect(results.map(({ passed }) => passed)).to.deep.equal([false, true]);
    });
  }

  it("say what was expected, what would have been filed, and the chain of verdicts that led there", async () => {
    const { results } = await runTests(checkoutRule, example.replace("score: 57", "score: 58"));
    const [{ mismatches, chains } = { mismatches: [], chains: [] }] = results;
    expect(mismatches).to.have.length(1);
    expect(mismatches[0]?.afterMs).to.equal(11 * 60_000);
    expect(mismatches[0]?.differences[0]).to.deep.include({ kind: "other", members: ["score"] });
    expect(chains).to.have.length(1);
    expect(
      chains[0]?.links.map(({ ticks, seen, verdict, state, done }) => [ticks, seen, verdict, state, done]),
    ).to.deep.equal([
      [6, "0.20% < 5.0%", "clear", "inactive", undefined],
      [5, "8.0% > 5.0%", "breached", "pending", undefined],
      [1, "8.0% > 5.0%", "breached", "firing", "create (new_finding) High 57"],
      [6, "8.0% > 5.0%", "breached", "firing", undefined],
      [15, "0.10% < 5.0%", "clear", "recovering", undefined],
      [1, "0.10% < 5.0%", "clear", "ended (recovered)", "comment (all_quiet) High 57"],
      [7, "0.10% < 5.0%", "clear", "inactive", undefined],
    ]);
  });

  it("see what happens after the last expectation, as long as there are values", async () => {
    const tests = oneTest(`[{ ${checkout}, total: 1000, bad: "2x5 80x11" }]`, "[{ at: 10m, tickets: [] }]");
    const { results } = await runTests(checkoutRule, tests);
    expect(results[0]?.mismatches.map(({ afterMs }) => afterMs)).to.deep.equal([undefined]);
  });

  it("count users where they are given, and leave reach to the share of requests where they are not", async () => {
    const series = (users: string) => `[{ ${checkout}, total: 1000, bad: "80x6"${users} }]`;
    const scored = async (users: string, score: number) => {
      const tests = oneTest(series(users), `[{ at: 6m, tickets: [{ action: create, score: ${score} }] }]`);
      return (await runTests(checkoutRule, tests)).results[0]?.mismatches;
    };
    // severity 20 + burn 80x 25, and reach: 8 % of requests 12; 30 of 40 users 20; 10 of any number 2
    expect(await scored("", 57)).to.deep.equal([]);
    expect(await scored(", users: 30, total_users: 40", 65)).to.deep.equal([]);
    expect(await scored(", users: 10", 47)).to.deep.equal([]);
    // And trend 4x 10: what it was last week says nothing of users now.
    expect(await scored(", users: 10, history: { 1w: { total: 1000, bad: 20 } }", 57)).to.deep.equal([]);
  });

  it("compare with last week where the test says what it was", async () => {
    const series = `[{ ${checkout}, total: 1000, bad: "80x6", history: { 1w: { total: 1000, bad: 20 } } }]`;
    // 57 and trend 4x 10
    const tests = oneTest(series, "[{ at: 6m, tickets: [{ action: create, score: 67 }] }]");
    expect((await runTests(checkoutRule, tests)).results[0]?.mismatches).to.deep.equal([]);
  });

  it("compare with what a change is measured against", async () => {
    const rule = countRule("{ change: { versus: 1d, down: 50%, floor: 50 } }");
    const series = '[{ labels: {}, value: "60x3 49x3", history: { 1d: { value: "100x7" } } }]';
    const expected = "[{ at: 3m, tickets: [] }, { at: 4m, tickets: [{ action: create }] }, { at: 7m, tickets: [] }]";
    const { results, faults } = await runTests(rule, oneTest(series, expected));
    expect(faults.map(formatFault)).to.deep.equal([]);
    expect(results[0]?.mismatches).to.deep.equal([]);
  });

  it("leave everything as it is where a query fails or nothing is reported", async () => {
    const series = `[{ ${checkout}, total: "1000x6 !x3 _x3 1000x20", bad: "80x6 !x3 _x3 1x20" }]`;
    const expected = `
      - { at: 5m, tickets: [{ action: create }] }
      - { at: 12m, tickets: [], alerts: [{ ${checkout}, state: firing }] }
      - { at: 13m, tickets: [], alerts: [{ ${checkout}, state: recovering }] }
      - { at: 27m, tickets: [] }
      - { at: 28m, tickets: [{ action: comment, reason: all_quiet }], alerts: [] }`;
    expect((await runTests(checkoutRule, oneTest(series, expected))).results[0]?.mismatches).to.deep.equal([]);
  });

  it("add up label sets that share a ticket", async () => {
    const rule = countRule("{ above: 10 }", ", by: [service.name]").replace("    when:", "    group: []\n    when:");
    const series = "[{ labels: { service.name: a }, value: 20 }, { labels: { service.name: b }, value: 30 }]";
    const tests = oneTest(series, "[{ at: 5m, tickets: [{ action: create, labels: {} }] }]");
    expect((await runTests(rule, tests)).results[0]?.mismatches).to.deep.equal([]);
  });

  it("run every rule that a series names, and two rules of one problem make one ticket", async () => {
    const first = countRule("{ above: 10 }");
    const second = first
      .slice(first.indexOf("  - id"))
      .replace("checkout-errors", "checkout-slow")
      .replace("severity: high", "severity: critical");
    const rules = `${first}${second}`.replaceAll("    until:", "    problem: checkout-down\n    until:");
    const series = '[{ labels: {}, value: 20 }, { rule: checkout-slow, labels: {}, value: "0 0 20 20" }]';
    const expected = `
      - { at: 0m, tickets: [{ action: create, rule: checkout-errors, severity: high }] }
      - { at: 2m, tickets: [{ action: update, reason: priority_raised, rule: checkout-slow, severity: critical }] }
      - { at: 3m, tickets: [{ action: comment, reason: rule_joined }] }`;
    const { results } = await runTests(rules, oneTest(series, expected));
    expect(results[0]?.mismatches).to.deep.equal([]);
  });

  it("file what a rule would file that only reports, and ask no maintenance window", async () => {
    const rule = checkoutRule.replace("    severity", "    mode: report\n    severity");
    expect((await runTests(rule, example)).results.every(({ passed }) => passed)).to.equal(true);
  });

  it("tell the rules that no test names, of all that are configured or of the files that were chosen", async () => {
    const other = countRule("{ above: 10 }").replace("checkout-errors", "never-tested");
    const folder = await testFolder({
      "rules/pay/a.yaml": checkoutRule,
      "rules/pay/a.test.yaml": example,
      "rules/other.yaml": other,
    });
    try {
      const all = await runTestsIn(folder.path);
      expect(all.files).to.equal(1);
      expect(all.untested).to.deep.equal([{ rule: "never-tested", file: "rules/other.yaml", line: 4 }]);
      const chosen = await runTestsIn(folder.path, ["rules/pay/*"]);
      expect([chosen.files, chosen.results.length, chosen.untested]).to.deep.equal([1, 2, []]);
      expect((await runTestsIn(folder.path, ["rules/none/*"])).files).to.equal(0);
    } finally {
      await folder.remove();
    }
  });

  it("find tests beside rules although the configuration's pattern does not match them", async () => {
    const folder = await testFolder({ "rules/a.yaml": checkoutRule, "rules/a.test.yaml": example });
    try {
      const configuration = "config/backfeed.yaml";
      await folder.put(configuration, readFileSync(`${folder.path}/${configuration}`, "utf8").replace("**/*", "a"));
      expect((await runTestsIn(folder.path)).results).to.have.length(2);
    } finally {
      await folder.remove();
    }
  });

  it("run the good rules of a file that has faulty ones, and tell the fault once", async () => {
    const faulty = `${checkoutRule}  - id: broken\n    title: x\n    why: y\n    signal: { source: nowhere, index: a, measure: count }\n    when: { above: 1 }\n`;
    const tests = `${example}  - name: of a faulty rule\n    rule: broken\n    start: 2026-01-05T10:00:00Z\n    series: [{ labels: {}, value: 1 }]\n    expect: [{ at: 1m, tickets: [] }]\n`;
    const { results, faults } = await runTests(faulty, tests);
    expect(results.map(({ passed }) => passed)).to.deep.equal([true, true]);
    expect(new Set(faults.map(({ file, ruleId }) => `${file} ${ruleId}`))).to.deep.equal(
      new Set(["rules/a.yaml broken"]),
    );
  });

  it("run many, each from an empty state", async () => {
    const tests = Array.from({ length: 200 }, (_, number) => {
      const series = `[{ ${checkout}, total: 1000, bad: "80x6" }]`;
      const expected = "[{ at: 6m, tickets: [{ action: create, score: 57 }] }]";
      return oneTest(series, expected)
        .replace(/^[\s\S]*?tests:\n/, "")
        .replace("a test", `test ${number}`);
    });
    const { results } = await runTests(checkoutRule, `rules: [a.yaml]\ntests:\n${tests.join("")}`);
    expect(results.filter(({ passed }) => passed)).to.have.length(200);
  });

  it("tell what is new by messages, and print a pattern's id with what would have been filed", async () => {
    const rule = countRule("{ new: { pattern_of: message, settle: 30m } }").replace(
      "{{ value | number }} orders",
      "{{ pattern }}",
    );
    const series = `
      - { labels: {}, message: "user 17 logged in", value: "3x59" }
      - { labels: {}, message: "payment 4711 refused", value: "_x10 1x49" }
      - { labels: {}, message: "payment 4712 refused", value: "_x20 1x39" }`;
    const create = '{ at: 10m, tickets: [{ action: create, summary: "payment <num> refused" }] }';
    const known =
      "{ at: 40m, tickets: [] }, { at: 42m, tickets: [{ action: comment, reason: all_quiet }], alerts: [] }";
    const good = await runTests(rule, oneTest(series, `[{ at: 9m, tickets: [] }, ${create}, ${known}]`));
    expect(good.faults).to.deep.equal([]);
    expect(good.results.map(({ passed }) => passed)).to.deep.equal([true]);
    const bad = await runTests(rule, oneTest(series, "[{ at: 59m, tickets: [] }]"));
    expect(bad.results.map(({ passed }) => passed)).to.deep.equal([false]);
    expect(JSON.stringify(bad.results)).to.match(/"pattern":"[0-9a-f]{12}"/);
  });
});
