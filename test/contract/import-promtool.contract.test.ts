import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { stringify } from "yaml";
import { importInto } from "../support/import-project.ts";
import { oneStory } from "../support/one-story.ts";
import { runProduct } from "../support/product.ts";
import { makeProjectFolder, type ProjectFolder } from "../support/project-folder.ts";
import { findProgram, runCommand } from "../support/services/command.ts";
import { type HistorySeries, type Prometheus, startPrometheus } from "../support/services/prometheus.ts";
import { startOrSkip } from "../support/services/service-missing.ts";

const minute = 60_000;
const start = Date.parse("2026-01-05T10:00:00Z");
const minutes = 75;

/** Numbers from 0 to 1, the same in every run (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly (number | undefined)[];
}

/** Stretches of values at, just over and just under 5, of nothing, and of no number. */
function wandering(seed: number): readonly (number | undefined)[] {
  const next = numbers(seed);
  const choices = [4, 5, 5, 6, 5.000_000_000_000_001, 4.999_999_999_999_999, 1, 9, undefined, Number.NaN];
  const values: (number | undefined)[] = [];
  while (values.length <= minutes) {
    const value = choices[Math.floor(next() * choices.length)];
    values.push(...Array<number | undefined>(1 + Math.floor(next() * 8)).fill(value));
  }
  return values.slice(0, minutes + 1);
}

function stepping(seed: number, ofMinute: (draw: number) => number): readonly number[] {
  const next = numbers(seed);
  let total = 0;
  return Array.from({ length: minutes + 1 }, () => {
    total += ofMinute(next());
    return total;
  });
}

const where = [
  { instance: "a", job: "web" },
  { instance: "b", job: "web" },
  { instance: "c", job: "queue" },
];
const all = (name: string, values: (place: number) => readonly (number | undefined)[]): readonly Series[] =>
  where.map((labels, place) => ({ name, labels, values: values(place) }));

const series: readonly Series[] = [
  ...all("depth", (place) => wandering(11 + place)),
  ...all("most", (place) => wandering(31 + place)),
  ...all("up", (place) => wandering(51 + place).map((value) => (value === undefined ? undefined : value > 5 ? 0 : 1))),
  ...all("errors_total", (place) => stepping(71 + place, (draw) => (draw < 0.3 ? 8 : 0))),
  ...all("requests_total", (place) => stepping(91 + place, (draw) => (draw < 0.1 ? 0 : 100))),
  // Over and over again, but never four times within twenty minutes.
  ...all("calm", (place) => Array.from({ length: minutes + 1 }, (_, at) => ((at + place) % 24 < 6 ? 6 : 4))),
];

/** Of `info` there are no tickets, which this is not about. */
const rule = (alert: string, expr: string, more: object = {}) => ({
  alert,
  expr,
  labels: { severity: "info" },
  ...more,
});
const foreign = {
  groups: [
    {
      name: "each-minute",
      rules: [
        rule("Over", "depth > 5"),
        rule("OverForThree", "depth > 5", { for: "3m" }),
        rule("AtLeast", "depth >= 5", { for: "2m" }),
        rule("Under", "depth < 5", { for: "90s" }),
        rule("AtMost", "5 >= depth"),
        rule("Equal", "depth == 5", { for: "1m" }),
        rule("NotEqual", "depth != 5", { for: "4m" }),
        rule("Down", "up == 0", { for: "2m" }),
        rule("Computed", "depth > (2 + 3) * 1"),
        rule("Summed", "sum by (job) (depth) > 10", { for: "1m" }),
        rule("Highest", "max(depth) >= 6", { for: "2m" }),
        rule(
          "ErrorRatio",
          "sum by (job) (rate(errors_total[5m]))\n/ # comment\nsum by (job) (rate(requests_total[5m])) > 0.03",
          { for: "2m" },
        ),
        rule("OverAnother", "depth > on (instance, job) most"),
        rule("NotUnderAnother", "depth >= most", { for: "1m" }),
        rule("OverItself", "depth > depth offset 5m"),
        rule("OverWhileUp", "depth > 5 and on (instance) up == 1", { for: "1m" }),
        rule("OverUnlessDown", "(depth >= 5) unless on (instance) up == 0"),
        rule("Either", "depth > 8 or depth < 2", { for: "1m" }),
        rule("Gone", 'absent(depth{instance="a", job="web"})'),
        rule("Any", "depth", { for: "5m" }),
        rule("Compared", "depth > bool 5", { for: "5m" }),
        rule("Shrinking", "delta(depth[10m]) < 0"),
        rule("ShrinkingFast", "delta(depth[10m]) < -1"),
        rule("Kept", "calm > 5", { keep_firing_for: "4m" }),
        rule("KeptLater", "calm > 5", { for: "2m", keep_firing_for: "7m" }),
      ],
    },
    { name: "each-third-minute", interval: "3m", rules: [rule("OverByThrees", "depth > 5", { for: "6m" })] },
  ],
};

const configuration = (url: string) => `apiVersion: backfeed/v1
instance: promtool
sources:
  metrics: { type: prometheus, url: "${url}", delay: 0s, stale_after: 0 }
trackers: { local: { type: local } }
tracker: local
catch_up: 3h
`;

interface Row {
  readonly tick: string;
  readonly rule: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: string;
}

const idOf = (alert: string) => alert.replace(/([a-z])([A-Z])/g, "$1-$2").toLowerCase();

describe("imported rules of Prometheus, against promtool", function () {
  this.timeout(400_000);
  oneStory(this);
  let prometheus: Prometheus;
  let project: ProjectFolder;
  let rows: readonly Row[];
  const alerts = foreign.groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));

  before(async function () {
    const history: readonly HistorySeries[] = series.map((each) => ({ ...each, from: start, stepMs: minute }));
    prometheus = await startOrSkip(this, () => startPrometheus({ history }));
    project = await makeProjectFolder({
      "config/backfeed.yaml": configuration(prometheus.url),
      "config/owners.yaml": "default: {}\n",
      "alerts.yaml": stringify(foreign),
    });
  });
  after(async () => {
    await project?.remove();
    await prometheus?.stop();
  });

  it("are all taken over, and run on a real Prometheus with the series", async () => {
    const { made, notes, rules } = await importInto(project.path, "prometheus", ["alerts.yaml"], {
      by: ["instance", "job"],
    });
    expect(notes.filter(({ kind }) => kind === "refused")).to.deep.equal([]);
    expect(rules).to.equal(alerts.length);
    await project.put("rules/alerts.yaml", made[0]?.rules.text ?? "");
    const ran: Row[] = [];
    for (const at of [start, start + minutes * minute]) {
      const args = ["run", "--once", "--at", new Date(at).toISOString(), "--json"];
      const { code, out, err } = await runProduct(args, { cwd: project.path });
      expect(code, err).to.equal(0);
      ran.push(...(JSON.parse(out) as Row[]));
    }
    rows = ran;
  });

  it("fire at the same minutes for the same labels", async () => {
    const promtool = (await findProgram("promtool")) ?? "promtool";
    const isFiring = ({ state }: Row) => state === "firing" || state === "recovering";
    const of = new Map<string, Row[]>();
    for (const row of rows.filter(isFiring)) {
      const key = `${row.rule} ${Date.parse(row.tick)}`;
      of.set(key, [...(of.get(key) ?? []), row]);
    }
    const tests = alerts.flatMap((alert) =>
      Array.from({ length: minutes + 1 }, (_, place) => place)
        .filter((place) => alert !== "OverByThrees" || place % 3 === 0)
        .map((place) => ({
          eval_time: `${place}m`,
          alertname: alert,
          exp_alerts: (of.get(`${idOf(alert)} ${start + place * minute}`) ?? []).map(({ labels }) => ({
            exp_labels: { ...labels, severity: "info" },
          })),
        })),
    );
    // Each of them fires now and then, and is well now and then: else nothing would be compared.
    for (const alert of alerts) {
      const own = tests.filter(({ alertname }) => alertname === alert);
      expect(
        own.some(({ exp_alerts: fires }) => fires.length > 0),
        `${alert} never fires`,
      ).to.equal(true);
      expect(
        own.some(({ exp_alerts: fires }) => fires.length < 3),
        `${alert} always fires`,
      ).to.equal(true);
    }
    const folder = await mkdtemp(join(tmpdir(), "backfeed-promtool-"));
    try {
      const written = (value: number | undefined) => (value === undefined ? "_" : String(value));
      const selector = ({ name, labels }: Series) =>
        `${name}{${Object.entries(labels)
          .map(([label, value]) => `${label}="${value}"`)
          .join(",")}}`;
      const test = {
        rule_files: ["alerts.yaml"],
        evaluation_interval: "1m",
        tests: [
          {
            interval: "1m",
            input_series: series.map((each) => ({
              series: selector(each),
              values: each.values.map(written).join(" "),
            })),
            alert_rule_test: tests,
          },
        ],
      };
      await writeFile(join(folder, "alerts.yaml"), stringify(foreign));
      await writeFile(join(folder, "test.yaml"), stringify(test));
      await runCommand(promtool, ["test", "rules", join(folder, "test.yaml")], { timeout: 120_000 });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
