import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { importRules } from "../../../src/app/import/import-rules.ts";
import { jsonSchema } from "../../../src/app/json-schemas.ts";
import { loadRules } from "../../../src/app/load-rules.ts";
import { runRuleTests } from "../../../src/app/rule-tests/rule-tests.ts";
import { runCli } from "../../../src/cli/program.ts";
import { importFolder } from "../../support/import-project.ts";
import type { ProjectFolder } from "../../support/project-folder.ts";

const good =
  "groups: [{ name: g, rules: [{ alert: Down, expr: sum(up) < 1, for: 5m, labels: { team: payments } }] }]\n";
const partly = `${good}---\ngroups: [{ name: h, rules: [{ alert: Broken, expr: "sum(" }] }]\n`;

describe("backfeed import", () => {
  let folder: ProjectFolder;
  beforeEach(async () => {
    folder = await importFolder();
    await folder.put("alerts.yml", good);
  });
  afterEach(() => folder.remove());

  async function run(args: readonly string[]) {
    const told = { out: "", err: "" };
    const baseDirectory = folder.path;
    const code = await runCli(args, {
      app: {
        loadRules: (options) => loadRules({ ...options, baseDirectory, environment: {} }),
        jsonSchema,
        test: (request) => runRuleTests({ ...request, baseDirectory }),
        importRules: (request) => importRules({ ...request, baseDirectory }),
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
        colours: false,
      },
    });
    return { code, ...told };
  }
  const out = () => join(folder.path, "rules/imported");
  const read = (name: string) => readFileSync(join(out(), name), "utf8");

  it("writes rules and tests that `check` and `test` take as they are, and ends with 0", async () => {
    const { code, out: said, err } = await run(["import", "prometheus", "alerts.yml", "--out", out()]);
    expect(code, err).to.equal(0);
    expect(said).to.contain("1 rule in 1 file: 1 exact, 0 with a difference, 0 refused");
    expect(read("alerts.yaml")).to.contain("# yaml-language-server: $schema=../../config/schemas/rules.json");
    expect(read("alerts.yaml")).to.contain("owner: payments");
    expect((await run(["check"])).out).to.contain("1 rule good in 1 file");
    expect((await run(["test", "--require-tests"])).out).to.contain("2 tests passed in 1 file");
  });

  it("prints them when there is no folder, and the report beside them", async () => {
    const { code, out: said, err } = await run(["import", "prometheus", "alerts.yml"]);
    expect(code).to.equal(0);
    expect(said).to.contain("- id: down").and.to.contain("-------- alerts.test.yaml");
    expect(err).to.contain("1 rule in 1 file");
    expect(existsSync(join(folder.path, "rules"))).to.equal(false);
  });

  it("writes over nothing unless it is told to, and writes nothing then", async () => {
    await run(["import", "prometheus", "alerts.yml", "--out", out()]);
    await folder.put("rules/imported/alerts.yaml", "mine\n");
    await folder.put("other.yml", good.replace("Down", "Other"));
    const again = await run(["import", "prometheus", "other.yml", "alerts.yml", "--out", out()]);
    expect(again.code).to.equal(2);
    expect(again.err).to.contain("alerts.yaml").and.to.contain("already: nothing is written; write --force");
    expect(existsSync(join(out(), "other.yaml"))).to.equal(false);
    expect(read("alerts.yaml")).to.equal("mine\n");
    expect((await run(["import", "prometheus", "alerts.yml", "--out", out(), "--force"])).code).to.equal(0);
    expect(read("alerts.yaml")).to.contain("- id: down");
  });

  it("ends with 1 when something is refused, and writes the rest", async () => {
    await folder.put("alerts.yml", partly);
    const { code, out: said } = await run(["import", "prometheus", "alerts.yml", "--out", out(), "--owner", "default"]);
    expect(code).to.equal(1);
    expect(said).to.contain("refused").and.to.contain("1 rule in 1 file: 1 exact, 0 with a difference, 1 refused");
    expect(read("alerts.yaml")).to.contain("- id: down").and.to.not.contain("payments,");
  });

  it("gives everything to machines", async () => {
    await folder.put("alerts.yml", partly);
    const { code, out: said } = await run(["import", "prometheus", "alerts.yml", "--json"]);
    const report = JSON.parse(said) as {
      made: { rules: { name: string } }[];
      notes: { kind: string; line: number }[];
      summary: object;
    };
    expect(code).to.equal(1);
    expect(report.made[0]?.rules.name).to.equal("alerts.yaml");
    expect(report.notes.find(({ kind }) => kind === "refused")).to.include({ line: 3 });
    expect(report.summary).to.deep.equal({ rules: 1, files: 1, exact: 1, differs: 0, refused: 1 });
  });

  const wrong: readonly { readonly what: string; readonly args: readonly string[]; readonly says: string }[] = [
    {
      what: "a format that is none",
      args: ["nagios", "alerts.yml"],
      says: "Allowed choices are elastalert, prometheus, sloth, openslo",
    },
    { what: "no file", args: ["prometheus"], says: "missing required argument 'file'" },
    {
      what: "a file that is not there",
      args: ["prometheus", "nowhere.yml"],
      says: "nowhere.yml cannot be read (ENOENT)",
    },
    {
      what: "a folder without rules",
      args: ["prometheus", "config/empty"],
      says: "there is no .yaml or .yml file in config/empty",
    },
    {
      what: "a source that is not there",
      args: ["prometheus", "alerts.yml", "--source", "metric"],
      says: "there is no prometheus source `metric` in config/backfeed.yaml: write --source metrics",
    },
    {
      what: "a source of another kind",
      args: ["prometheus", "alerts.yml", "--source", "logs"],
      says: "there is no prometheus source `logs`",
    },
    {
      what: "an owner that is not there",
      args: ["prometheus", "alerts.yml", "--owner", "nobody"],
      says: "there is no owner `nobody` in the owners file: add it there, or write --owner default | payments",
    },
    {
      what: "a folder that cannot be made",
      args: ["prometheus", "alerts.yml", "--out", "package.json/here"],
      says: "--out package.json/here cannot be written",
    },
  ];
  for (const { what, args, says } of wrong) {
    it(`ends with 2 for ${what}, and says what to write`, async () => {
      await folder.put("config/empty/readme.txt", "");
      const { code, err } = await run(["import", ...args]);
      expect(code).to.equal(2);
      expect(err).to.contain(says);
    });
  }

  it("asks which source is meant when there are several, and for one when there is none", async () => {
    const config = readFileSync(join(folder.path, "config/backfeed.yaml"), "utf8");
    await folder.put(
      "config/backfeed.yaml",
      config.replace("  metrics:", '  more: { type: prometheus, url: "http://127.0.0.1:9091" }\n  metrics:'),
    );
    const several = await run(["import", "prometheus", "alerts.yml"]);
    expect(several.err).to.contain("several prometheus sources: choose one with --source more | metrics");
    await folder.put("config/backfeed.yaml", config.replace(/ {2}metrics:.*\n/, ""));
    const none = await run(["import", "prometheus", "alerts.yml"]);
    expect([several.code, none.code]).to.deep.equal([2, 2]);
    expect(none.err).to.contain(
      "the configuration has no prometheus source for these rules: add one to `sources` of config/backfeed.yaml",
    );
  });

  it("ends with 2 when the configuration is faulty", async () => {
    await folder.put("config/backfeed.yaml", "apiVersion: backfeed/v1\n");
    const { code, err } = await run(["import", "prometheus", "alerts.yml"]);
    expect(code).to.equal(2);
    expect(err).to.contain("faulty: nothing is started");
  });
});
