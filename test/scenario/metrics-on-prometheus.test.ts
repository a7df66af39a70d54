import { expect } from "chai";
import { oneStory } from "../support/one-story.ts";
import { type Ran, runProduct } from "../support/product.ts";
import { makeProjectFolder, type ProjectFolder } from "../support/project-folder.ts";
import { type HistorySeries, type Prometheus, startPrometheus } from "../support/services/prometheus.ts";
import { startOrSkip } from "../support/services/service-missing.ts";

const minute = 60_000;
const start = Date.parse("2026-01-05T10:00:00Z");
const minutes = 120;
/** What a service may be called, where label values are anybody's. */
const service = `shop"} or vector(1) {x="`;

const at = (clock: string) => `2026-01-05T${clock}:00Z`;
/** Of each minute, its value by the minute's number since 10:00. */
const gauge = (
  name: string,
  labels: Record<string, string>,
  value: (place: number) => number | undefined,
): HistorySeries => ({
  name,
  labels,
  from: start,
  stepMs: minute,
  values: Array.from({ length: minutes + 1 }, (_, place) => value(place)),
});
/** A counter that grows by so much in a minute. */
const counter = (name: string, labels: Record<string, string>, growth: (place: number) => number): HistorySeries => {
  let total = 0;
  return gauge(name, labels, (place) => {
    total += growth(place);
    return total;
  });
};
const failing = (place: number) => place >= 40 && place < 60;

const history: readonly HistorySeries[] = [
  gauge("up", { job: "shop", instance: "web-1" }, () => 1),
  counter("http_requests_total", { service, code: "500" }, (place) => (failing(place) ? 80 : 1)),
  counter("http_requests_total", { service, code: "200" }, (place) => (failing(place) ? 920 : 999)),
  counter("http_requests_total", { service: "cart", code: "200" }, () => 100),
  gauge("host_busy_ratio", { service, instance: "web-1" }, (place) => (failing(place) ? 0.94 : 0.31)),
  gauge("host_busy_ratio", { service, instance: "web-2" }, () => 0.3),
  gauge("host_busy_ratio", { service: "cart", instance: "web-3" }, () => 0.99),
  // An empty queue whose time to drain is endless from 11:50 to the end of everything.
  gauge("drain_seconds", { queue: "mail" }, (place) => (place >= 110 ? Number.POSITIVE_INFINITY : 5)),
  gauge("drain_seconds", { queue: "idle" }, () => Number.NaN),
];

const rules = `apiVersion: backfeed/v1
rules:
  - id: shop-error-share
    title: '{{ labels.service }}: {{ value | percent }} of requests fail'
    why: People see an error page instead of a paid order.
    severity: critical
    signal:
      source: metrics
      promql: |
        sum by (service) (rate(http_requests_total{code=~"5.."}[5m]))
          / sum by (service) (rate(http_requests_total[5m]))
      by: [service]
    when: { above: 5%, for: 2m }
    until: { below: 2%, for: 5m }
    evidence:
      infra:
        - { source: metrics, title: Busy hosts, promql: 'max by (instance) (host_busy_ratio{service="{{ labels.service }}"})' }
  - id: queue-drains-never
    title: 'queue {{ labels.queue }} drains in {{ value | number }} s'
    why: Mails are late.
    severity: high
    signal: { source: metrics, promql: drain_seconds, by: [queue] }
    when: { above: 60 }
`;

const configuration = (url: string) => `apiVersion: backfeed/v1
instance: metrics-scenario
sources:
  metrics: { type: prometheus, url: "${url}" }
trackers: { local: { type: local } }
tracker: local
catch_up: 3h
links:
  Prometheus: '{% if source == "metrics" %}https://prometheus.example.com/graph?g0.expr={{ query }}&g0.end_input={{ to }}{% endif %}'
  Kibana: '{% if source == "logs" %}https://kibana.example.com/?q={{ query }}{% endif %}'
`;

interface Row {
  readonly tick: string;
  readonly rule: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly verdict: string;
  readonly value: number | null;
  readonly state: string;
  readonly outcome: string;
  readonly reason: string;
}

describe("metrics in a real Prometheus", function () {
  this.timeout(400_000);
  oneStory(this);
  let prometheus: Prometheus;
  let project: ProjectFolder;

  const run = (...args: string[]): Promise<Ran> => runProduct(args, { cwd: project.path });
  async function rowsAt(clock: string): Promise<readonly Row[]> {
    const { code, out, err } = await run("run", "--once", "--at", at(clock), "--json");
    expect(code, err).to.equal(0);
    return JSON.parse(out) as Row[];
  }
  const told = (rows: readonly Row[]) =>
    rows
      .filter(({ outcome }) => outcome !== "none")
      .map(({ tick, rule, outcome, reason }) => `${tick.slice(11, 16)} ${rule} ${outcome} ${reason}`);

  before(async function () {
    prometheus = await startOrSkip(this, () => startPrometheus({ history }));
    project = await makeProjectFolder({
      "config/backfeed.yaml": configuration(prometheus.url),
      "config/owners.yaml": "default: {}\n",
      "rules/shop.yaml": rules,
    });
  });
  after(async () => {
    await project?.remove();
    await prometheus?.stop();
  });

  it("is checked, and asked what it knows now, which is nothing any more", async () => {
    const checked = await run("check", "--json");
    expect(checked.code, checked.err).to.equal(0);
    expect(JSON.parse(checked.out)).to.deep.include({ faults: [] });
    const online = await run("check", "--online", "--json");
    expect(online.code, online.err).to.equal(0);
    const { faults } = JSON.parse(online.out) as {
      faults: { ruleId?: string; severity: string; message: string; line: number }[];
    };
    expect(faults.map(({ severity }) => severity)).to.not.include("error");
    const texts = faults.map(({ ruleId, line, message }) => `${ruleId} ${line} ${message}`);
    expect(texts).to.include("shop-error-share 9 the source has had no metric `http_requests_total` for a day");
    expect(texts).to.include("shop-error-share 17 the source has had no metric `host_busy_ratio` for a day");
    expect(texts.join("\n")).to.contain("no `up` of late");
  });

  it("says nothing while all is well: NaN is no value, and nothing returned is clear", async () => {
    expect(told(await rowsAt("10:30"))).to.deep.equal([]);
    const rows = await rowsAt("10:39");
    expect(told(rows)).to.deep.equal([]);
    expect(new Set(rows.map(({ verdict, state }) => `${verdict} ${state}`))).to.deep.equal(new Set(["clear inactive"]));
    expect(project.localTickets()).to.deep.equal([]);
  });

  it("files one ticket with the share, its chart, and what the hosts did", async () => {
    const rows = await rowsAt("10:50");
    // 80 of 1,000 fail; a rate over five minutes passes 5 % in the fourth of them, and is held for two more.
    const [first, ...more] = told(rows);
    expect(more).to.deep.equal([]);
    expect(first).to.match(/^10:4[5-7] shop-error-share create new_finding$/);
    const [ticket, ...others] = project.localTickets();
    if (ticket === undefined) throw new Error("no ticket");
    expect(others).to.deep.equal([]);
    expect(ticket.summary).to.match(/^shop"\} or vector\(1\) \{x=": [5-8]\.\d% of requests fail$/);
    expect(ticket.text).to.match(/^[5-8]\.\d%, limit: above 5\.0%$/m);
    expect(ticket.text).to.contain('value of "sum by (service) (rate(http_requests_total');
    expect(ticket.text).to.match(/web-1 0\.3\d+ before, 0\.94 in the episode/);
    expect(ticket.text).to.not.contain("web-3").and.not.contain("Could not be had");
    expect(ticket.attachments.map(({ bytes }) => bytes.subarray(1, 4).toString("latin1"))).to.deep.equal([
      "PNG",
      "PNG",
    ]);
    const link = /https:\/\/prometheus\.example\.com\/graph\?g0\.expr=(\S+?)&/.exec(ticket.text)?.[1];
    expect(decodeURIComponent(link ?? "")).to.contain('sum by (service) (rate(http_requests_total{code=~"5.."}[5m]))');
    expect(ticket.text).to.not.contain("kibana");
  });

  it("ends the episode when the share has been low for long enough", async () => {
    const rows = await rowsAt("11:30");
    expect(told(rows).filter((line) => !line.includes(" update "))).to.satisfy(
      (lines: string[]) => lines.length === 1 && /shop-error-share comment all_quiet$/.test(lines[0] ?? ""),
    );
    expect(project.localTickets()).to.have.length(1);
  });

  it("takes infinity for a value, through store, title, JSON and chart", async () => {
    const rows = await rowsAt("11:55");
    const bad = rows.filter(({ rule, verdict }) => rule === "queue-drains-never" && verdict === "breached");
    expect(bad.map(({ tick }) => tick.slice(11, 16))[0]).to.equal("11:51");
    expect(bad[0]?.value).to.be.greaterThan(1e300);
    const [, ticket] = project.localTickets();
    expect(ticket?.summary).to.equal("queue mail drains in ∞ s");
    expect(ticket?.text).to.contain("∞, limit: above 60");
    expect(ticket?.attachments).to.have.length(1);
    const explained = await run("explain", "LOCAL-2", "--json");
    expect(explained.code, explained.err).to.equal(0);
  });

  it("recovers nothing when nothing is scraped any more: the source is stale, and has a finding", async () => {
    const rows = await rowsAt("12:40");
    const after = rows.filter(({ tick, labels }) => tick >= at("12:10") && labels["queue"] === "mail");
    const verdicts = new Set(
      after.filter(({ rule }) => rule === "queue-drains-never").map(({ verdict, state }) => `${verdict} ${state}`),
    );
    expect(verdicts).to.deep.equal(new Set(["failed firing"]));
    expect(told(rows).map((line) => line.slice(6))).to.include("backfeed-source-stale create new_finding");
    expect(told(rows).join()).to.not.contain("all_quiet");
    expect(project.localTickets()).to.have.length(3);
  });

  it("fails alone, with the way out, when series fall together", async () => {
    await project.put(
      "rules/together.yaml",
      `apiVersion: backfeed/v1
rules:
  - { id: together, title: x, why: y, signal: { source: metrics, promql: host_busy_ratio, by: [service] }, when: { above: 1 } }
`,
    );
    const { code, out, err } = await run("run", "--once", "--at", at("11:00"), "--dry-run", "--json");
    expect(code).to.equal(1);
    expect(err).to.contain("fall together under `by: [service]`").and.contain("add `instance` to `by`");
    const verdicts = (JSON.parse(out) as Row[]).map(({ rule, verdict }) => `${rule} ${verdict}`);
    expect(verdicts).to.include("together failed").and.include("queue-drains-never clear");
  });
});
