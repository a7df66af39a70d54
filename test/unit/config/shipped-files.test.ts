import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { expect } from "chai";
import { parse } from "yaml";
import { jsonSchema } from "../../../src/app/json-schemas.ts";
import { loadRules } from "../../../src/app/load-rules.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const read = (path: string): unknown => parse(readFileSync(`${root}${path}`, "utf8"));

describe("the shipped configuration", () => {
  it("starts as it is, with every rule good", async () => {
    const { config, allFaults, state } = await loadRules({
      file: "config/backfeed.yaml",
      baseDirectory: root,
      environment: {},
    });
    expect(allFaults).to.deep.equal([]);
    expect(config?.tracker).to.equal("local");
    expect(state.rules.map(({ id }) => id)).to.include.members([
      "www-not-found-storm",
      "www-server-errors",
      "www-traffic-drop",
    ]);
  });

  it("is right in what its comments show, too", async () => {
    const folder = mkdtempSync(join(tmpdir(), "backfeed-example-"));
    try {
      const uncommented = readFileSync(`${root}config/backfeed.yaml`, "utf8").replace(
        /^( *)# ( *)(?=[a-z_]+:( |$)|- ")/gm,
        "$1$2",
      );
      expect(uncommented).to.match(/^ {4}type: elasticsearch$/m);
      writeFileSync(join(folder, "backfeed.yaml"), uncommented);
      const secret = "0123456789abcdef-";
      const names = [
        "VIEWER_TOKEN",
        "AM_TOKEN",
        "DEPLOY_TOKEN",
        "ES_API_KEY",
        "METRICS_TOKEN",
        "JIRA_EMAIL",
        "JIRA_TOKEN",
        "JIRA_HOOK",
      ];
      const environment = Object.fromEntries(names.map((name) => [name, secret + name]));
      const { allFaults, state } = await loadRules({
        file: join(folder, "backfeed.yaml"),
        baseDirectory: root,
        environment,
      });
      expect(allFaults).to.deep.equal([]);
      expect(state.rules.map(({ id }) => id)).to.include.members(["www-server-errors", "web-errors"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  for (const [kind, path] of [
    ["config", "config/backfeed.yaml"],
    ["owners", "config/owners.yaml"],
    ["config", "config/packs.yaml"],
    ["rules", "rules/example/access.yaml"],
    ["tests", "rules/example/access.test.yaml"],
  ] as const) {
    it(`is valid for an editor that reads our JSON Schema: ${path}`, () => {
      const ajv = new Ajv({ strict: false, allErrors: true });
      const validate = ajv.compile(jsonSchema(kind) as object);
      validate(read(path));
      expect(validate.errors).to.equal(null);
    });

    it(`is refused by our JSON Schema with an unknown key: ${path}`, () => {
      const validate = new Ajv({ strict: false }).compile(jsonSchema(kind) as object);
      const value = read(path) as Record<string, unknown>;
      const wrong = kind === "owners" ? { ...value, default: { trackr: "local" } } : { ...value, nonsense: 1 };
      expect(validate(wrong)).to.equal(false);
    });
  }
});
