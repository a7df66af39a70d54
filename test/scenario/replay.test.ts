import { join } from "node:path";
import { expect } from "chai";
import { loadRules } from "../../src/app/load-rules.ts";
import { replay } from "../../src/app/replay/replay.ts";
import { suggest } from "../../src/app/suggest/suggest.ts";
import { runCli } from "../../src/cli/program.ts";
import { makeProjectFolder, type ProjectFolder } from "../support/project-folder.ts";

const minute = 60_000;
const from = Date.parse("2026-01-05T00:00:00Z");
const to = from + 24 * 60 * minute;
const never = new AbortController().signal;

const config = `apiVersion: backfeed/v1
instance: replayed
mode: report
rules: [rules.yaml]
owners: owners.yaml
sources: { logs: { type: files, delay: 0s, tables: { access: { path: access.ndjson, timestamp: "@timestamp" } } } }
trackers: { local: { type: local } }
tracker: local
`;
const ruleOf = (more: string) => `  - id: checkout-errors
    title: '{{ labels["service"] }}: {{ value | number }} errors'
    why: People see an error page.
    severity: critical
    signal: { source: logs, table: access, filter: "status >= 500", measure: count, by: [service], window: 1m }
    ${more}
`;
const rules = (more: string) => `apiVersion: backfeed/v1\nrules:\n${ruleOf(more)}`;

/** Three bursts of errors in a day, of 6, 30 and 6 minutes: 20, 50 and 30 a minute. */
function events(): string {
  const lines: string[] = [];
  const burst = (start: number, minutes: number, perMinute: number) => {
    for (let at = 0; at < minutes * perMinute; at += 1) {
      const time = from + start * minute + Math.floor((at * minute) / perMinute);
      lines.push(JSON.stringify({ "@timestamp": new Date(time).toISOString(), service: "checkout", status: 503 }));
    }
  };
  for (let at = 0; at < 1_440; at += 1) burst(at, 1, 1);
  burst(120, 6, 20);
  burst(600, 30, 50);
  burst(1_200, 6, 30);
  return `${lines.join("\n")}\n`;
}

describe("a replay of a day of files", function () {
  this.timeout(300_000);
  let folder: ProjectFolder;

  before(async () => {
    folder = await makeProjectFolder({
      "backfeed.yaml": config,
      "owners.yaml": "default: { tracker: local }\n",
      "rules.yaml": rules("when: { above: 10 }\n    until: { for: 5m }"),
      "tried.yaml": rules("when: { above: 40 }\n    until: { for: 5m }"),
      "access.ndjson": events(),
    });
  });
  after(() => folder.remove());

  const load = async (ruleFiles?: readonly string[]) => {
    const loaded = await loadRules({
      file: join(folder.path, "backfeed.yaml"),
      baseDirectory: folder.path,
      environment: {},
      ...(ruleFiles === undefined ? {} : { ruleFiles }),
    });
    expect(loaded.allFaults.filter(({ severity }) => severity === "error")).to.deep.equal([]);
    if (loaded.config === undefined) throw new Error("no configuration");
    return { ...loaded, config: loaded.config };
  };

  it("shows the ticket of three episodes, how noisy it was, and what another threshold would change", async () => {
    const tried = await load([join(folder.path, "tried.yaml")]);
    const report = await replay({
      loaded: await load(),
      from,
      to,
      ruleIds: [],
      tryRules: tried.state.rules,
      signal: never,
    });
    expect(report.ticks).to.equal(1_441);
    const [ticket, ...others] = report.tickets;
    expect(others).to.deep.equal([]);
    // The window of 02:01 is the first with a burst in it; five minutes clear end it.
    const spans = ticket?.episodes.map(({ startedAt, endedAt = 0, peak }) => [
      (startedAt - from) / minute,
      (endedAt - startedAt) / minute,
      peak,
    ]);
    expect(spans).to.deep.equal([
      [121, 11, 21],
      [601, 35, 51],
      [1_201, 11, 31],
    ]);
    expect(ticket).to.include({ summary: "checkout: 21 errors", reason: "new_finding", openedAt: from + 121 * minute });
    expect(report.figures).to.include({ tickets: 1, returns: 2, episodes: 3, shortEpisodes: 0 });
    expect(report.tried?.figures).to.include({ tickets: 1, returns: 0, episodes: 1 });
    expect(report.tried?.difference.otherTime.map(({ after }) => (after.openedAt - from) / minute)).to.deep.equal([
      601,
    ]);
    const [cost] = report.sources;
    expect(cost?.batched).to.be.at.most(6);
  });

  it("suggests thresholds of which the replay makes as many tickets and returns as were wanted", async () => {
    const report = await suggest({ loaded: await load(), ruleId: "checkout-errors", from, to, signal: never });
    const [knob] = report.knobs;
    expect(knob?.now).to.include({ limit: 10, tickets: 1, returns: 2, episodes: 3 });
    // Of one day, one episode is thirty a month: none of the wanted numbers allows any.
    expect(
      knob?.suggestions.map(({ perMonth, outcome }) => [perMonth, outcome?.limit, outcome?.episodes]),
    ).to.deep.equal([
      [1, 51, 0],
      [5, 51, 0],
      [20, 51, 0],
    ]);
    const month = await suggest({
      loaded: await load(),
      ruleId: "checkout-errors",
      from: to - 30 * 24 * 60 * minute,
      to,
      signal: never,
    });
    expect(month.knobs[0]?.suggestions.map(({ outcome }) => [outcome?.limit, outcome?.episodes])).to.deep.equal([
      [31, 1],
      [1, 3],
      [1, 3],
    ]);
  });

  it("answers on the command line, and says what is wrong with what was asked", async () => {
    const run = async (...args: readonly string[]) => {
      let [out, err] = ["", ""];
      const code = await runCli([...args, "--config", join(folder.path, "backfeed.yaml")], {
        app: {
          loadRules: (options) => loadRules({ ...options, baseDirectory: folder.path, environment: {} }),
          jsonSchema: () => ({}),
          replay,
          suggest,
          now: () => to,
        },
        version: "1",
        signal: never,
        output: { out: (text) => (out += text), err: (text) => (err += text), colours: false },
      });
      return { code, out, err };
    };
    const range = ["--from", "2026-01-05T00:00:00Z", "--to", "2026-01-05T06:00:00Z"];
    const shown = await run("replay", ...range, "--rule", "checkout-errors");
    expect(shown).to.include({ code: 0, err: "" });
    expect(shown.out).to.include("checkout: 21 errors");
    expect(JSON.parse((await run("replay", ...range, "--json")).out)).to.have.nested.property("figures.tickets", 1);
    expect((await run("suggest", "checkout-errors", ...range)).out).to.include("the history is short");
    expect(JSON.parse((await run("suggest", "checkout-errors", ...range, "--json")).out)).to.have.property(
      "ticks",
      361,
    );

    const wrong = async (...args: readonly string[]) => {
      const { code, err } = await run(...args);
      return `${code} ${err.split("\n").find((line) => line.startsWith("error")) ?? ""}`;
    };
    expect(await wrong("replay", ...range, "--rule", "nobody")).to.equal("2 error: no rule `nobody` is loaded");
    expect(await wrong("replay", "--from", "2026-01-06T00:00:00Z", "--to", "2026-01-05T00:00:00Z")).to.equal(
      "2 error: --from must be before --to",
    );
    expect(await wrong("replay", "--from", "2990-01-06T00:00:00Z", "--to", "2990-01-07T00:00:00Z")).to.include(
      "2 error: the range has no past in it",
    );
    expect(await wrong("replay", ...range, "--try", "nowhere.yaml")).to.match(/^2 error: --try nowhere.yaml/);

    const one = [...range, "--rule", "checkout-errors"];
    const tried = JSON.parse((await run("replay", ...one, "--try", "when.above=1000000", "--json")).out);
    expect([tried.figures.tickets, tried.tried.figures.tickets]).to.deep.equal([1, 0]);
    expect(await wrong("replay", ...one, "--try", "when.above=many")).to.match(
      /^2 error: --try when.above=many: .*many.*; write/,
    );
    expect(await wrong("replay", ...one, "--try", "when.abov=3")).to.include("`abov` is no key");
    expect(await wrong("replay", ...one, "--try", "title.above=3")).to.include("`title.above` cannot be set");
    expect(await wrong("replay", ...range, "--try", "when.above=3")).to.equal(
      "2 error: --try KEY=VALUE changes one rule: name it with --rule ID",
    );
    expect(await wrong("suggest", "nobody", ...range)).to.equal("2 error: no rule `nobody` is loaded");
  });

  it("ends with what the source says, when it refuses a rule's query or has no such table", async () => {
    const loaded = await load();
    const [rule] = loaded.state.rules;
    if (rule === undefined) throw new Error("no rule");
    const query = { ...rule.signal.query, target: "nowhere" };
    const broken = { ...rule, signal: { ...rule.signal, target: "nowhere", query } };
    const asked = replay({ loaded, from, to, ruleIds: [], tryRules: [broken], signal: never });
    const error = await asked.catch((thrown: unknown) => thrown);
    expect(error).to.be.an("error").with.property("message").that.includes("nowhere");
  });
});
