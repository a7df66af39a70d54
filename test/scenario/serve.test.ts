import { expect } from "chai";
import { oneStory } from "../support/one-story.ts";
import { eventually, type Ran, runProduct } from "../support/product.ts";
import type { ProjectFolder } from "../support/project-folder.ts";
import {
  canaries,
  countRule,
  makeServeProject,
  ruleFile,
  type Served,
  type ServeFolder,
  startServe,
} from "./serve-project.ts";

interface Page<Item> {
  readonly items: readonly Item[];
}
interface FindingItem {
  readonly id: string;
  readonly title: string;
  readonly state: string;
  readonly ticket?: { readonly key: string };
}
interface RuleItem {
  readonly id: string;
  readonly watermark?: number;
  readonly why: string;
}
type RulePage = Page<RuleItem> & {
  readonly faults: readonly { readonly file: string; readonly ruleId?: string; readonly message: string }[];
};

/** Metrics that DESIGN.md section 8 names. */
const named = [
  'backfeed_last_tick_timestamp_seconds{schedule="',
  "backfeed_tick_duration_seconds_count",
  'backfeed_evaluations_total{verdict="breached"}',
  'backfeed_source_requests_total{source="app"}',
  'backfeed_decisions_total{decision="create",reason="new_finding"}',
  'backfeed_outbox_entries{state="done"}',
  'backfeed_tracker_requests_total{tracker="local",operation="create",outcome="ok"}',
];

describe("serve as a process of its own, over a log that grows", function () {
  this.timeout(600_000);
  oneStory(this);
  let project: ProjectFolder & ServeFolder;
  let served: Served;
  const answers: string[] = [];
  const ended: Ran[] = [];

  const findings = async () => (await served.json<Page<FindingItem>>("/api/v1/findings")).items;
  const tickets = async () => (await served.json<Page<{ key: string }>>("/api/v1/tickets")).items;
  const rules = () => served.json<RulePage>("/api/v1/rules");
  const metric = async (name: string) => {
    const { text } = await served.ask("/metrics");
    return text.split("\n").find((line) => line.startsWith(name));
  };
  const filed = (service: string) =>
    eventually(`a ticket for ${service}`, async () =>
      (await findings()).find(({ title, ticket }) => title.startsWith(`${service}:`) && ticket !== undefined),
    );
  /** Waits until a rule has been judged at two further ticks. */
  async function twoMoreTicks(ruleId: string): Promise<void> {
    const watermark = async () => (await rules()).items.find(({ id }) => id === ruleId)?.watermark ?? 0;
    for (let seen = await watermark(), ticks = 0; ticks < 2; ticks += 1) {
      seen = await eventually(`a further tick of ${ruleId}`, async () => {
        const now = await watermark();
        return now > seen ? now : undefined;
      });
    }
  }

  before(async () => {
    project = await makeServeProject();
    served = await startServe(project, answers);
  });
  after(async () => {
    served?.process.kill("SIGKILL");
    await served?.process.ended;
    await project?.remove();
  });

  it("is alive and ready", async () => {
    expect(await served.ask("/healthz", { token: undefined })).to.include({ status: 200 });
    expect(await served.ask("/readyz", { token: undefined })).to.include({ status: 200 });
  });

  it("files a ticket for what is appended, and nothing else", async () => {
    await twoMoreTicks("app-errors");
    expect(await findings()).to.deep.equal([]);
    await project.log("checkout", 4, `payment failed, password=hunter2-canary`);
    const finding = await filed("checkout");
    expect(finding).to.include({ title: "checkout: 4 failures", state: "open" });
    expect(await tickets()).to.have.length(1);
    const { text } = await served.ask(`/api/v1/tickets/${finding.ticket!.key}`);
    expect(text).to.contain("payment failed").and.not.contain("hunter2-canary");
    await twoMoreTicks("app-errors");
    expect(await tickets()).to.have.length(1);
  });

  it("tells Prometheus about itself", async () => {
    for (const name of named) expect(await metric(name), name).to.be.a("string");
    expect(await metric("backfeed_rules_loaded")).to.equal("backfeed_rules_loaded 1");
  });

  it("answers by token and role", async () => {
    const findingsPath = "/api/v1/findings";
    expect((await served.ask(findingsPath, { token: undefined })).status).to.equal(401);
    expect((await served.ask(findingsPath, { token: "not-a-token" })).status).to.equal(401);
    expect((await served.ask("/metrics", { token: undefined })).status).to.equal(401);
    const run = "/api/v1/rules/app-errors/run";
    expect((await served.ask(run, { method: "POST" })).status).to.equal(403);
    expect((await served.ask(run, { method: "POST", token: canaries.OPERATOR_TOKEN })).status).to.equal(200);
    expect((await served.ask(findingsPath)).status).to.equal(200);
  });

  it("a broken rule file harms only itself", async () => {
    await project.put("rules/broken.yaml", ruleFile(countRule("broken", "    thresold: 5\n")));
    const { faults } = await eventually("the fault in the API", async () => {
      const page = await rules();
      return page.faults.length > 0 ? page : undefined;
    });
    expect(faults[0]).to.include({ file: "rules/broken.yaml", ruleId: "broken" });
    expect(faults[0]!.message).to.contain("thresold");
    await eventually("the fault in the metrics", async () =>
      (await metric("backfeed_rule_faults "))?.endsWith(" 1") === true ? true : undefined,
    );
    expect(await metric("backfeed_rules_last_reload_successful")).to.equal("backfeed_rules_last_reload_successful 0");
    await twoMoreTicks("app-errors");

    await project.put("rules/broken.yaml", ruleFile(countRule("mended")));
    await eventually("the mended rule", async () => {
      const page = await rules();
      return page.faults.length === 0 && page.items.length === 2 ? true : undefined;
    });
    await twoMoreTicks("mended");
  });

  it("a swapped ConfigMap is read whole: the last good version goes on until one is good", async () => {
    await project.mountRules(`${ruleFile(countRule("app-errors"))}  - {{ not yaml\n`);
    await eventually("the fault", async () => ((await rules()).faults.length > 0 ? true : undefined));
    expect((await rules()).items.map(({ id }) => id)).to.deep.equal(["app-errors", "mended"]);
    await twoMoreTicks("app-errors");

    await project.mountRules(ruleFile(countRule("app-errors").replace("Orders are lost.", "Orders are lost!")));
    await eventually("the new version", async () => {
      const { faults, items } = await rules();
      return faults.length === 0 && items[0]?.why === "Orders are lost!" ? true : undefined;
    });
    await twoMoreTicks("app-errors");
    expect((await findings()).filter(({ title }) => title.startsWith("checkout:"))).to.have.length(2);
  });

  it("a second process on the same store is refused and names the first", async () => {
    const second = await runProduct(["serve"], { cwd: project.path, environment: canaries });
    ended.push(second);
    expect(second.code).to.equal(1);
    expect(second.err).to.contain(`backfeed.db is in use by process ${served.process.pid}`);
    expect((await served.ask("/readyz")).status).to.equal(200);
  });

  it("killed at any instruction, the next start goes on without a second ticket", async () => {
    const before = (await tickets()).map(({ key }) => key).sort();
    await project.log("search", 4, "index gone");
    served.process.kill("SIGKILL");
    const killed = await served.process.ended;
    expect(killed.code).to.equal(null);
    ended.push(killed);

    served = await startServe(project, answers);
    await filed("search");
    await eventually("both rules' tickets for search", async () =>
      (await tickets()).length === before.length + 2 ? true : undefined,
    );
    await twoMoreTicks("app-errors");
    await twoMoreTicks("mended");
    const after = (await tickets()).map(({ key }) => key);
    expect(after)
      .to.have.length(before.length + 2)
      .and.to.include.members(before);
    expect(project.localTickets()).to.have.length(after.length);
  });

  // Within ten seconds: test/unit/app/serve.test.ts, by a clock of its own.
  it("SIGTERM ends it with exit code 0", async () => {
    served.process.kill("SIGTERM");
    const stopped = await served.process.ended;
    ended.push(stopped);
    expect(stopped.code, stopped.err).to.equal(0);
  });

  it("no secret stands in a log line, an answer or the store", () => {
    const secrets = [...Object.values(canaries), "hunter2-canary"];
    const everything = [...answers, ...ended.flatMap(({ out, err }) => [out, err]), JSON.stringify(project.rows())];
    expect(everything.join("\n")).to.contain("payment failed");
    for (const secret of secrets) {
      expect(
        everything.filter((text) => text.includes(secret)),
        secret,
      ).to.deep.equal([]);
    }
  });
});
