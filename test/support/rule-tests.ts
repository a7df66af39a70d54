import { loadRules } from "../../src/app/load-rules.ts";
import { loadRuleTests } from "../../src/app/rule-tests/load-rule-tests.ts";
import { type RuleTestReport, runRuleTests } from "../../src/app/rule-tests/rule-tests.ts";
import { makeProjectFolder, type ProjectFolder } from "./project-folder.ts";

/** What rule tests need beside rules: two sources, two owners, the local tracker. */
const testProject = {
  "config/backfeed.yaml": `
apiVersion: backfeed/v1
instance: test
rules: ["rules/**/*.yaml"]
owners: config/owners.yaml
sources:
  logs: { type: elasticsearch, nodes: ["http://127.0.0.1:9200"] }
  access: { type: files, tables: { access: { path: "access.ndjson", timestamp: "@timestamp" } } }
trackers: { local: { type: local } }
tracker: local
`,
  "config/owners.yaml": "default: { tracker: local }\npayments: { tracker: local, project: PAY }\n",
};

/** The rule of RULES.md's example of a test. */
export const checkoutRule = `
apiVersion: backfeed/v1
rules:
  - id: checkout-errors
    title: '{{ labels["service.name"] }}: {{ value | percent }} of requests fail'
    why: People see an error page instead of a paid order.
    severity: critical
    owner: payments
    signal:
      source: logs
      index: "logs-*"
      where: { service.environment: production }
      filter: "NOT url.path:\\\\/health*"
      measure: ratio
      bad: "http.response.status_code:>=500"
      by: [service.name]
      window: 5m
    when: { above: 5%, for: 5m, min_bad_events: 20 }
    until: { below: 2%, for: 15m }
    impact:
      users: unique(user.id)
      slo: { objective: 99.9%, period: 30d }
`;

export async function testFolder(files: Readonly<Record<string, string>>): Promise<ProjectFolder> {
  return makeProjectFolder({ ...testProject, ...files });
}

async function runnable(baseDirectory: string, file = "config/backfeed.yaml") {
  const loaded = await loadRules({ file, baseDirectory, environment: {} });
  const { config } = loaded;
  if (config === undefined) throw new Error(JSON.stringify(loaded.faults));
  return { ...loaded, config };
}

/** As `backfeed test` in a folder. */
export async function runTestsIn(baseDirectory: string, patterns: readonly string[] = []): Promise<RuleTestReport> {
  const loaded = await runnable(baseDirectory);
  return runRuleTests({ loaded, patterns, baseDirectory, signal: new AbortController().signal });
}

/** The tests of a folder's configuration and what they run on, for running them otherwise. */
export async function loadTestsIn(baseDirectory: string, file?: string) {
  const loaded = await runnable(baseDirectory, file);
  return { loaded, ...(await loadRuleTests({ loaded, patterns: [], baseDirectory })) };
}

/** A report of one rule file and one test file. */
export async function runTests(rules: string, tests: string): Promise<RuleTestReport> {
  const folder = await testFolder({ "rules/a.yaml": rules, "rules/a.test.yaml": tests });
  try {
    return await runTestsIn(folder.path);
  } finally {
    await folder.remove();
  }
}
