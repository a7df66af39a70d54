import { readdirSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { ImportReport } from "../../../../src/app/import/import-rules.ts";
import { testGround } from "../../../../src/app/rule-tests/rule-tests.ts";
import { importFormats } from "../../../../src/import/imported.ts";
import { expectGolden } from "../../../support/golden.ts";
import { foreignFiles, importFolder, importInto } from "../../../support/import-project.ts";
import type { ProjectFolder } from "../../../support/project-folder.ts";
import { loadTestsIn, runTestsIn } from "../../../support/rule-tests.ts";
import { survivorsOf } from "../../../support/surviving-mutations.ts";

/** The report as a person reads it: what is made, then what is said. */
function shown({ made, notes }: ImportReport): string {
  const files = made.flatMap(({ rules, tests }) => (tests === undefined ? [rules] : [rules, tests]));
  const said = notes.map(
    ({ kind, file, line, column, subject, ruleId, text }) =>
      `${file}:${line}:${column} ${kind} ${ruleId ?? `(${subject ?? ""})`}: ${text}`,
  );
  return `${files.map(({ name, text }) => `=== ${name}\n${text}`).join("\n")}\n=== notes\n${said.join("\n")}\n`;
}

const cases = importFormats.flatMap((format) =>
  readdirSync(join(foreignFiles, format))
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => ({ format, name })),
);

describe("importing rules of others", () => {
  let folder: ProjectFolder;
  before(async () => {
    folder = await importFolder();
    await cp(foreignFiles, join(folder.path, "foreign"), { recursive: true });
  });
  after(() => folder.remove());

  for (const { format, name } of cases) {
    it(`${format}/${name}: says what each part becomes, and gives rules that are checked and tests that hold`, async () => {
      const report = await importInto(folder.path, format, [`foreign/${format}/${name}`]);
      expectGolden(
        new URL(`../../../golden/import/${format}/${name.replace(".yaml", ".txt")}`, import.meta.url),
        shown(report),
      );
    });
  }

  it("makes tests that fail when a limit moves one percent past their data, a time to hold is dropped, or a floor is", async () => {
    const project = await importFolder();
    try {
      for (const format of importFormats) {
        const { made } = await importInto(project.path, format, [join(folder.path, "foreign", format)], {
          out: `rules/${format}`,
        });
        for (const { rules, tests } of made) {
          await project.put(`rules/${format}/${rules.name}`, rules.text);
          if (tests !== undefined) await project.put(`rules/${format}/${tests.name}`, tests.text);
        }
      }
      const { ready, faults, untested, loaded } = await loadTestsIn(project.path);
      expect(faults.filter(({ severity }) => severity === "error")).to.deep.equal([]);
      expect(untested).to.deep.equal([]);
      const ground = testGround(loaded);
      const survivors: string[] = [];
      for (const rule of loaded.state.rules) {
        const own = ready.filter(({ test }) => test.ruleId === rule.id);
        survivors.push(...(await survivorsOf(rule, own, ground)).map((what) => `${rule.id} ${what}`));
      }
      expect(loaded.state.rules.length).to.be.greaterThan(30);
      // Tiers of one severity cannot be told apart by what burns evenly: the tests hold the lowest, and where the severity changes.
      expect(survivors.filter((what) => !what.includes("when.burn.tiers["))).to.deep.equal([]);
    } finally {
      await project.remove();
    }
  });

  it("makes tests of a budget that fail when its lowest tier moves, or the one at which it becomes critical", async () => {
    const project = await importFolder();
    try {
      const { made } = await importInto(project.path, "openslo", [join(folder.path, "foreign/openslo/slos.yaml")]);
      const [file] = made;
      const text = file?.rules.text ?? "";
      await project.put("rules/slos.test.yaml", file?.tests?.text ?? "");
      const outcomes: string[] = [];
      for (const [from, to] of [
        ["factor: 0.933333333333 ", "factor: 0.94 "],
        ["factor: 0.933333333333 ", "factor: 0.92 "],
        ["factor: 5.6,", "factor: 5.7,"],
        ["factor: 5.6,", "factor: 5.5,"],
        ["objective: 99%", "objective: 99%"],
      ] as const) {
        expect(text).to.contain(from);
        await project.put("rules/slos.yaml", text.replace(from, to));
        const { results } = await runTestsIn(project.path);
        outcomes.push(results.every(({ passed }) => passed) ? "pass" : "fail");
      }
      expect(outcomes).to.deep.equal(["fail", "fail", "fail", "fail", "pass"]);
    } finally {
      await project.remove();
    }
  });

  it("takes the window of ElastAlert's aggregations from its own configuration, which is no rule", async () => {
    const project = await importFolder();
    try {
      await project.put(
        "elastalert/config.yaml",
        "rules_folder: rules\nrun_every: { minutes: 1 }\nbuffer_time: { minutes: 45 }\nes_password: hunter2\n",
      );
      await project.put(
        "elastalert/rules/slow.yml",
        "name: slow\ntype: metric_aggregation\nindex: logs-*\nmetric_agg_key: took\nmetric_agg_type: max\nmax_threshold: 5\nalert: jira\n",
      );
      const { made, notes } = await importInto(project.path, "elastalert", ["elastalert"]);
      expect(made.map(({ rules }) => rules.name)).to.deep.equal(["slow.yaml"]);
      expect(made[0]?.rules.text).to.contain("window: 45m");
      expect(JSON.stringify({ made, notes })).to.not.contain("hunter2");
    } finally {
      await project.remove();
    }
  });

  it("takes a file that others import for no rule, wherever it is among them", async () => {
    const project = await importFolder();
    try {
      await project.put("elastalert/a-base.yaml", "index: logs-*\nfilter: [{ term: { status: 500 } }]\nalert: jira\n");
      await project.put(
        "elastalert/errors.yaml",
        "name: errors\nimport: a-base.yaml\ntype: frequency\nnum_events: 3\ntimeframe: { minutes: 5 }\n",
      );
      await project.put("elastalert/forgotten.yaml", "name: forgotten\nindex: logs-*\nalert: jira\n");
      const { made, notes } = await importInto(project.path, "elastalert", ["elastalert"]);
      expect(made.map(({ rules }) => rules.name)).to.deep.equal(["errors.yaml"]);
      expect(made[0]?.rules.text).to.contain("status: 500");
      const refused = notes.filter(({ kind }) => kind === "refused").map(({ file }) => file);
      expect(refused).to.deep.equal(["elastalert/forgotten.yaml"]);
      expect(notes.find(({ file }) => file === "elastalert/a-base.yaml")?.text).to.contain("no rule of its own");
    } finally {
      await project.remove();
    }
  });

  it("runs nothing of Python", async () => {
    await importInto(folder.path, "elastalert", ["foreign/elastalert/python.yaml"]);
    expect(readdirSync("/tmp")).to.not.include("backfeed-was-here");
  });

  it("takes the labels of alerts that were asked for, where the expression does not say them", async () => {
    const { made, notes } = await importInto(folder.path, "prometheus", ["foreign/prometheus/alerts.yaml"], {
      by: ["instance"],
    });
    expect(made[0]?.rules.text).to.contain('min by (instance) (\n          up{job="node"}\n        )');
    expect(notes.map(({ text }) => text).join("\n")).to.contain("one alert for each `instance`");
  });

  it("gives ids that no other rule has, and keeps them when its own files are made again", async () => {
    const project = await importFolder();
    try {
      await project.put("prom.yml", "groups: [{ name: g, rules: [{ alert: Down, expr: sum(up) < 1 }] }]\n");
      const first = await importInto(project.path, "prometheus", ["prom.yml"]);
      await project.put("rules/prom.yaml", first.made[0]?.rules.text ?? "");
      const idsOf = ({ made }: ImportReport) => /- id: (\S+)/.exec(made[0]?.rules.text ?? "")?.[1];
      expect(idsOf(await importInto(project.path, "prometheus", ["prom.yml"]))).to.equal("down");
      expect(idsOf(await importInto(project.path, "prometheus", ["prom.yml"], { out: "rules/other" }))).to.equal(
        "down-warning",
      );
    } finally {
      await project.remove();
    }
  });
});
