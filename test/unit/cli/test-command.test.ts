import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { jsonSchema } from "../../../src/app/json-schemas.ts";
import { loadRules } from "../../../src/app/load-rules.ts";
import { runRuleTests } from "../../../src/app/rule-tests/rule-tests.ts";
import { runCli } from "../../../src/cli/program.ts";
import { expectGolden } from "../../support/golden.ts";
import type { ProjectFolder } from "../../support/project-folder.ts";
import { checkoutRule, testFolder } from "../../support/rule-tests.ts";
import { readXml } from "../../support/well-formed-xml.ts";

const golden = new URL("../../golden/rule-tests/", import.meta.url);
const example = readFileSync(new URL("example.test.yaml", golden), "utf8");
const failing = example
  .replace("score: 57", "score: 58")
  .replace("at: 32m, tickets: []", "at: 32m, alerts: [ { labels: { service.name: checkout }, state: firing } ]")
  .replace("reason: all_quiet", "reason: vanished");

describe("backfeed test", () => {
  let folder: ProjectFolder;
  const make = async (tests: string, rules = checkoutRule) => {
    folder = await testFolder({ "rules/errors.yaml": rules, "rules/errors.test.yaml": tests });
  };
  afterEach(() => folder.remove());

  async function run(args: readonly string[], colours = false) {
    const told = { out: "", err: "" };
    const baseDirectory = folder.path;
    const code = await runCli(["test", ...args], {
      app: {
        loadRules: (options) => loadRules({ ...options, baseDirectory, environment: {} }),
        jsonSchema,
        test: (request) => runRuleTests({ ...request, baseDirectory }),
      },
      version: "1.2.3",
      signal: new AbortController().signal,
      output: {
        out: (text) => {
          told.out += text;
        },
        err: (text) => {
          told.err += text;
        },
        colours,
      },
    });
    return { code, ...told };
  }

  it("says how many passed", async () => {
    await make(example);
    expect(await run([])).to.deep.equal({ code: 0, out: "2 tests passed in 1 file\n", err: "" });
    expect((await run(["--require-tests"])).code).to.equal(0);
  });

  it("ends with 1 and says what was expected, what would have been filed, and what led there", async () => {
    await make(failing);
    const { code, out } = await run([]);
    expect(code).to.equal(1);
    expectGolden(new URL("failing.txt", golden), out);
  });

  it("paints what was expected and what was got on a terminal", async () => {
    await make(failing);
    const { out } = await run([], true);
    expect(out).to.include("\u001b[31m- expected create, High, score 58");
    expect(out).to.include("\u001b[32m+ got      create (new_finding), High, score 57");
  });

  it("ends with 1 where a rule or a test file is faulty, and runs what is good", async () => {
    await make(example, checkoutRule.replace("severity: critical", "severity: fatal"));
    const faultyRule = await run([]);
    expect(faultyRule.code).to.equal(1);
    expect(faultyRule.out).to.include('`severity` cannot be "fatal"');
    await folder.put("rules/errors.yaml", checkoutRule);
    await folder.put("rules/other.test.yaml", "rules: [errors.yaml]\ntests: 5\n");
    const faultyTest = await run([]);
    expect(faultyTest.code).to.equal(1);
    expect(faultyTest.out).to.include("rules/other.test.yaml:2:8").and.to.include("2 tests passed in 2 files");
  });

  it("ends with 2 where no test matches, the configuration is faulty, or the report cannot be written", async () => {
    await make(example);
    expect(await run(["rules/none*"])).to.deep.include({
      code: 2,
      err: "error: no rule test matches rules/none*; they are named *.test.yaml\n",
    });
    expect((await run(["--junit", join(folder.path, "no/such/folder.xml")])).code).to.equal(2);
    await folder.put("config/backfeed.yaml", "apiVersion: backfeed/v2\n");
    expect((await run([])).code).to.equal(2);
  });

  it("lists the rules without a test, and ends with 1 for them when it is told to", async () => {
    await make(
      example,
      `${checkoutRule}${checkoutRule.slice(checkoutRule.indexOf("  - id")).replace("checkout-errors", "never-tested")}`,
    );
    const { code, out } = await run([]);
    expect(code).to.equal(0);
    expect(out).to.include("1 rule without a test:\n  never-tested rules/errors.yaml:");
    expect((await run(["--require-tests"])).code).to.equal(1);
  });

  it("prints all of it for machines", async () => {
    await make(failing);
    const { code, out } = await run(["--json"]);
    expect(code).to.equal(1);
    const { results, summary, untested } = JSON.parse(out) as Record<string, unknown> & { results: unknown[] };
    expect(summary).to.deep.equal({ tests: 2, passed: 1, failed: 1, files: 1, untested: 0, exitCode: 1 });
    expect(untested).to.deep.equal([]);
    expect(results[0]).to.have.nested.property("mismatches[0].differences[0].actual.score", 57);
  });

  it("annotates a pull request at the tests that failed", async () => {
    await make(failing);
    const { code, out } = await run(["--format", "github"]);
    expect(code).to.equal(1);
    const [first, ...rest] = out.split("\n");
    expect(first).to.match(
      /^::error file=rules\/errors\.test\.yaml,line=3,col=5,title=backfeed%3A checkout-errors::twelve/,
    );
    expect(first).to.include("%0A      score: expected 58, got 57%0A");
    expect(rest).to.deep.equal(["1 of 2 tests failed in 1 file", ""]);
  });

  it("writes JUnit XML that a parser reads, whatever names and texts hold", async () => {
    const hostile = '</testcase><x a=\\"\\u0000\\u001b[31m]]> & \\ufffe';
    await make(
      failing
        .replace("name: twelve bad minutes", `name: "${hostile}`)
        .replace("closes the episode", 'closes"')
        .replaceAll("service.name: checkout", `service.name: "${hostile}"`),
    );
    await folder.put("rules/bad.test.yaml", 'rules: [errors.yaml]\n"<&>\\"": 1\n');
    const file = join(folder.path, "report.xml");
    expect((await run(["--junit", file])).code).to.equal(1);
    const report = readXml(readFileSync(file, "utf8"));
    expect(report.attributes).to.deep.include({ tests: "4", failures: "1", errors: "2" });
    expect(report.children.map(({ attributes }) => attributes["name"])).to.deep.equal([
      "rules/bad.test.yaml",
      "rules/errors.test.yaml",
    ]);
    const [first, second] = report.children[1]?.children ?? [];
    expect(first?.attributes["name"]).to.match(/^<\/testcase><x a="/);
    expect(first?.attributes).to.deep.include({
      classname: "checkout-errors",
      file: "rules/errors.test.yaml",
      line: "3",
    });
    expect(first?.children[0]?.name).to.equal("failure");
    expect(first?.children[0]?.text).to.include("what led there: checkout-errors, service.name=</testcase>");
    expect(second?.children).to.deep.equal([]);
  });
});
