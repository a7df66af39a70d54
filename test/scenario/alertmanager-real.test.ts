import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { type LoopbackServer, startLoopbackServer } from "../support/loopback-server.ts";
import { oneStory } from "../support/one-story.ts";
import { eventually, type RunningProduct, startProduct } from "../support/product.ts";
import { makeProjectFolder, type ProjectFolder } from "../support/project-folder.ts";
import { startAlertmanager } from "../support/services/alertmanager.ts";
import type { LoopbackProgram } from "../support/services/loopback-program.ts";
import { startPrometheus } from "../support/services/prometheus.ts";
import { startOrSkip } from "../support/services/service-missing.ts";

const token = "alertmanager-canary-5d1f0c77a9";
const expression = "checkout_error_ratio > 0.05";

const configOf = (prometheus: string) => `apiVersion: backfeed/v1
instance: alertmanager-scenario
server:
  listen: "127.0.0.1:0"
  webhooks: { alertmanager: { token: "\${AM_TOKEN}" } }
rules: ["rules/*.yaml"]
sources: { metrics: { type: prometheus, url: "${prometheus}" } }
trackers: { local: { type: local } }
tracker: local
`;

const rules = `apiVersion: backfeed/v1
rules:
  - id: checkout-errors
    title: "checkout: {{ alert.summary }}"
    why: People see an error page instead of a paid order.
    schedule: "*/2 * * * * *"
    signal: { source: alertmanager, where: { service: checkout } }
    when: { above: 0 }
    until: { for: 4s }
`;

const alertingRules = `groups:
  - name: shop
    rules:
      - alert: ErrorsHigh
        expr: ${expression}
        labels: { severity: page }
        annotations: { summary: "{{ $value | humanizePercentage }} of {{ $labels.service }} fail" }
`;

const alertmanagerConfig = (
  port: number,
) => `route: { receiver: backfeed, group_by: [alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 1h }
receivers:
  - name: backfeed
    webhook_configs:
      - url: http://127.0.0.1:${port}/webhooks/alertmanager
        http_config: { authorization: { credentials: ${token} } }
`;

const prometheusConfig = (shop: string, alertmanagers: readonly LoopbackProgram[]) => `
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [alerts.yml]
scrape_configs: [ { job_name: shop, static_configs: [ { targets: ["${new URL(shop).host}"] } ] } ]
alerting:
  alertmanagers: [ { static_configs: [ { targets: [${alertmanagers.map(({ address }) => `"${address}"`).join(", ")}] } ] } ]
`;

describe("a real Prometheus that raises an alert, two real Alertmanagers that both send it, and serve", function () {
  this.timeout(300_000);
  oneStory(this);
  let project: ProjectFolder;
  let shop: LoopbackServer;
  let serve: RunningProduct;
  let port = 0;
  let ratio = 0.08;
  const stops: (() => Promise<void>)[] = [];

  before(async function () {
    shop = await startLoopbackServer((_request, response) => {
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4" });
      response.end(`# TYPE checkout_error_ratio gauge\ncheckout_error_ratio{service="checkout"} ${ratio}\n`);
    });
    stops.push(() => shop.close());
    // Where no Alertmanager can be had nothing else needs to be started.
    const probe = await startOrSkip(this, () => startAlertmanager(alertmanagerConfig(9)));
    await probe.stop();
    project = await makeProjectFolder({
      "config/backfeed.yaml": configOf("http://127.0.0.1:9"),
      "rules/shop.yaml": rules,
    });
    stops.push(() => project.remove());
    serve = await startProduct(["serve"], { cwd: project.path, environment: { AM_TOKEN: token } });
    stops.push(async () => {
      serve.kill("SIGTERM");
      await serve.ended;
    });
    port = await eventually("serve listens", () => {
      const line = serve.err.split("\n").find((each) => each.includes("the API listens"));
      return line === undefined ? undefined : (JSON.parse(line) as { port: number }).port;
    });
    const alertmanagers = await Promise.all([1, 2].map(() => startAlertmanager(alertmanagerConfig(port))));
    stops.push(...alertmanagers.map((each) => () => each.stop()));
    const prometheus = await startOrSkip(this, () =>
      startPrometheus({
        history: [],
        config: async (folder) => {
          await writeFile(join(folder, "alerts.yml"), alertingRules);
          return prometheusConfig(shop.url, alertmanagers);
        },
      }),
    );
    stops.push(() => prometheus.stop());
  });
  after(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  const ask = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  const received = async (outcome: string) => {
    const name = `backfeed_webhooks_total{receiver="alertmanager",outcome="${outcome}"} `;
    const line = (await ask("/metrics")).split("\n").find((each) => each.startsWith(name));
    return Number(line?.slice(name.length) ?? 0);
  };

  it("files one ticket, with the alert's words and the link to its expression", async () => {
    const ticket = await eventually("a ticket", () => project.localTickets()[0]);
    expect(ticket.summary).to.equal("checkout: 8% of checkout fail");
    expect(ticket.text).to.match(/raised by Alertmanager since 20/);
    expect(ticket.text).to.include("g0.expr=checkout_error_ratio");
    await eventually("the other Alertmanager's notice", async () =>
      (await received("repeated")) > 0 ? true : undefined,
    );
    expect(project.localTickets().length).to.equal(1);
    const { items } = JSON.parse(await ask("/api/v1/findings")) as {
      items: { severity: string; worst: { verdict: object } }[];
    };
    expect(items.map(({ severity }) => severity)).to.deep.equal(["critical"]);
    expect(items[0]?.worst.verdict).to.have.nested.property("raised.expression", expression);
  });

  it("says on it that it is quiet once Prometheus has seen it well and Alertmanager has sent that", async () => {
    ratio = 0.01;
    const comments = await eventually("a comment", () => {
      const [ticket] = project.localTickets();
      return ticket === undefined || ticket.comments.length === 0 ? undefined : ticket.comments;
    });
    expect(comments[0]).to.match(/^Quiet now/);
    expect(comments[0]).to.match(/firing for/);
    expect(project.localTickets().length).to.equal(1);
    expect(await received("unverified")).to.equal(0);
  });

  it("shows its secret nowhere", async () => {
    expect(JSON.stringify(project.rows())).not.to.include(token);
    expect(serve.err + serve.out).not.to.include(token);
  });
});
