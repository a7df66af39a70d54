import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { jsonSchema } from "../../../src/app/json-schemas.ts";
import { loadRules } from "../../../src/app/load-rules.ts";
import { maintenanceLines } from "../../../src/app/maintenance.ts";
import { type CliApp, type RunRequest, schemaKinds } from "../../../src/cli/ports.ts";
import { runCli } from "../../../src/cli/program.ts";
import { BackfeedError } from "../../../src/support/errors.ts";

const config = `apiVersion: backfeed/v1
instance: test
sources: { logs: { type: elasticsearch, nodes: ["http://127.0.0.1:9200"] } }
trackers: { local: { type: local } }
tracker: local
rules: ["*.rules.yaml"]
`;
const rules = `apiVersion: backfeed/v1
rules:
  - id: errors
    title: x
    why: y
    signal: { source: logs, index: "logs-*", measure: count, window: 5m }
    when: { above: 5 }
`;

describe("the command line", () => {
  let folder: string;
  const put = (name: string, text: string) => writeFile(join(folder, name), text);
  async function run(args: readonly string[], app: Partial<CliApp> = {}) {
    let out = "";
    let err = "";
    const code = await runCli(args, {
      app: {
        loadRules: (options) => loadRules({ ...options, baseDirectory: folder, environment: {} }),
        jsonSchema,
        ...app,
      },
      version: "1.2.3",
      signal: new AbortController().signal,
      output: {
        out: (text) => {
          out += text;
        },
        err: (text) => {
          err += text;
        },
        colours: false,
      },
    });
    return { code, out, err };
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "backfeed-cli-"));
    await put("backfeed.yaml", config);
    await put("a.rules.yaml", rules);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const check = (...args: string[]) => run(["check", "--config", "backfeed.yaml", ...args]);

  it("prints its version", async () => {
    expect(await run(["--version"])).to.deep.equal({ code: 0, out: "1.2.3\n", err: "" });
  });

  for (const [args, hint] of [
    [["chekc"], /Did you mean check/],
    [["check", "--onlin"], /Did you mean --online/],
    [["run"], /--once/],
    [["run", "--once", "--at", "yesterday"], /2026-01-05T10:00:00Z/],
    [["schema", "rule"], /rules, tests, config, owners/],
    [[], /Usage: backfeed/],
  ] as const) {
    it(`answers \`backfeed ${args.join(" ")}\` with 2 and a hint on stderr`, async () => {
      const { code, out, err } = await run(args);
      expect(code).to.equal(2);
      expect(out).to.equal("");
      expect(err).to.match(hint);
    });
  }

  it("prints faults as annotations and as SARIF, with the exit code of the same check in words", async () => {
    await put("a.rules.yaml", rules.replace("above: 5", "abov: 5"));
    const github = await check("--format", "github");
    expect(github.code).to.equal(1);
    expect(github.out).to.match(/^::error file=a\.rules\.yaml,line=7,col=\d+,title=backfeed%3A errors::/);
    const sarif = await check("--format", "sarif");
    expect(sarif.code).to.equal(1);
    expect(JSON.parse(sarif.out)).to.have.nested.property("runs[0].tool.driver.version", "1.2.3");
    expect((await check("--format", "xml")).code).to.equal(2);
    await put("a.rules.yaml", rules);
    expect(await check("--format", "github")).to.deep.include({ code: 0, out: "" });
  });

  const wanted = [
    "test",
    "replay --from 2026-01-05T00:00:00Z --to 2026-01-06T00:00:00Z",
    "suggest errors",
    "import prometheus a.yml",
    "recover",
    "serve",
    "explain",
  ];
  for (const line of wanted) {
    const [command = "", ...args] = line.split(" ");
    it(`says that ${command} is not in this version, when app has no function for it`, async () => {
      const { code, out, err } = await run([command, ...args]);
      expect([code, out]).to.deep.equal([2, ""]);
      expect(err).to.equal(`error: \`backfeed ${command}\` is not in this version\n`);
    });
  }

  it("checks what is good with 0", async () => {
    expect(await check()).to.deep.equal({ code: 0, out: "0 errors, 0 warnings; 1 rule good in 1 file\n", err: "" });
  });

  it("says when maintenance windows are on, and refuses those that name no rule or label of today's rules", async () => {
    const at = Date.parse("2026-01-09T10:00:00Z");
    const app: Partial<CliApp> = { maintenanceLines: (loaded) => maintenanceLines(loaded, at) };
    const window = (rest: string) =>
      `${config}maintenance:\n  - { name: patching, duration: 2h, reason: r, ${rest} }\n`;
    await put("backfeed.yaml", window('schedule: "0 2 * * 6", timezone: Europe/Berlin, rules: [err*]'));
    expect((await run(["check", "--config", "backfeed.yaml"], app)).out).to.equal(
      "maintenance patching: next from 2026-01-10T01:00:00Z to 2026-01-10T03:00:00Z\n0 errors, 0 warnings; 1 rule good in 1 file\n",
    );
    await put("backfeed.yaml", window('schedule: "0 9 * * *", rules: [erors, erors-*], where: { service.nam: cart }'));
    const { code, out } = await run(["check", "--config", "backfeed.yaml"], app);
    expect(code).to.equal(1);
    expect(out).to.include("maintenance patching: on until 2026-01-09T11:00:00Z, next from 2026-01-10T09:00:00Z");
    expect(out).to.match(/error\n {4}there is no rule `erors`, did you mean `errors`\?/);
    expect(out).to.match(/error\n {4}no rule to be named here has an id like `erors-\*`/);
    expect((await run(["check", "--config", "backfeed.yaml", "a.rules.yaml"], app)).out).to.include("0 errors");
    await put("backfeed.yaml", window('schedule: "0 9 * * *", where: { service.nam: cart }'));
    expect((await run(["check", "--config", "backfeed.yaml"], app)).out).to.match(
      /no alert of these rules has the label `service.nam`/,
    );
  });

  it("checks faulty rules with 1: every fault with its place, rule and fix, the good rules counted", async () => {
    await put(
      "b.rules.yaml",
      rules.replace("errors", "other").replace("count", "cuont").replace("above: 5", "abov: 5"),
    );
    const { code, out } = await check();
    expect(code).to.equal(1);
    expect(out).to.equal(`b.rules.yaml
  b.rules.yaml:6:55 error other
    "cuont" is no measure, did you mean \`count\`?
    fix: write one of \`count\`, \`rate\`, \`ratio\`, \`sum(field)\`, \`avg(field)\`, \`min(field)\`, \`max(field)\`, \`unique(field)\`, or a percentile such as \`p95(field)\`
  b.rules.yaml:7:13 error other
    \`abov\` is no key in \`when\`, did you mean \`above\`?
    fix: write \`above\`

2 errors, 0 warnings; 1 rule good in 2 files
`);
  });

  it("checks a faulty configuration with 2, and the rules as well as it can", async () => {
    await put("backfeed.yaml", config.replace("elasticsearch", "elastic"));
    await put("a.rules.yaml", rules.replace("above: 5", "abov: 5"));
    const { code, out } = await check();
    expect(code).to.equal(2);
    expect(out)
      .to.match(/"elastic" is no `type`/)
      .and.match(/`abov` is no key/);
    expect(out).to.not.match(/there is no source/);
  });

  it("checks the named files only, and says when one is not there", async () => {
    await put("c.yaml", rules.replace("errors", "c"));
    expect(await check("c.yaml", "backfeed.yaml", "c.test.yaml")).to.deep.include({
      code: 0,
      out: "0 errors, 0 warnings; 1 rule good in 1 file\n",
    });
    const missing = await check("d.yaml");
    expect(missing.code).to.equal(1);
    expect(missing.out).to.match(/d\.yaml:1:1 error\n {4}there is no such file/);
  });

  it("says which configuration is not there", async () => {
    const { code, out } = await run(["check", "--config", "nowhere.yaml"]);
    expect(code).to.equal(2);
    expect(out).to.match(/nowhere\.yaml:1:1 error\n {4}there is no such file/);
  });

  it("prints faults for machines", async () => {
    await put("a.rules.yaml", rules.replace("above: 5", "abov: 5"));
    const { out } = await check("--json");
    const { faults, summary } = JSON.parse(out);
    expect(faults).to.deep.equal([
      {
        file: "a.rules.yaml",
        line: 7,
        column: 13,
        ruleId: "errors",
        path: "rules[0].when.abov",
        message: "`abov` is no key in `when`, did you mean `above`?",
        fix: "write `above`",
        severity: "error",
      },
    ]);
    expect(summary).to.deep.equal({
      errors: 1,
      warnings: 0,
      rules: 0,
      files: 1,
      maintenance: [],
      unreachable: [],
      exitCode: 1,
    });
  });

  it("asks the outside with --online: its faults are 1, an unreachable system is 3", async () => {
    const args = ["check", "--online", "--config", "backfeed.yaml"];
    expect((await run(args)).code).to.equal(2);
    const fault = {
      file: "a.rules.yaml",
      line: 3,
      column: 5,
      path: "rules[0]",
      message: "no index",
      fix: "f",
      severity: "error",
    } as const;
    const faulty = await run(args, {
      onlineFaults: async (_, [rule]) => ({ faults: [{ ...fault, ruleId: rule?.id ?? "" }], unreachable: [] }),
    });
    expect(faulty.code).to.equal(1);
    expect(faulty.out).to.match(/no index/);
    const away = await run(args, {
      onlineFaults: async () => ({ faults: [], unreachable: [{ name: "logs", message: "refused" }] }),
    });
    expect(away.code).to.equal(3);
    const thrown = await run(args, {
      onlineFaults: async () => {
        throw new BackfeedError("unavailable", "logs refused the connection");
      },
    });
    expect(thrown.code).to.equal(3);
    expect(thrown.err).to.match(/logs refused the connection/);
  });

  it("runs with what the options say, prints rows, and starts nothing on a faulty configuration", async () => {
    const requests: RunRequest[] = [];
    const app: Partial<CliApp> = {
      run: async (request) => {
        requests.push(request);
        return { rows: [], failed: false, unreachable: true };
      },
    };
    const args = [
      "run",
      "--once",
      "--at",
      "2026-01-05T10:00:00Z",
      "--rule",
      "errors",
      "--dry-run",
      "--json",
      "--config",
      "backfeed.yaml",
    ];
    expect(await run(args, app)).to.deep.equal({ code: 3, out: "[]\n", err: "" });
    expect(requests[0]).to.deep.include({ at: Date.parse("2026-01-05T10:00:00Z"), ruleId: "errors", dryRun: true });
    expect((await run(["run", "--once", "--rule", "none", "--config", "backfeed.yaml"], app)).code).to.equal(2);
    await put("backfeed.yaml", "apiVersion: backfeed/v1\n");
    expect((await run(["run", "--once", "--config", "backfeed.yaml"], app)).code).to.equal(2);
    expect(requests).to.have.length(1);
  });

  it("names the file that is faulty, also when that is the owners file alone", async () => {
    const run1 = ["run", "--once", "--config", "backfeed.yaml"];
    const app: Partial<CliApp> = { run: () => Promise.reject(new Error("nothing is to be started")) };
    await put("backfeed.yaml", `${config}owners: owners.yaml\n`);
    await put("owners.yaml", "default: { tracker: nowhere }\n");
    expect((await run(run1, app)).err).to.match(/error: owners\.yaml is faulty: nothing is started\n$/);
    await put("backfeed.yaml", "apiVersion: backfeed/v1\nowners: owners.yaml\ntrackers: { local: { type: local } }\n");
    const both = await run(run1, app);
    expect([both.code, both.err.split("\n").at(-2)]).to.deep.equal([
      2,
      "error: backfeed.yaml and owners.yaml are faulty: nothing is started",
    ]);
  });

  it("recovers: rows for people or machines, what failed on stderr, and an exit code that says so", async () => {
    const row = {
      tracker: "jira",
      ticket: "PAY-1",
      finding: "0123456789abcdef",
      generation: 1,
      url: "https://x.example",
    };
    const failed: { tracker: string; message: string; unreachable: boolean }[] = [];
    const asked: boolean[] = [];
    const recover: CliApp["recover"] = async ({ dryRun, onProgress }) => {
      asked.push(dryRun);
      onProgress({ tracker: "jira", found: 1 });
      return { rows: [{ ...row, outcome: "recovered" }], failed };
    };
    const machine = await run(["recover", "--dry-run", "--json", "--config", "backfeed.yaml"], { recover });
    expect([machine.code, machine.err, asked]).to.deep.equal([0, "", [true]]);
    expect(JSON.parse(machine.out)).to.deep.equal([{ ...row, outcome: "recovered" }]);
    const person = await run(["recover", "--config", "backfeed.yaml"], { recover });
    expect(person.out).to.match(/PAY-1.*recovered[\s\S]*1 ticket recovered, of 1 issue found/);
    failed.push({ tracker: "jira", message: "no answer", unreachable: true });
    const cut = await run(["recover", "--config", "backfeed.yaml"], { recover });
    expect([cut.code, cut.err]).to.deep.equal([3, "error: jira was not walked through to its end: no answer\n"]);
  });

  it("explains an id, or a rule with labels at an instant", async () => {
    const subjects: unknown[] = [];
    const explain: CliApp["explain"] = async ({ subject }) => {
      subjects.push(subject);
      return { found: false, lines: ["nothing known"], data: null };
    };
    const common = ["--config", "backfeed.yaml"];
    expect(await run(["explain", "OPS-1", ...common], { explain })).to.deep.equal({
      code: 1,
      out: "nothing known\n",
      err: "",
    });
    // The reason is no part of the JSON, which is an array or null, so it goes where people see it.
    expect(await run(["explain", "OPS-1", "--json", ...common], { explain })).to.deep.equal({
      code: 1,
      out: "null\n",
      err: "nothing known\n",
    });
    await run(["explain", "--rule", "errors", "--labels", "a=b", "c=d=e", "--at", "2026-01-05T10:00:00Z", ...common], {
      explain,
    });
    expect(subjects).to.deep.equal([
      { kind: "id", id: "OPS-1" },
      { kind: "id", id: "OPS-1" },
      { kind: "rule", ruleId: "errors", labels: { a: "b", c: "d=e" }, at: Date.parse("2026-01-05T10:00:00Z") },
    ]);
    expect((await run(["explain", "--rule", "errors", ...common], { explain })).code).to.equal(2);
  });

  it("gives an error of app its exit code", async () => {
    for (const [kind, code] of [
      ["configuration", 2],
      ["unavailable", 3],
      ["rule", 1],
      ["internal", 1],
    ] as const) {
      const result = await run(["serve", "--config", "backfeed.yaml"], {
        serve: async () => {
          throw new BackfeedError(kind, "it broke");
        },
      });
      expect(result).to.deep.equal({ code, out: "", err: "error: it broke\n" });
    }
  });

  for (const kind of schemaKinds) {
    it(`prints the schema of ${kind} as it stands in config/schemas`, async () => {
      const { code, out } = await run(["schema", kind]);
      expect(code).to.equal(0);
      const shipped = readFileSync(new URL(`../../../config/schemas/${kind}.json`, import.meta.url), "utf8");
      expect(JSON.parse(out)).to.deep.equal(JSON.parse(shipped));
    });
  }
});
