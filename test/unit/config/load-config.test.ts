import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect } from "chai";
import { type LoadedConfig, loadConfig } from "../../../src/config/load-config.ts";
import { routeFor } from "../../../src/config/route.ts";
import { defaultPriorityScale } from "../../../src/model/priority.ts";

const smallest = `apiVersion: backfeed/v1
instance: test
sources: { access: { type: files, tables: { access: { path: "logs/*.gz", format: ndjson } } } }
trackers: { local: { type: local } }
tracker: local
`;
const full = `apiVersion: backfeed/v1
instance: prod-eu
mode: report
server:
  listen: "0.0.0.0:8443"
  public_url: "https://backfeed.example.com/"
  auth: { tokens: [ { name: grafana, role: viewer, token: "\${VIEWER_TOKEN}" } ] }
  webhooks: { deploys: { token: "\${file:deploy-token}" } }
owners: owners.yaml
sources:
  logs: { type: elasticsearch, nodes: ["http://127.0.0.1:9200/"], auth: { user: "\${ES_USER}", password: "pre-\${ES_PASSWORD}" }, stale_after: 0 }
  metrics: { type: prometheus, url: "https://prometheus.example.com" }
trackers:
  jira: { type: jira, url: "https://acme.atlassian.net/", auth: { email: "\${JIRA_EMAIL}", token: "\${JIRA_TOKEN}" }, project: OPS, webhook_secret: "\${JIRA_TOKEN}" }
  local: { type: local }
tracker: jira
priority: { weights: { severity: { critical: 25 }, duration: [[30m, 5], [1h, 8]], reach_share: [[0.5%, 3]] }, bands: { low: 10 } }
retention: { ticks: 1d }
`;
const owners = `default: {}
payments: { tracker: local, project: PAY, issue_type: Task, component: checkout, labels: [team-pay, "{{ rule.owner }}"], fields: { a: 1, b: '{{ labels["service.name"] }}' } }
`;
const environment = {
  VIEWER_TOKEN: "viewer-token-0123456789",
  ES_USER: "elastic",
  ES_PASSWORD: "es-password",
  JIRA_EMAIL: "bot@example.com",
  JIRA_TOKEN: "jira-token-value",
};

describe("loading the service configuration", () => {
  let folder: string;
  const load = (yaml: string): LoadedConfig => {
    writeFileSync(join(folder, "backfeed.yaml"), yaml);
    return loadConfig({ file: "backfeed.yaml", baseDirectory: folder, environment });
  };
  const configOf = (yaml: string) => {
    const { config, faults } = load(yaml);
    expect(faults).to.deep.equal([]);
    if (config === undefined) throw new Error("no configuration");
    return config;
  };
  const loadFull = () => {
    writeFileSync(join(folder, "owners.yaml"), owners);
    writeFileSync(join(folder, "deploy-token"), "deploy-token-0123456789\n");
    return load(full);
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "backfeed-config-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("fills in the defaults of DESIGN.md section 8", () => {
    const config = configOf(smallest);
    const hour = 3_600_000;
    expect(config).to.deep.include({
      mode: "file",
      store: { kind: "sqlite", path: join(folder, "var/backfeed.db") },
      rules: ["rules/**/*.yaml"],
      limits: { newTicketsPerRun: 10, newTicketsPerDay: 50, newTicketsPerDayPerProject: 25, storm: 20 },
      catchUpMs: hour,
      retention: {
        ticksMs: 72 * hour,
        evidenceMs: 2_160 * hour,
        outboxMs: 2_160 * hour,
        eventsMs: 9_600 * hour,
        deploysMs: 2_160 * hour,
      },
      priority: defaultPriorityScale,
    });
    expect(config.server).to.deep.include({ host: "127.0.0.1", port: 8_080, tokens: [] });
    expect(config.sources["access"]).to.deep.equal({
      type: "files",
      tables: { access: { path: join(folder, "logs/*.gz"), timestamp: "@timestamp", format: "ndjson" } },
      delayMs: 0,
      timeoutMs: 20_000,
      maxConcurrency: 4,
      staleAfterMs: undefined,
    });
    expect(Object.isFrozen(config.limits)).to.equal(true);
  });

  it("gives everybody to the default tracker when there is no owners file", () => {
    expect(configOf(smallest).owners["default"]).to.deep.include({ tracker: "local", labels: [] });
    expect(load(smallest).ruleContext).to.deep.equal({
      sources: { access: { type: "files", tables: ["access"] } },
      owners: ["default"],
    });
  });

  it("says so when an owners file that is named is not there", () => {
    const { config, faults, ruleContext } = load(`${smallest}owners: nobody.yaml\n`);
    expect(config).to.equal(undefined);
    expect(ruleContext.owners).to.equal(undefined);
    expect(faults.map(({ file, message }) => [file, message])).to.deep.equal([
      ["nobody.yaml", "there is no such file"],
    ]);
  });

  it("reads the whole configuration", () => {
    const { config } = loadFull();
    expect(config?.server).to.deep.include({ host: "0.0.0.0", port: 8_443, publicUrl: "https://backfeed.example.com" });
    expect(config?.sources["logs"]).to.deep.include({
      nodes: ["http://127.0.0.1:9200"],
      staleAfterMs: undefined,
      delayMs: 30_000,
    });
    expect(config?.sources["metrics"]).to.deep.include({ delayMs: 15_000, auth: { kind: "none" } });
    expect(config?.trackers["jira"]).to.deep.include({
      url: "https://acme.atlassian.net",
      deployment: "auto",
      issueType: "Bug",
    });
    expect(config?.priority).to.deep.include({
      severity: { info: 0, low: 5, warning: 10, high: 15, critical: 25 },
      duration: [
        [1_800_000, 5],
        [3_600_000, 8],
      ],
      reachShare: [[0.005, 3]],
      burn: defaultPriorityScale.burn,
      bands: { Low: 10, Medium: 35, High: 55, Highest: 75 },
    });
    expect(config?.retention).to.deep.include({ ticksMs: 86_400_000, evidenceMs: 7_776_000_000 });
  });

  it("takes secrets from environment and files, and lists them for the redactor", () => {
    const { config, secrets } = loadFull();
    expect(secrets).to.have.members([
      "viewer-token-0123456789",
      "deploy-token-0123456789",
      "pre-es-password",
      "jira-token-value",
    ]);
    const logs = config?.sources["logs"];
    if (logs?.type !== "elasticsearch" || logs.auth.kind !== "basic") throw new Error("no basic auth");
    expect([logs.auth.user, logs.auth.password.reveal()]).to.deep.equal(["elastic", "pre-es-password"]);
    expect(config?.server.webhooks.deploys?.token.reveal()).to.equal("deploy-token-0123456789");
  });

  it("prints no secret, however the configuration is printed", () => {
    const { config } = loadFull();
    for (const text of [
      JSON.stringify(config),
      inspect(config, { depth: 20, showHidden: true }),
      `${config?.server.tokens[0]?.token}`,
    ]) {
      expect(text).to.include("<secret>");
      expect(text).to.not.match(/token-0123456789|es-password|jira-token-value/);
    }
  });

  it("routes by rule, then owner, then tracker", () => {
    const { config } = loadFull();
    if (config === undefined) throw new Error("no configuration");
    const context = {
      labels: { "service.name": "checkout" },
      value: 1,
      threshold: 1,
      windowMs: 1,
      rule: { id: "r", severity: "low", owner: "payments", why: "w" },
      episode: { startedAt: 0, durationMs: 0, peak: 1 },
    } as const;
    const ticket = {
      labels: ["reliability"],
      fields: { a: 2 },
      onQuiet: "comment",
      onReturn: "reopen",
      onWontDo: "suppress",
    } as const;
    expect(routeFor(config, "payments", { ...ticket, issueType: "Incident" }, context)).to.deep.equal({
      route: {
        tracker: "local",
        project: "PAY",
        issueType: "Incident",
        component: "checkout",
        labels: ["team-pay", "payments", "reliability"],
        fields: { a: 2, b: "checkout" },
      },
      dropped: [],
    });
    const other = { ...context, labels: {} };
    expect(routeFor(config, "payments", ticket, other).dropped[0]).to.match(
      /^field b is left out: the template cannot be rendered/,
    );
    expect(routeFor(config, "nobody", ticket, context).route).to.deep.include({
      tracker: "jira",
      project: "OPS",
      issueType: "Bug",
    });
  });

  it("tells faults of the owners file with their place", () => {
    writeFileSync(
      join(folder, "owners.yaml"),
      'payments: { tracker: jra, labels: [a b], fields: { x: "{{ labls.a }}" }, componnent: x }\n',
    );
    const { faults } = load(full);
    expect(
      faults
        .filter(({ file }) => file === "owners.yaml")
        .map(({ line, column, message }) => `${line}:${column} ${message}`),
    ).to.deep.equal([
      "1:1 `default` is missing: rules that name no owner need one",
      "1:22 there is no tracker `jra`, did you mean `jira`?",
      '1:36 the label "a b" holds white space, which trackers refuse',
      "1:55 the template names `labls`, which does not exist",
      "1:74 `componnent` is no key in `payments`, did you mean `component`?",
    ]);
  });
});
