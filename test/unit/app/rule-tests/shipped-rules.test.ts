import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { parse } from "yaml";
import { runReadyTest, testGround } from "../../../../src/app/rule-tests/rule-tests.ts";
import { listRuleFiles } from "../../../../src/rules/rule-files.ts";
import { checkoutRule, loadTestsIn, runTests, testFolder } from "../../../support/rule-tests.ts";
import { survivorsOf } from "../../../support/surviving-mutations.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const never = new AbortController().signal;

/** Between them they load every rule that is shipped. */
const configurations = ["config/backfeed.yaml", "config/packs.yaml", "config/demo.yaml"];

describe("the tests of shipped rules", function () {
  this.timeout(600_000);

  for (const configuration of configurations) {
    it(`pass, and every rule has one: ${configuration}`, async () => {
      const { ready, faults, untested, loaded } = await loadTestsIn(root, configuration);
      expect([...loaded.allFaults, ...faults]).to.deep.equal([]);
      expect(untested).to.deep.equal([]);
      const ground = testGround(loaded);
      const failed: string[] = [];
      for (const each of ready) {
        const { passed, name, mismatches } = await runReadyTest(each, ground, never);
        if (!passed) failed.push(`${name} ${JSON.stringify(mismatches)}`);
      }
      expect(failed).to.deep.equal([]);
    });

    it(`fail when a limit of their rule moves 1 % past their data, or a time to hold or a floor is dropped: ${configuration}`, async () => {
      const { ready, loaded } = await loadTestsIn(root, configuration);
      const ground = testGround(loaded);
      const survivors: string[] = [];
      for (const rule of loaded.state.rules) {
        const tests = ready.filter(({ rules }) => rules.some(({ id }) => id === rule.id));
        survivors.push(...(await survivorsOf(rule, tests, ground)).map((what) => `${rule.id}: ${what}`));
      }
      expect(survivors).to.deep.equal([]);
    });
  }

  it("are told of by no file that no configuration loads", async () => {
    const baseDirectory = root;
    const shipped = await listRuleFiles({ patterns: ["rules/**/*.yaml", "examples/**/*.yaml"], baseDirectory });
    const loaded = await Promise.all(configurations.map((file) => loadTestsIn(root, file)));
    const files = new Set(loaded.flatMap((each) => each.loaded.state.rules.map(({ location }) => location.file)));
    expect(shipped.filter((file) => !files.has(file) && file !== "examples/owners.yaml")).to.deep.equal([]);
  });

  it("would not be enough if they showed no value near a limit's other side, and the check says so", async () => {
    const tests = (bad: string, expected: string) =>
      `rules: [a.yaml]\ntests:\n  - name: t\n    rule: checkout-errors\n    start: 2026-01-05T10:00:00Z\n    series: [{ labels: { service.name: a }, total: 1000, bad: "${bad}" }]\n    expect: [${expected}]\n`;
    const folder = await testFolder({
      "rules/a.yaml": checkoutRule,
      "rules/a.test.yaml": tests("80x5", "{ at: 5m, tickets: [{ action: create }] }"),
    });
    try {
      const { ready, loaded } = await loadTestsIn(folder.path);
      const [rule] = loaded.state.rules;
      if (rule === undefined) throw new Error("no rule");
      // At the last tick it fires; when it fires at once the create is decided before and still in time.
      expect(await survivorsOf(rule, ready, testGround(loaded))).to.deep.equal([
        "when.above 0.05: the tests show no value that is not above it",
        "until.below 0.02: the tests show no value below it",
        "until.below 0.02: the tests show no value that is not below it",
        "when.for is dropped",
        "when.min_bad_events is dropped",
        "until.for is dropped",
      ]);
    } finally {
      await folder.remove();
    }
  });
});

describe("what docs/rules.md says of tests", () => {
  const page = readFileSync(`${root}docs/rules.md`, "utf8");

  it("is a test that passes", async () => {
    const [, example] = /```yaml\n(# yaml-language-server: \$schema=[^\n]*tests\.json\n[\s\S]*?)```/.exec(page) ?? [];
    const { results, faults } = await runTests(checkoutRule, example?.replace("errors.yaml", "a.yaml") ?? "");
    expect(faults).to.deep.equal([]);
    expect(results.map(({ mismatches }) => mismatches)).to.deep.equal([[]]);
  });

  it("comes with a workflow that sets what it passes on, and asks for what the commands have", () => {
    const workflow = parse(readFileSync(`${root}docs/ci/backfeed-rules.yml`, "utf8")) as {
      env: Record<string, string>;
      jobs: { rules: { steps: readonly { run?: string }[] } };
    };
    const commands = workflow.jobs.rules.steps.flatMap(({ run }) => run ?? []);
    expect(commands).to.have.length(2);
    for (const command of commands) {
      const passed = [...command.matchAll(/--env (\w+)/g)].map(([, name = ""]) => name);
      expect(Object.keys(workflow.env)).to.include.members(passed);
      expect(command).to.match(
        /\/app\/dist\/main\.js (check --format github|test --require-tests --format github --junit \S+)$/,
      );
    }
  });
});
