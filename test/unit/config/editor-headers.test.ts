import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Files that are not ours to tell a schema: a workflow of GitHub's, and rules of Prometheus'. */
const ofOthers = new Set(["docs/ci/backfeed-rules.yml", "docs/alerts/backfeed-alerts.yaml"]);

function kindOf(file: string): string {
  if (/\.test\.ya?ml$/.test(file)) return "tests";
  if (/(^|\/)owners\.yaml$/.test(file)) return "owners";
  return file.startsWith("config/") ? "config" : "rules";
}

describe("shipped YAML files", () => {
  // Everything that is not made to be wrong, or written for a test alone.
  const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.yaml", "*.yml"], {
    cwd: root,
    encoding: "utf8",
  })
    .split("\n")
    .filter((file) => file !== "" && !file.startsWith("test/") && !ofOthers.has(file) && existsSync(join(root, file)));

  it("are found", () => {
    expect(files).to.include.members(["config/backfeed.yaml", "config/packs.yaml", "rules/web/access.yaml"]);
  });

  for (const file of files) {
    it(`tell editors their schema in their first line: ${file}`, () => {
      const [first = ""] = readFileSync(join(root, file), "utf8").split("\n");
      const schema = relative(dirname(file), `config/schemas/${kindOf(file)}.json`);
      expect(first).to.equal(`# yaml-language-server: $schema=${schema}`);
    });
  }
});
