import { expect } from "chai";
import { asBackfeedError } from "../../../../src/support/errors.ts";
import { createJiraTracker } from "../../../../src/trackers/jira/tracker.ts";
import { freePacer } from "../../../support/free-pacer.ts";
import type { FaultKind } from "../../../support/jira/faults.ts";
import type { Deployment } from "../../../support/jira/options.ts";
import { startJiraDouble } from "../../../support/jira/start-jira-double.ts";

const kinds: readonly (FaultKind | undefined)[] = [
  undefined,
  { kind: "rateLimited", retryAfter: 7 },
  { kind: "htmlError" },
  { kind: "htmlError", status: 500, processed: true },
  { kind: "serverError" },
  { kind: "resetBefore" },
  { kind: "lostAnswer" },
  { kind: "truncatedBody" },
  { kind: "invalidJson" },
  { kind: "redirectToLogin" },
  { kind: "htmlLoginPage" },
  { kind: "expiredToken" },
  { kind: "unauthorized" },
  { kind: "forbidden", captcha: true },
];

describe("the Jira double without the network", function () {
  this.timeout(60_000);
  for (const deployment of ["cloud", "datacenter"] as const) {
    for (const fault of kinds) {
      it(`answers the tracker of ${deployment} as over HTTP: ${JSON.stringify(fault) ?? "all well"}`, async () => {
        const overHttp = await lifeOfATicket(deployment, fault, true);
        const inProcess = await lifeOfATicket(deployment, fault, false);
        expect(inProcess).to.deep.equal(overHttp);
      });
    }
  }
});

/** What the tracker makes of a create under a fault, then of a comment and a chart; and what Jira has in the end. */
async function lifeOfATicket(deployment: Deployment, fault: FaultKind | undefined, listens: boolean) {
  const jira = await startJiraDouble({ deployment, clock: () => Date.parse("2026-01-05T10:00:00Z"), listens });
  const tracker = createJiraTracker({
    name: "jira",
    url: jira.url,
    siteUrl: "https://jira.example.com",
    deployment,
    auth: jira.login[deployment],
    project: "OPS",
    allowHttp: true,
    pacer: freePacer,
    ...(listens ? {} : { dispatcher: jira.dispatcher }),
  });
  const never = new AbortController().signal;
  const identity = { instance: "test", groupKey: "ab".repeat(32), generation: 1, rules: ["errors"] };
  const route = { tracker: "jira", labels: ["team-pay"], fields: {} };
  const draft = { identity, route, summary: "Checkout fails", document: [], band: "High" as const };
  const said: unknown[] = [];
  const tell = async (step: () => Promise<unknown>) => {
    try {
      said.push(await step());
    } catch (thrown) {
      const { kind, message, retryAfterMs, status } = asBackfeedError(thrown);
      said.push({ kind, message, retryAfterMs, status });
    }
  };
  if (fault !== undefined) jira.faults.push({ ...fault, operation: "createIssue" });
  await tell(() => tracker.create(draft, never));
  jira.index.flush();
  await tell(() => tracker.find(identity, route, never));
  const issue = jira.issues()[0];
  if (issue !== undefined) {
    const ref = { id: issue.id, key: issue.key, url: "" };
    const chart = { name: "chart.png", contentType: "image/png", bytes: Buffer.from([0x89, 0x50, 0, 255]) };
    await tell(() => tracker.comment(ref, { marker: "quiet:1", document: [] }, never));
    await tell(() => tracker.attach(ref, chart, never));
  }
  await tracker.close();
  await jira.stop();
  expect(jira.violations).to.deep.equal([]);
  return { said, history: jira.history, fired: jira.faults.fired, issues: jira.issues() };
}
