import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect } from "chai";
import { printFaults } from "../../../src/cli/print-faults.ts";
import type { RuleContext } from "../../../src/rules/context.ts";
import { readRuleFile } from "../../../src/rules/read-rule-file.ts";
import { selectRules } from "../../../src/rules/select-rules.ts";
import { mostYamlBytes } from "../../../src/support/yaml/document.ts";
import { hasErrors } from "../../../src/support/yaml/fault.ts";
import { expectGolden } from "../../support/golden.ts";

const folder = new URL("../../golden/rules/faults/", import.meta.url);
const context: RuleContext = {
  sources: {
    logs: { type: "elasticsearch" },
    metrics: { type: "prometheus" },
    access: { type: "files", tables: ["access"] },
  },
  owners: ["default", "payments"],
};

/** Where alerts of other systems are received, too. */
const receiving: RuleContext = { ...context, sources: { ...context.sources, alertmanager: { type: "alertmanager" } } };

/** What runs although something is said about it. */
const warningsOnly = new Set([
  "burn-too-late",
  "promql-maybe-metricsql",
  "problem-of-two-owners",
  "slo-without-ratio",
  "until-wrong-side-of-usual",
]);

/** How many rules of a file run beside those that are at fault. */
const goesOn: ReadonlyMap<string, number> = new Map([
  ["formerly-of-another", 2],
  ["until-wrong-side-of-usual", 6],
  ["problem-of-two-groups", 1],
  ["problem-of-two-owners", 2],
]);

describe("faults of rule files", () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".yaml"))) {
    const fault = basename(file, ".yaml");
    it(`says where, what and what to write instead: ${fault}`, () => {
      const read = readRuleFile(
        `faults/${file}`,
        readFileSync(new URL(file, folder)),
        fault === "alerts-faults" ? receiving : context,
      );
      const { faults, rules } = selectRules([read], []);
      expect(hasErrors(faults)).to.equal(!warningsOnly.has(fault));
      for (const { line, column, message, fix } of faults) {
        expect(line).to.be.at.least(1);
        expect(column).to.be.at.least(1);
        expect(message).to.not.match(/undefined|\[object|\n/);
        expect(fix).to.not.equal("");
      }
      if (fault !== "many-faults-at-once") {
        expect(rules).to.have.length(goesOn.get(fault) ?? (warningsOnly.has(fault) ? 1 : 0));
      }
      expectGolden(new URL(`${fault}.txt`, folder), printFaults(faults, false));
    });
  }

  it("counts lines and columns through a byte order mark and Windows line ends", () => {
    const text = "\ufeffapiVersion: backfeed/v1\r\nruels: []\r\nrules: []\r\n";
    const { faults } = readRuleFile("windows.yaml", new TextEncoder().encode(text), context);
    expect(faults.map(({ line, column, message }) => [line, column, message])).to.deep.equal([
      [2, 1, "`ruels` is no key here, did you mean `rules`?"],
    ]);
  });

  it("refuses a file over the size limit without parsing it", () => {
    const { faults, readable } = readRuleFile("big.yaml", new Uint8Array(mostYamlBytes + 1), context);
    expect(readable).to.equal(false);
    expect(faults[0]?.message).to.match(/bytes, more than the limit/);
  });

  it("finds depth before the composer recurses, whatever the nesting is made of", () => {
    for (const part of ["- ", "[", "{a: ", "? ", "[{a: "]) {
      const { readable, faults } = readRuleFile("deep.yaml", new TextEncoder().encode(part.repeat(20_000)), context);
      expect(readable).to.equal(false);
      expect(faults.map(({ message }) => message)).to.deep.equal(["values are nested too deeply"]);
    }
  });
});
