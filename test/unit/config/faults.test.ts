import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { printFaults } from "../../../src/cli/print-faults.ts";
import { loadConfig } from "../../../src/config/load-config.ts";
import { hasErrors } from "../../../src/support/yaml/fault.ts";
import { expectGolden } from "../../support/golden.ts";

const folder = new URL("../../golden/config/faults/", import.meta.url);
const environment = {
  ES_API_KEY: "environment-secret-value",
  SHORT: "hunter2",
  JIRA_HOOK: "another-environment-secret-value",
  JIRA_EMAIL: "bot@example.com",
  EMPTY: "",
};

describe("faults of the service configuration", () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".yaml"))) {
    const fault = basename(file, ".yaml");
    it(`says where, what and what to write instead, and shows no secret: ${fault}`, () => {
      const { config, faults } = loadConfig({ file, baseDirectory: fileURLToPath(folder), environment });
      expect(faults).to.not.have.length(0);
      expect(config === undefined).to.equal(hasErrors(faults));
      const text = printFaults(faults, false);
      expect(text).to.not.match(/hunter2|environment-secret-value|literal-secret-value|undefined/);
      expectGolden(new URL(`${fault}.txt`, folder), text);
    });
  }
});
