import { expect } from "chai";
import fc from "fast-check";
import { stringify } from "yaml";
import { readRuleFile } from "../../../src/rules/read-rule-file.ts";
import { ruleSchema } from "../../../src/rules/schema.ts";
import { selectRules } from "../../../src/rules/select-rules.ts";

const context = { sources: { logs: { type: "elasticsearch" as const } }, owners: ["default"] };
const encode = (text: string) => new TextEncoder().encode(text);

/** Reads as the catalogue does; whatever comes in, faults come out. */
function read(bytes: Uint8Array): void {
  const file = readRuleFile("any.yaml", bytes, context);
  const { faults } = selectRules([file], []);
  for (const { line, column, message, fix, severity } of faults) {
    expect(line).to.be.at.least(1);
    expect(column).to.be.at.least(1);
    expect(message).to.not.equal("");
    expect(fix).to.not.equal("");
    expect(["error", "warning"]).to.include(severity);
  }
  if (!file.readable) expect(faults).to.not.have.length(0);
  for (const entry of file.entries) {
    if (entry.rule === undefined) expect(faults.some((fault) => fault.severity === "error")).to.equal(true);
  }
}

const scrap = fc.oneof(
  fc.constantFrom(
    "5m",
    "5%",
    "count",
    "ratio",
    "previous",
    "3x",
    "logs",
    "{{ value }}",
    "* * * * *",
    null,
    true,
    5,
    -1,
    0.05,
    "",
  ),
  fc.string({ maxLength: 12 }),
  fc.double(),
  fc.integer(),
);
const tree = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    scrap,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 8 }), tie("value"), { maxKeys: 3 }),
  ),
})).value;

const keysOf = Object.keys(ruleSchema.shape);
const whenKeys = [
  "above",
  "below",
  "change",
  "absent",
  "baseline",
  "new",
  "burn",
  "for",
  "min_events",
  "min_bad_events",
];
const signalKeys = [
  "source",
  "index",
  "table",
  "promql",
  "where",
  "filter",
  "measure",
  "bad",
  "by",
  "max_groups",
  "window",
];
const partOf = (keys: readonly string[]) =>
  fc.dictionary(fc.constantFrom(...keys), fc.oneof(scrap, tree), { maxKeys: 5 });
const rule = fc
  .record({
    rest: fc.dictionary(fc.constantFrom(...keysOf), tree, { maxKeys: 5 }),
    signal: fc.option(partOf(signalKeys)),
    when: fc.option(partOf(whenKeys)),
    until: fc.option(partOf(["above", "below", "for"])),
    overrides: fc.option(fc.array(fc.record({ where: tree, when: partOf(whenKeys), until: tree }), { maxLength: 2 })),
  })
  .map(({ rest, ...parts }) => ({
    ...rest,
    ...Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== null)),
  }));

describe("reading anything as a rule file", () => {
  it("gives faults and never throws, for any bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), read), { numRuns: 300 });
  });

  it("gives faults and never throws, for any text with the signs of YAML", () => {
    const signs = fc.constantFrom(
      "- ",
      ": ",
      "\n",
      "  ",
      "{",
      "}",
      "[",
      "]",
      "&a ",
      "*a",
      "!x ",
      "|\n",
      ">\n",
      "#",
      "'",
      '"',
      "? ",
      "---\n",
      "...\n",
      "%YAML 1.1\n",
      "\t",
      "\r\n",
      "<<",
      "rules",
      "apiVersion: backfeed/v1\n",
      "id",
      "~",
      "\ufeff",
      "0x1f",
      ".nan",
      "\u0000",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(signs, fc.string({ maxLength: 3 })), { maxLength: 40 }), (parts) =>
        read(encode(parts.join(""))),
      ),
      { numRuns: 500 },
    );
  });

  it("gives faults and never throws, for any value", () => {
    fc.assert(
      fc.property(tree, (value) => read(encode(stringify(value)))),
      { numRuns: 300 },
    );
  });

  it("gives faults and never throws, for anything under the keys of a rule", () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 3 }), fc.option(rule), (rules, defaults) => {
        const file = { apiVersion: "backfeed/v1", rules, ...(defaults === null ? {} : { defaults }) };
        read(encode(stringify(file, { aliasDuplicateObjects: false })));
      }),
      { numRuns: 150 },
    );
  });
});
