import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect } from "chai";
import { printFaults } from "../../../src/cli/print-faults.ts";
import { readTestFile } from "../../../src/rules/read-test-file.ts";
import { hasErrors } from "../../../src/support/yaml/fault.ts";
import { expectGolden } from "../../support/golden.ts";
import { checkoutRule, runTests } from "../../support/rule-tests.ts";

const folder = new URL("../../golden/rule-tests/faults/", import.meta.url);

const countRule = checkoutRule
  .slice(checkoutRule.indexOf("  - id"))
  .replace("checkout-errors", "orders")
  .replace(/ {6}measure: ratio\n {6}bad: .*\n/, "      measure: count\n")
  .replace(/ {4}when:.*\n {4}until:.*\n {4}impact:[\s\S]*$/, '    schedule: "*/5 * * * *"\n    when: { above: 10 }\n');

const budgetRule = (id: string, more: string) =>
  checkoutRule
    .slice(checkoutRule.indexOf("  - id"))
    .replace("checkout-errors", id)
    .replace(
      / {4}when:.*\n {4}until:.*\n {4}impact:[\s\S]*$/,
      `    when: { burn: { objective: 99%, period: 30d } }\n${more}`,
    );
const budgetRules = [
  budgetRule("odd-window", "").replace("window: 5m", "window: 7m"),
  budgetRule("odd-step", '    schedule: "*/2 * * * *"\n'),
].join("");

const messageRule = countRule
  .replace("id: orders", "id: new-messages")
  .replace(/ {6}by: .*\n/, "")
  .replace('labels["service.name"]', "pattern")
  .replace("{ above: 10 }", "{ new: { pattern_of: message } }");

describe("faults of rule test files", () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".yaml"))) {
    const fault = basename(file, ".yaml");
    it(`says where, what and what to write instead: ${fault}`, async () => {
      const text = readFileSync(new URL(file, folder), "utf8");
      const { faults, results } = await runTests(`${checkoutRule}${countRule}${messageRule}${budgetRules}`, text);
      expect(hasErrors(faults)).to.equal(true);
      for (const { line, column, message, fix } of faults) {
        expect(line).to.be.at.least(1);
        expect(column).to.be.at.least(1);
        expect(message).to.not.match(/undefined|\[object|\n/);
        expect(fix).to.not.equal("");
      }
      expect(results).to.deep.equal([]);
      expectGolden(new URL(`${fault}.txt`, folder), printFaults(faults, false));
    });
  }

  it("never throws, whatever the file holds", () => {
    for (const text of ["", "[]", "tests: 5", "rules: [a]\ntests: [{}]", "\u0000", "a: &a [*a]", "{".repeat(5_000)]) {
      const { faults, tests } = readTestFile("a.test.yaml", new TextEncoder().encode(text));
      expect(hasErrors(faults), text.slice(0, 20)).to.equal(true);
      expect(tests).to.deep.equal([]);
    }
  });
});
