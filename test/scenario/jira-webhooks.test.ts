import { join } from "node:path";
import Database from "better-sqlite3";
import { expect } from "chai";
import { loadRules } from "../../src/app/load-rules.ts";
import { openProgram, type Program } from "../../src/app/program.ts";
import { serve } from "../../src/app/serve.ts";
import { ManualClock } from "../../src/support/clock.ts";
import { type JiraDouble, startJiraDouble } from "../support/jira/start-jira-double.ts";
import type { WebhookEvent } from "../support/jira/webhooks.ts";
import { eventually } from "../support/product.ts";
import { makeProjectFolder, type ProjectFolder } from "../support/project-folder.ts";

const second = 1_000;
const start = Date.parse("2026-01-05T10:00:00Z");
const secret = "hook-canary-0b7e44a19c3d52f8";

const rules = `apiVersion: backfeed/v1
rules:
  - id: app-errors
    title: '{{ labels["service.name"] }}: {{ value | number }} failures'
    why: Orders are lost.
    severity: critical
    schedule: "* * * * *"
    signal: { source: app, table: app, where: { level: error }, measure: count, by: [service.name], window: 1h }
    when: { above: 3 }
`;

/** The program as `serve` runs it, on a clock of its own, with a Jira that sends webhooks to it. */
for (const deployment of ["cloud", "datacenter"] as const) {
  describe(`what people do in Jira ${deployment}, told by its webhooks`, () => {
    let jira: JiraDouble;
    let project: ProjectFolder;
    let program: Program;
    let clock: ManualClock;
    let url: string;
    let stop: () => Promise<void>;

    beforeEach(async () => {
      clock = new ManualClock(start);
      jira = await startJiraDouble({ deployment, clock: () => clock.now() });
      const { email, token } = jira.login.cloud;
      const auth =
        deployment === "cloud" ? `{ email: "${email}", token: "\${JIRA_TOKEN}" }` : `{ token: "\${JIRA_TOKEN}" }`;
      const event = {
        "@timestamp": new Date(start - 60 * second).toISOString(),
        "service.name": "cart",
        level: "error",
      };
      project = await makeProjectFolder({
        "backfeed.yaml": `apiVersion: backfeed/v1
instance: webhook-scenario
server: { listen: "127.0.0.1:0", auth: { tokens: [ { name: oncall, role: operator, token: "\${OPERATOR_TOKEN}" } ] } }
rules: ["rules/*.yaml"]
sources: { app: { type: files, tables: { app: { path: "logs/*.ndjson" } }, delay: 0s } }
trackers:
  jira: { type: jira, url: "${jira.url}", auth: ${auth}, project: OPS, webhook_secret: "\${JIRA_HOOK}" }
tracker: jira
`,
        "config/owners.yaml": "default: {}\n",
        "rules/app.yaml": rules,
        "logs/app.ndjson": `${JSON.stringify(event)}\n`.repeat(5),
      });
      const environment = {
        JIRA_HOOK: secret,
        JIRA_TOKEN: deployment === "cloud" ? token : jira.login.datacenter.token,
        OPERATOR_TOKEN: "operator-canary-88c1d0e5f6a2",
      };
      const read = await loadRules({ file: "backfeed.yaml", baseDirectory: project.path, environment });
      expect(read.faults).to.deep.equal([]);
      const loaded = {
        ...read,
        config: { ...read.config!, store: { ...read.config!.store, path: join(project.path, "b.db") } },
      };
      program = await openProgram({ loaded, clock, logLevel: "silent", dryRun: false });
      const stopping = new AbortController();
      let listening: (port: number) => void = () => undefined;
      const port = new Promise<number>((resolve) => {
        listening = resolve;
      });
      const served = serve({
        loaded,
        program,
        logLevel: "silent",
        signal: stopping.signal,
        onListening: (address) => listening(address.port),
      });
      url = `http://127.0.0.1:${await port}/webhooks/jira`;
      stop = async () => {
        stopping.abort();
        await served;
      };
      await eventually("the ticket", async () => ((await record()) === undefined ? undefined : true));
      await eventually("its delivery to be over", async () =>
        (await program.store.outbox.oldestOpen()) === undefined ? true : undefined,
      );
      await passOver();
    });
    afterEach(async () => {
      await stop();
      expect(jira.violations).to.deep.equal([]);
      await jira.stop();
      await project.remove();
    });

    const alice = () => jira.person("alice");
    const record = async () => (await program.store.history.tickets({ limit: 1 })).items[0];
    const codes = async () => (await program.store.history.events((await record())!.findingId)).map(({ code }) => code);
    const edits = async () => program.store.tickets.edits((await record())!.findingId, 99);
    const waiting = () => program.store.inbox.pending("jira", 1_000);
    const counted = async (outcome: string) =>
      (await program.metrics.render()).text.includes(`backfeed_webhooks_total{receiver="jira",outcome="${outcome}"}`);

    /** As the flavour proves itself: Cloud signs, a Data Center before version 10 has the secret in its address. */
    const target = () => (deployment === "cloud" ? { url, secret } : { url: `${url}?secret=${secret}` });

    async function deliver(events: readonly WebhookEvent[] = [...jira.webhooks.pending]): Promise<readonly number[]> {
      const statuses: number[] = [];
      for (const event of events) statuses.push(await jira.webhooks.deliver(event, target()));
      return statuses;
    }

    /** The look that is due now has ended: learning sleeps. */
    async function passOver(): Promise<void> {
      await eventually("a look at all tickets", async () => {
        const { text } = await program.metrics.render();
        const at = /^backfeed_last_reconcile_timestamp_seconds\{tracker="jira"\} (\S+)$/m.exec(text)?.[1];
        return Number(at) * second === clock.now() ? true : undefined;
      });
      // What is left of it asks the store alone.
      for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }

    /** Hints that came are looked at this much later. */
    async function gathered(): Promise<void> {
      clock.advance(5 * second);
      await eventually("no hint to wait", async () => ((await waiting()).length === 0 ? true : undefined));
    }

    it("that they close it is heard after five seconds, and who did it", async () => {
      expect(new Set(await deliver()), "our own writes").to.deep.equal(new Set([200]));
      expect(await waiting()).to.deep.equal([]);
      alice().transition("OPS-1", "Done");
      expect(await deliver()).to.deep.equal([200]);
      expect(await waiting()).to.have.length(1);
      await gathered();
      expect((await record())?.closed).to.include({ as: "done" });
      expect(clock.now() - start).to.equal(5 * second);
      const told = await program.store.history.events((await record())!.findingId);
      expect(told.map(({ text }) => text).join("\n")).to.contain("Alice Archer");
    });

    it("that they set another priority is heard after five seconds, and stays", async () => {
      alice().edit("OPS-1", { priority: "Lowest" });
      await deliver();
      await gathered();
      expect((await record())?.peoples).to.deep.equal(["priority"]);
      expect((await edits()).map(({ field, to, who }) => [field, to, who])).to.deep.equal([
        ["priority", "Lowest", "Alice Archer"],
      ]);
    });

    it("that they delete it is looked at after five seconds, and believed at a second look", async () => {
      alice().delete("OPS-1");
      await deliver();
      await gathered();
      expect((await record())?.gone).to.equal(undefined);
      for (let passed = 0; passed < 6; passed += 1) {
        clock.advance(60 * second);
        await passOver();
      }
      expect((await record())?.gone).to.not.equal(undefined);
      expect(jira.issues()).to.deep.equal([]);
    });

    it("that they choose another issue as the ticket is carried out after five seconds", async () => {
      const key = alice().file("OPS", "The cart loses orders");
      alice().addLabel(key, `backfeed-adopt-${(await record())!.findingId}`);
      await deliver();
      await gathered();
      await eventually("the other issue to be the ticket", async () =>
        (await record())?.ref.key === key ? true : undefined,
      );
      expect(clock.now() - start).to.equal(5 * second);
      // Seconds later also what we wrote about it is told, and teaches nothing new.
      await deliver();
      await gathered();
      expect((await record())?.peoples).to.not.equal(undefined);
      expect((await codes()).filter((code) => code === "ticket_adopted" || code === "adopted")).to.have.length(1);
    });

    it("late, twice and the wrong way round makes no difference", async () => {
      alice().edit("OPS-1", { priority: "Lowest" });
      alice().comment("OPS-1", "on it");
      alice().transition("OPS-1", "In Progress");
      alice().transition("OPS-1", "Done");
      const events = [...jira.webhooks.pending].reverse();
      clock.advance(30 * 60 * second);
      await passOver();
      const before = { record: await record(), codes: await codes(), edits: await edits() };
      expect(before.record?.closed).to.include({ as: "done" });
      expect(await deliver([...events, ...events])).to.deep.equal([...events, ...events].map(() => 200));
      await gathered();
      expect((await deliver(events))[0]).to.equal(200);
      expect(await waiting()).to.deep.equal([]);
      expect(await codes()).to.deep.equal(before.codes);
      expect(await edits()).to.deep.equal(before.edits);
    });

    it("lost is found by the next look at all", async () => {
      alice().transition("OPS-1", "Done");
      jira.webhooks.pending.length = 0;
      clock.advance(60 * second);
      await passOver();
      expect((await record())?.closed).to.include({ as: "done" });
    });

    it("unsigned, wrongly signed, sent again, or five megabytes long is refused as the page says, and teaches nothing", async () => {
      await deliver();
      alice().transition("OPS-1", "Done");
      const event = jira.webhooks.pending[0]!;
      const another = "another-secret-0123456789";
      expect(await jira.webhooks.deliver(event, { url })).to.equal(401);
      expect(await jira.webhooks.deliver(event, { url, secret: another })).to.equal(401);
      expect(await jira.webhooks.deliver(event, { url: `${url}?secret=${another}` })).to.equal(401);
      expect(await jira.webhooks.deliver(event, { url: `${url}?secret=${secret}`, secret: another })).to.equal(401);
      const huge = { id: "huge", payload: { ...event.payload, padding: "x".repeat(5 * 1_024 * 1_024) } };
      expect(await deliver([huge])).to.deep.equal([413]);
      expect(await waiting()).to.deep.equal([]);
      expect((await record())?.closed).to.equal(undefined);
      expect(await deliver([event])).to.deep.equal([200]);
      await gathered();
      expect(await deliver([event])).to.deep.equal([200]);
      expect(await waiting()).to.deep.equal([]);
      for (const outcome of ["unverified", "too_large", "stored", "repeated", "ignored"]) {
        expect(await counted(outcome), outcome).to.equal(true);
      }
    });

    it("is asked for again while the store cannot write, and heard from the redelivery", async () => {
      await deliver();
      const database = new Database(join(project.path, "b.db"));
      database.exec(
        "create trigger full before insert on webhook_inbox begin select raise(abort, 'disk is full'); end",
      );
      alice().transition("OPS-1", "Done");
      const [event] = jira.webhooks.pending;
      expect(await deliver()).to.deep.equal([503]);
      expect(jira.webhooks.pending).to.include(event);
      database.exec("drop trigger full");
      database.close();
      expect(await jira.webhooks.deliver(event!, { ...target(), retry: 1 })).to.equal(200);
      await gathered();
      expect((await record())?.closed).to.include({ as: "done" });
    });
  });
}
