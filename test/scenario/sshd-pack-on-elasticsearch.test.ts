import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import { loadSshdLog, sshdLogFile } from "../support/data.ts";
import { oneStory } from "../support/one-story.ts";
import { type Ran, runProduct } from "../support/product.ts";
import { makeProjectFolder, type ProjectFolder } from "../support/project-folder.ts";
import { type Elasticsearch, sharedElasticsearch } from "../support/services/elasticsearch.ts";
import { startOrSkip } from "../support/services/service-missing.ts";
import { sshdLogYear } from "../support/sshd-auth.ts";

const minute = 60_000;
const index = "logs-system.auth-scenario";
const host = "ip-10-77-20-248";
const pack = readFileSync(fileURLToPath(new URL("../../rules/sshd/auth.yaml", import.meta.url)), "utf8");

interface Row {
  readonly tick: string;
  readonly rule: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly verdict: string;
  readonly value: number | null;
  readonly outcome: string;
  readonly reason: string;
}

/** The raw lines with their instants, read by the characters that expectations need and not by what loads documents. */
const lines = gunzipSync(readFileSync(sshdLogFile))
  .toString("utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => ({ at: Date.parse(`${line.slice(0, 15)} ${sshdLogYear} UTC`), line }));

/** The lines of the hour before a tick that hold all these words. */
const inHour = (tick: number, ...words: readonly string[]) =>
  lines.filter(({ at, line }) => at >= tick - 60 * minute && at < tick && words.every((word) => line.includes(word)));
const failures = (tick: number) => inHour(tick, "sshd[", "]: Failed password for ").length;
const at = (clock: string) => Date.parse(`${sshdLogYear}-03-30T${clock}:00Z`);
const iso = (instant: number) => new Date(instant).toISOString().replace(".000Z", "Z");

describe("the sshd pack on a real auth.log in Elasticsearch", function () {
  this.timeout(400_000);
  oneStory(this);
  let elasticsearch: Elasticsearch;
  let project: ProjectFolder;
  let rows: readonly Row[] = [];

  const run = (...args: string[]): Promise<Ran> => runProduct(args, { cwd: project.path });
  const of = (rule: string) => rows.filter((row) => row.rule === rule);
  const told = (rule: string) =>
    of(rule)
      .filter(({ outcome }) => outcome !== "none")
      .map(({ tick, outcome, reason }) => `${tick.slice(11, 16)} ${outcome} ${reason}`);

  before(async function () {
    elasticsearch = await startOrSkip(this, sharedElasticsearch);
    await loadSshdLog(elasticsearch.client, { index });
    project = await makeProjectFolder({
      "config/backfeed.yaml": `apiVersion: backfeed/v1
instance: sshd-scenario
sources:
  logs: { type: elasticsearch, nodes: ["${elasticsearch.url}"], delay: 0s, stale_after: 2h }
trackers: { local: { type: local } }
tracker: local
catch_up: 12h
`,
      "config/owners.yaml": "default: {}\nsecurity: { labels: [team-security] }\n",
      // As it is shipped: one line of configuration is all that it takes.
      "rules/sshd.yaml": pack,
    });
  });
  after(async () => {
    await project?.remove();
    await elasticsearch?.client.indices.delete({ index });
  });

  it("finds each field and index that it names", async () => {
    const { code, out, err } = await run("check", "--online", "--json");
    expect(code, out + err).to.equal(0);
    const { faults } = JSON.parse(out) as { faults: unknown[] };
    expect(faults).to.deep.equal([]);
  });

  it("counts what the raw lines say at every tick of eight hours", async () => {
    const first = await run("run", "--once", "--at", iso(at("12:00")), "--json");
    expect(first.code, first.err).to.equal(0);
    const { code, out, err } = await run("run", "--once", "--at", iso(at("20:00")), "--json");
    expect(code, err).to.equal(0);
    rows = [...(JSON.parse(first.out) as Row[]), ...(JSON.parse(out) as Row[])];
    const counted = of("sshd-password-guessing").map(({ tick, value }) => [tick, value]);
    const ticks = Array.from({ length: 97 }, (_, place) => at("12:00") + place * 5 * minute);
    // Before its first failure the host is no label set that is known.
    expect(counted.length).to.be.at.least(60);
    expect(counted).to.deep.equal(ticks.slice(-counted.length).map((tick) => [iso(tick), failures(tick)]));
    for (const tick of ticks.slice(0, -counted.length)) expect(failures(tick)).to.equal(0);
  });

  it("files one ticket for an hour of guessing, when it passes a hundred, and says when it is over", () => {
    const [created, ...rest] = told("sshd-password-guessing");
    const passes = of("sshd-password-guessing").find(({ tick }) => failures(Date.parse(tick)) > 100)?.tick;
    expect(created).to.equal(`${passes?.slice(11, 16)} create new_finding`);
    expect(rest.filter((line) => !line.includes(" update "))).to.satisfy(
      (texts: string[]) => texts.length === 1 && /comment all_quiet$/.test(texts[0] ?? ""),
    );
    const tickets = project.localTickets().filter(({ summary }) => summary.includes("failed SSH logins"));
    expect(tickets).to.have.length(1);
    const [ticket] = tickets;
    expect(ticket?.summary).to.equal(`${host}: ${failures(Date.parse(passes ?? ""))} failed SSH logins in 1 h`);
    expect(ticket?.labels).to.include("team-security");
    expect(ticket?.text).to.contain("system.auth.ssh.method=password").and.contain("source.ip=");
    expect(ticket?.attachments).to.have.length(1);
  });

  it("tells of each host once who logged in with a password, and of nobody who had a key", () => {
    const people = new Set(of("sshd-password-login").map(({ labels }) => labels["user.name"]));
    const accepted = lines.filter(
      ({ at: when, line }) => when >= at("11:00") && when < at("20:00") && line.includes("Accepted password for "),
    );
    expect(accepted).to.not.have.length(0);
    const names = accepted.map(({ line }) => / for (\S+) from /.exec(line)?.[1]);
    expect([...people].sort()).to.deep.equal([...new Set(names)].sort());
    expect(people).to.not.include("ubuntu");
    expect(told("sshd-password-login").filter((line) => line.endsWith("create new_finding"))).to.have.length(1);
  });

  it("says nothing of root, who did not come in", () => {
    expect(lines.some(({ line }) => line.includes("]: Accepted ") && line.includes(" for root from "))).to.equal(false);
    expect(told("sshd-root-login")).to.deep.equal([]);
  });
});
