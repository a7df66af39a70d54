import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { printFaults } from "../../../src/cli/print-faults.ts";
import { isNamed } from "../../../src/model/rule-match.ts";
import { readRuleFile } from "../../../src/rules/read-rule-file.ts";
import { ringsOf, withoutRings } from "../../../src/rules/rings.ts";
import { selectRules } from "../../../src/rules/select-rules.ts";
import { expectGolden } from "../../support/golden.ts";
import { buildRule } from "../../support/rules.ts";

const folder = new URL("../../golden/rules/inhibits/", import.meta.url);
const context = { sources: { logs: { type: "elasticsearch" as const } }, owners: ["default"] };
const read = (name: string) =>
  readRuleFile(`inhibits/${name}.yaml`, readFileSync(new URL(`${name}.yaml`, folder)), context);

describe("what rules may explain", () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".yaml"))) {
    const name = basename(file, ".yaml");
    it(`is checked over all rules, and told with its place: ${name}`, () => {
      const { faults } = selectRules([read(name)], []);
      expectGolden(new URL(`${name}.txt`, folder), printFaults(faults, false));
      expect(faults.length > 0).to.equal(name !== "good");
    });
  }

  it("stops no rule when another file changes: it runs, and explains nothing of what is not there", () => {
    expect(selectRules([read("unknown-rules")], []).rules.map(({ id }) => id)).to.deep.equal([
      "checkout-errors",
      "database-down",
    ]);
    const { rules } = selectRules([read("rings")], []);
    expect(Object.fromEntries(rules.map(({ id, inhibits }) => [id, inhibits.map((each) => each.rules)]))).to.deep.equal(
      {
        "cache-down": [],
        "checkout-errors": [],
        "database-down": [],
        "disk-full": [],
        innocent: [["disk-full"]],
      },
    );
  });

  it("is not called unknown while a file cannot be read, or only some files are looked at", () => {
    const unreadable = readRuleFile("broken.yaml", new TextEncoder().encode("rules: ["), context);
    const texts = (faults: readonly { message: string }[]) => faults.map(({ message }) => message).join("\n");
    const named = /there is no rule|no other rule/;
    expect(texts(selectRules([read("unknown-rules")], []).faults)).to.match(named);
    expect(texts(selectRules([read("unknown-rules"), unreadable], []).faults)).to.not.match(named);
    expect(texts(selectRules([read("unknown-rules")], [], { partial: true }).faults)).to.not.match(named);
  });

  it("is one direction: whatever explains whatever, without rings nothing comes back to itself", () => {
    const ids = ["a", "b", "c", "ab", "abc", "cab"];
    const patterns = [...ids, "a*", "*b", "*b*", "*"];
    const inhibits = fc.array(
      fc.record({ rules: fc.array(fc.constantFrom(...patterns), { minLength: 1, maxLength: 3 }) }),
      { maxLength: 2 },
    );
    fc.assert(
      fc.property(fc.array(inhibits, { minLength: ids.length, maxLength: ids.length }), (all) => {
        const rules = ids.map((id, at) =>
          buildRule({
            id,
            inhibits: (all[at] ?? []).map(({ rules: named }) => ({ rules: named, where: {}, equal: [] })),
          }),
        );
        const running = withoutRings(rules);
        expect([...ringsOf(running).keys()]).to.deep.equal([]);
        const rings = ringsOf(rules);
        for (const [id, way] of rings) {
          expect([way[0], way.at(-1)]).to.deep.equal([id, id]);
          for (const [at, next] of way.slice(1).entries()) {
            const from = rules.find((rule) => rule.id === way[at]);
            expect(from?.inhibits.some((each) => isNamed(next, each.rules))).to.equal(true);
          }
        }
        // What is in no ring is as it was written.
        expect(running.filter(({ id }) => !rings.has(id))).to.deep.equal(rules.filter(({ id }) => !rings.has(id)));
      }),
    );
  });

  it("names rules by their ids, where a star is any characters and nothing else is special", () => {
    const pattern = fc.string({ unit: fc.constantFrom("a", "b", "-", "*"), maxLength: 8 });
    const id = fc.string({ unit: fc.constantFrom("a", "b", "-"), maxLength: 10 });
    fc.assert(
      fc.property(pattern, id, (wanted, given) => {
        const expected = new RegExp(`^${wanted.replaceAll("*", ".*")}$`).test(given);
        expect(isNamed(given, [wanted])).to.equal(expected);
      }),
    );
  });
});
