import { expect } from "chai";
import { loadAccessLog } from "../support/data.ts";
import { oneStory } from "../support/one-story.ts";
import { type Ran, runProduct } from "../support/product.ts";
import type { LocalTicketRow, ProjectFolder } from "../support/project-folder.ts";
import {
  type Elasticsearch,
  readOnlyLogs,
  sharedElasticsearch,
  sharedReadOnlyElasticsearch,
} from "../support/services/elasticsearch.ts";
import { startOrSkip } from "../support/services/service-missing.ts";
import { apacheIndex, apacheLimits, apacheTypos, makeApacheProject } from "./apache-project.ts";
import { type ExpectedTick, expectedLife, type RawRequest, readRawRequests, windowOf } from "./apache-raw-log.ts";

const hour = 3_600_000;
const storm = "www-not-found-storm";
const drop = "www-traffic-drop";

/** One line of `run --json`. */
interface Row {
  readonly tick: string;
  readonly rule: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly verdict: string;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly state: string;
  readonly outcome: string;
  readonly reason: string;
  readonly finding: string | null;
  readonly ticket: string | null;
  readonly score: number | null;
  readonly band: string | null;
}

const may = (day: number, hours: number) => Date.UTC(2015, 4, day, hours);
const iso = (at: number) => new Date(at).toISOString().replace(".000Z", "Z");
const hourly = (from: number, to: number) =>
  Array.from({ length: (to - from) / hour + 1 }, (_, at) => from + at * hour);

/** What both rules should say at each tick, from the raw lines alone. */
function expectations(requests: readonly RawRequest[], ticks: readonly number[]) {
  const missing = (tick: number) => windowOf(requests, tick).filter(({ status }) => status === 404);
  const life: Record<string, ReadonlyMap<number, ExpectedTick>> = {
    [storm]: expectedLife(ticks, (tick) => {
      const value = missing(tick).length;
      return {
        value,
        verdict: value > apacheLimits.storm ? "breached" : value < apacheLimits.calm ? "clear" : "between",
      };
    }),
    [drop]: expectedLife(ticks, (tick) => {
      const value = windowOf(requests, tick).length;
      const before = windowOf(requests, tick - hour).length;
      const fell = value < before * (1 - apacheLimits.drop) && Math.max(value, before) >= apacheLimits.floor;
      return { value, verdict: fell ? "breached" : "clear" };
    }),
  };
  return { life, missing };
}

interface Service {
  readonly name: string;
  readonly start: () => Promise<Elasticsearch>;
  /** Asked as a user that may only read. */
  readonly readOnly?: true;
}

const services: readonly Service[] = [
  { name: "8.19.16", start: sharedElasticsearch },
  ...(["8.8.2", "8.19.16"] as const).map((version) => ({
    name: `${version} as a user that may only read`,
    start: () => sharedReadOnlyElasticsearch(version),
    readOnly: true as const,
  })),
];
const [reader] = readOnlyLogs.users;
const credentials = { ES_USER: reader.name, ES_PASSWORD: reader.password };

for (const service of services) {
  describe(`the Apache log in Elasticsearch ${service.name}`, function () {
    this.timeout(400_000);
    oneStory(this);
    let elasticsearch: Elasticsearch;
    let project: ProjectFolder;
    let requests: readonly RawRequest[];

    const run = (...args: string[]): Promise<Ran> =>
      runProduct(args, { cwd: project.path, environment: service.readOnly ? credentials : {} });
    /** `run --once --at` this tick, or a word about why it failed. */
    async function rowsAt(at: number, ...more: string[]): Promise<Row[]> {
      const { code, out, err } = await run("run", "--once", "--at", iso(at), "--json", ...more);
      expect(code, err).to.equal(0);
      return JSON.parse(out) as Row[];
    }
    /** The rows of a run up to `to`, each compared with what the raw lines say; gives what is not "none". */
    async function expectTicks(from: number, to: number): Promise<string[]> {
      const rows = await rowsAt(to);
      // Since the beginning: a state is the sum of all ticks before it.
      const { life } = expectations(requests, hourly(may(19, 15), to));
      const due = hourly(from, to).flatMap((tick) =>
        [drop, storm].map((rule) => {
          const labels = rule === storm ? { "service.name": "www" } : {};
          return { tick: iso(tick), rule, labels, ...life[rule]!.get(tick)! };
        }),
      );
      const seen = rows.map(({ tick, rule, labels, value, verdict, state }) => {
        return { tick, rule, labels, value, verdict, state };
      });
      expect(seen.sort(byTickAndRule)).to.deep.equal(due);
      return outcomes(rows);
    }

    const requestsAt = (tick: number) => windowOf(requests, tick).length;

    before(async function () {
      elasticsearch = await startOrSkip(this, service.start);
      requests = await readRawRequests();
      await loadAccessLog(elasticsearch.client, { index: apacheIndex });
      project = await makeApacheProject({
        url: elasticsearch.url,
        ...(service.readOnly ? { auth: `{ user: "\${ES_USER}", password: "\${ES_PASSWORD}" }` } : {}),
      });
    });
    after(async () => {
      await project?.remove();
      await elasticsearch?.client.indices.delete({ index: apacheIndex });
    });

    it("is checked, without and with asking the server", async () => {
      expect(requests).to.have.length(10_000);
      for (const args of service.readOnly ? [["check", "--online"]] : [["check"], ["check", "--online"]]) {
        const { code, out, err } = await run(...args, "--json");
        expect(code, out + err).to.equal(0);
        expect(JSON.parse(out)).to.deep.include({ faults: [] });
      }
    });

    if (service.readOnly) {
      // The long story is told once, on the open server; here are its first hours, made up for in one go.
      it("files the same two tickets, says once that each is quiet, and nothing more", async () => {
        expect(await expectTicks(may(19, 15), may(19, 15))).to.deep.equal([]);
        const told = await expectTicks(may(19, 16), may(20, 6));
        // Their creates are delivered together, in any order.
        expect(told.map((text) => text.replace(/-[12]$/, ""))).to.deep.equal([
          `${drop}: create new_finding LOCAL`,
          `${drop}: none recovering LOCAL`,
          `${drop}: comment all_quiet LOCAL`,
          `${storm}: create new_finding LOCAL`,
        ]);
        const byTitle = [...project.localTickets()].sort((a, b) => a.summary.localeCompare(b.summary));
        const [fall, found, ...others] = byTitle;
        expect(others).to.deep.equal([]);
        expectDropTicket(fall!, requestsAt(may(19, 16)), requestsAt(may(19, 15)));
        expectStormTicket(found!, windowOf(requests, may(20, 6)));
        expect(await expectTicks(may(20, 7), may(20, 8))).to.deep.equal([
          `${storm}: none recovering ${found!.key}`,
          `${storm}: comment all_quiet ${found!.key}`,
        ]);
        expect(project.localTickets().map(({ comments }) => comments.length)).to.deep.equal([1, 1]);
      });
      return;
    }

    it("a fall in traffic files one ticket, and recovery ends its episode with one comment", async () => {
      expect(await expectTicks(may(19, 15), may(19, 15))).to.deep.equal([]);
      expect(await expectTicks(may(19, 16), may(19, 16))).to.deep.equal([`${drop}: create new_finding LOCAL-1`]);
      expect(project.localTickets()).to.have.length(1);
      expectDropTicket(project.localTickets()[0]!, requestsAt(may(19, 16)), requestsAt(may(19, 15)));

      expect(await expectTicks(may(19, 17), may(19, 17))).to.deep.equal([`${drop}: none recovering LOCAL-1`]);
      expect(await expectTicks(may(19, 18), may(19, 18))).to.deep.equal([`${drop}: comment all_quiet LOCAL-1`]);
      expect(project.localTickets().map(({ key, comments }) => [key, comments.length])).to.deep.equal([["LOCAL-1", 1]]);
      expect(project.localTickets()[0]!.comments[0]).to.match(/^Quiet now/);
    });

    it("hours without a problem file nothing, run one by one or made up for in one go", async () => {
      expect(await expectTicks(may(19, 19), may(20, 5))).to.deep.equal([]);
      expect(project.localTickets()).to.have.length(1);
    });

    it("a storm of 404s files one ticket with numbers, samples and chart", async () => {
      const at = may(20, 6);
      expect(await expectTicks(at, at)).to.deep.equal([`${storm}: create new_finding LOCAL-2`]);
      expectStormTicket(project.localTickets()[1]!, windowOf(requests, at));
    });

    it("the next ticks file nothing new; the finding ends quiet", async () => {
      expect(await expectTicks(may(20, 7), may(20, 7))).to.deep.equal([`${storm}: none recovering LOCAL-2`]);
      expect(await expectTicks(may(20, 8), may(20, 8))).to.deep.equal([`${storm}: comment all_quiet LOCAL-2`]);
      expect(project.localTickets().map(({ comments }) => comments.length)).to.deep.equal([1, 1]);
      const explained = await run("explain", "LOCAL-2", "--json");
      expect(explained.code, explained.err).to.equal(0);
      const { finding } = JSON.parse(explained.out) as { finding: { state: string; episode: { ending: string } } };
      expect(finding).to.have.property("state", "quiet");
      expect(finding.episode).to.have.property("ending", "recovered");
    });

    it("the storm's return is told on the same ticket", async () => {
      expect(await expectTicks(may(20, 9), may(20, 10))).to.deep.equal([`${storm}: comment back_while_open LOCAL-2`]);
      expect(await expectTicks(may(20, 11), may(20, 12))).to.deep.equal([
        `${storm}: none recovering LOCAL-2`,
        `${storm}: update goes_on LOCAL-2`,
      ]);
      expect(project.localTickets()).to.have.length(2);
    });

    it("what was judged is not judged again: that is refused, and says what to do", async () => {
      const before = project.rows();
      for (const at of [may(20, 12) + 30 * 60_000, may(19, 16)]) {
        const { code, out, err } = await run("run", "--once", "--at", iso(at), "--json");
        expect(code).to.equal(2);
        expect(out).to.equal("");
        expect(err).to.contain("2015-05-20T12:00").and.to.contain("add --dry-run");
      }
      expect(project.rows()).to.deep.equal(before);
    });

    it("a dry run of an older tick says the same and changes nothing", async () => {
      const explain = async () => (await run("explain", "LOCAL-1", "--json")).out;
      const rows = project.rows();
      const explained = await explain();
      const { life } = expectations(requests, [may(19, 16), may(20, 6)]);
      for (const at of [may(19, 16), may(20, 6)]) {
        const again = await rowsAt(at, "--dry-run");
        const seen = again.map(({ tick, rule, value, verdict }) => ({ tick, rule, value, verdict }));
        const due = [drop, storm].map((rule) => {
          const { value, verdict } = life[rule]!.get(at)!;
          return { tick: iso(at), rule, value, verdict };
        });
        expect(seen.sort(byTickAndRule)).to.deep.equal(due);
      }
      const why = await run("explain", "--rule", storm, "--labels", "service.name=www", "--at", iso(may(20, 6)));
      expect(why.code, why.err).to.equal(0);
      expect(why.out).to.contain(
        `observed   ${life[storm]!.get(may(20, 6))!.value}, limit above ${apacheLimits.storm}`,
      );
      expect(project.rows()).to.deep.equal(rows);
      expect(await explain()).to.equal(explained);
    });

    it("the end of the log is a fall, then a source that is stale, and no recovery", async () => {
      expect(await expectTicks(may(20, 13), may(20, 23))).to.deep.equal([
        `${drop}: comment back_while_open LOCAL-1`,
        `${drop}: none unchanged LOCAL-1`,
      ]);
      const rows = await rowsAt(may(21, 0));
      expect(outcomes(rows)).to.deep.equal([
        `${drop}: none held LOCAL-1`,
        "backfeed-source-stale: create new_finding LOCAL-3",
      ]);
      const judged = rows.map(({ rule, verdict, state }) => `${rule} ${verdict} ${state}`).sort();
      expect(judged).to.deep.equal([
        "backfeed-source-stale breached firing",
        `${storm} failed inactive`,
        `${drop} no_data firing`,
      ]);
      expect(project.localTickets().map(({ key }) => key)).to.deep.equal(["LOCAL-1", "LOCAL-2", "LOCAL-3"]);
    });

    it("an index or a field that is not there is named, and keeps no other rule from being judged", async () => {
      await project.put("rules/typos.yaml", apacheTypos);
      const checked = await run("check", "--online", "--json");
      expect(checked.code, checked.err).to.equal(1);
      const { faults } = JSON.parse(checked.out) as { faults: { ruleId: string; message: string }[] };
      expect(faults.map(({ ruleId }) => ruleId).sort()).to.deep.equal(["no-such-field", "no-such-index"]);
      expect(faults.map(({ message }) => message).join()).to.contain("http.response.status");

      const { code, out, err } = await run("run", "--once", "--at", iso(may(21, 1)), "--json");
      expect(code).to.equal(1);
      const judged = (JSON.parse(out) as Row[]).map(({ rule, verdict }) => `${rule} ${verdict}`);
      expect(judged).to.include.members([`${drop} no_data`, `${storm} failed`]);
      expect(err).to.contain("RULE_QUERY_FAILED").and.to.contain("logs-nobody-writes");
      expect(project.localTickets()).to.have.length(3);
    });
  });
}

/** Numbers, samples and chart of the storm's ticket against the raw lines of its window. */
function expectStormTicket(ticket: LocalTicketRow, window: readonly RawRequest[]): void {
  const missing = window.filter(({ status }) => status === 404);
  const visitors = new Set(missing.map(({ ip }) => ip)).size;
  expect(ticket.summary).to.equal(`www: ${missing.length} requests for missing pages in 1 h`);
  expect(ticket.text).to.contain(`10/100 Low: severity warning 10 + reach ${visitors} users 0 + lasted 0 min 0`);
  expect(ticket.text).to.contain(`${missing.length}, limit: above ${apacheLimits.storm}, over windows of 1 h`);

  const samples = ticket.text.split("\n").filter((line) => line.startsWith("@timestamp="));
  const lines = missing.map(({ at, ip, target }) => {
    return `@timestamp=${new Date(at).toISOString()}  source.ip=${ip}  url.path=${target.split("?")[0]}`;
  });
  expect(samples).to.have.length(5);
  for (const sample of samples) expect(lines).to.include(sample);

  const [chart, ...more] = ticket.attachments;
  expect(more).to.deep.equal([]);
  expect(chart?.name).to.match(/^backfeed-[0-9a-f]{16}\.png$/);
  expect(ticket.text).to.contain(`attached as ${chart?.name}`);
  expect(chart?.bytes.subarray(1, 4).toString("latin1")).to.equal("PNG");
}

/** The fall's ticket against the raw lines of its window and of the one before. */
function expectDropTicket(ticket: LocalTicketRow, now: number, before: number): void {
  expect(ticket).to.include({ summary: `traffic fell to ${now} requests in 1 h`, priority: "Low" });
  expect(ticket.labels).to.include("team-web");
  expect(ticket.text).to.match(/^15\/100 Low: severity high 15 \+ /);
  expect(ticket.text).to.contain(`was ${before} before`);
}

function byTickAndRule(a: { tick: string; rule: string }, b: { tick: string; rule: string }): number {
  return a.tick.localeCompare(b.tick) || -a.rule.localeCompare(b.rule);
}

/** What was decided where there was something to decide. */
function outcomes(rows: readonly Row[]): string[] {
  return rows
    .filter(({ outcome, reason, state }) => outcome !== "none" || reason !== "unchanged" || state !== "inactive")
    .filter(({ verdict, state }) => verdict !== "failed" || state !== "inactive")
    .map(({ rule, outcome, reason, ticket }) => `${rule}: ${outcome} ${reason} ${ticket}`);
}
