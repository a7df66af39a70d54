import { Ajv } from "ajv";
import { expect } from "chai";
import { githubAnnotations, sarifLog } from "../../../src/cli/fault-formats.ts";
import type { Fault } from "../../../src/support/yaml/fault.ts";

const faults: readonly Fault[] = [
  {
    file: "rules/a b#c.yaml",
    line: 3,
    column: 7,
    ruleId: "errors",
    path: "rules[0].when",
    message: "`abov` is no key, did you mean `above`?",
    fix: "write `above`",
    severity: "error",
  },
  {
    file: "/etc/backfeed/x.yaml",
    line: 1,
    column: 1,
    path: "",
    message: "100% wrong\n::error::hostile \u001b[31m",
    fix: "a, b: c",
    severity: "warning",
  },
];

/** What the SARIF 2.1.0 schema requires of a log with results, and of the members that we write. */
const sarifSchema = {
  type: "object",
  required: ["version", "runs"],
  additionalProperties: false,
  properties: {
    $schema: { type: "string", pattern: "^https://.*sarif-schema-2\\.1\\.0\\.json$" },
    version: { const: "2.1.0" },
    runs: {
      type: "array",
      items: {
        type: "object",
        required: ["tool", "results"],
        additionalProperties: false,
        properties: {
          columnKind: { enum: ["utf16CodeUnits", "unicodeCodePoints"] },
          tool: {
            type: "object",
            required: ["driver"],
            additionalProperties: false,
            properties: {
              driver: {
                type: "object",
                required: ["name"],
                additionalProperties: false,
                properties: {
                  name: { type: "string", minLength: 1 },
                  version: { type: "string" },
                  rules: {
                    type: "array",
                    uniqueItems: true,
                    items: {
                      type: "object",
                      required: ["id"],
                      additionalProperties: false,
                      properties: {
                        id: { type: "string" },
                        shortDescription: { $ref: "#/definitions/text" },
                        defaultConfiguration: {
                          type: "object",
                          additionalProperties: false,
                          properties: { level: { $ref: "#/definitions/level" } },
                        },
                      },
                    },
                  },
                },
              },
            },
          },
          results: {
            type: "array",
            items: {
              type: "object",
              required: ["message"],
              additionalProperties: false,
              properties: {
                ruleId: { type: "string" },
                ruleIndex: { type: "integer", minimum: -1 },
                level: { $ref: "#/definitions/level" },
                message: { $ref: "#/definitions/text" },
                locations: {
                  type: "array",
                  items: {
                    type: "object",
                    additionalProperties: false,
                    properties: {
                      physicalLocation: {
                        type: "object",
                        required: ["artifactLocation"],
                        additionalProperties: false,
                        properties: {
                          artifactLocation: {
                            type: "object",
                            additionalProperties: false,
                            properties: { uri: { type: "string", pattern: "^[A-Za-z0-9%/._~:()!*'-]+$" } },
                          },
                          region: {
                            type: "object",
                            additionalProperties: false,
                            properties: {
                              startLine: { type: "integer", minimum: 1 },
                              startColumn: { type: "integer", minimum: 1 },
                            },
                          },
                        },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
  definitions: {
    level: { enum: ["none", "note", "warning", "error"] },
    text: { type: "object", required: ["text"], additionalProperties: false, properties: { text: { type: "string" } } },
  },
};

describe("formats of faults", () => {
  it("annotates a pull request, and nothing in a text is taken for a command of its own", () => {
    const [first, second, ...rest] = githubAnnotations(faults).split("\n");
    expect(first).to.equal(
      "::error file=rules/a b#c.yaml,line=3,col=7,title=backfeed%3A errors::`abov` is no key, did you mean `above`?; write `above`",
    );
    expect(second).to.equal(
      "::warning file=/etc/backfeed/x.yaml,line=1,col=1,title=backfeed::100%25 wrong%0A::error::hostile ; a, b: c",
    );
    expect(rest).to.deep.equal([""]);
  });

  it("escapes what would end a property", () => {
    const [fault] = faults;
    if (fault === undefined) throw new Error("no fault");
    const told = githubAnnotations([{ ...fault, file: "a,line=9::b\n.yaml" }]);
    expect(told).to.match(/^::error file=a%2Cline=9%3A%3Ab%0A\.yaml,line=3,/);
    expect(told.split("\n")).to.have.length(2);
  });

  it("is a SARIF 2.1.0 log with every required member", () => {
    const validate = new Ajv({ strict: false, allErrors: true }).compile(sarifSchema);
    for (const given of [[], faults]) {
      validate(JSON.parse(JSON.stringify(sarifLog(given, "1.2.3"))));
      expect(validate.errors).to.equal(null);
    }
  });

  it("names places in SARIF as code scanning finds them", () => {
    const { runs } = sarifLog(faults, "1.2.3") as { runs: readonly { results: readonly unknown[] }[] };
    const [first, second] = runs[0]?.results ?? [];
    expect(first).to.deep.include({ ruleId: "backfeed-error", ruleIndex: 0, level: "error" });
    expect(first)
      .to.have.nested.property("message.text")
      .that.matches(/^errors: `abov` is no key/);
    expect(first).to.have.nested.property("locations[0].physicalLocation.artifactLocation.uri", "rules/a%20b%23c.yaml");
    expect(first).to.deep.nested.include({
      "locations[0].physicalLocation.region": { startLine: 3, startColumn: 7 },
    });
    expect(second).to.have.nested.property(
      "locations[0].physicalLocation.artifactLocation.uri",
      "file:///etc/backfeed/x.yaml",
    );
    expect(second).to.deep.include({ ruleId: "backfeed-warning", ruleIndex: 1, level: "warning" });
  });
});
