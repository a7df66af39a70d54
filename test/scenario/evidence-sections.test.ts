import { expect } from "chai";
import { plainText } from "../../src/model/document.ts";
import type { LocalTicket } from "../../src/model/local-ticket.ts";
import type { InfraSignal, Rule } from "../../src/model/rule.ts";
import { createScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import { adfText } from "../../src/trackers/jira/adf.ts";
import { createLocalTracker } from "../../src/trackers/local/local-tracker.ts";
import { type JiraDouble, startJiraDouble } from "../support/jira/start-jira-double.ts";
import { jiraTracker } from "../support/jira-tracker.ts";
import { buildRule } from "../support/rules.ts";
import { createWorld, type World } from "../support/world.ts";

const minute = 60_000;
const start = "2026-01-05T10:00:00Z";
const began = Date.parse(start);
/** What a label may hold where people name services. */
const service = `shop"} OR 1=1 {code} [~accountid:x] *_*`;

/** A minute's events of the application: how many fail, and how long they take. */
function requests(failing: (at: number) => number, lasting: (at: number) => number) {
  const events: Record<string, unknown>[] = [];
  for (let at = began - 60 * minute; at < began + 60 * minute; at += minute) {
    for (let n = 0; n < failing(at); n += 1)
      events.push({ "@timestamp": at + n, service, level: "error", message: `payment ${n} declined` });
    events.push({ "@timestamp": at, service, level: "info", duration: lasting(at), message: "served" });
  }
  return { events };
}

/** The machines under it: one that gets hot with the episode, and others that do not; and of another service. */
function machines(from: number) {
  const events: Record<string, unknown>[] = [];
  for (let at = began - 60 * minute; at < began + 60 * minute; at += minute) {
    for (const host of ["web-1", "web-2", "web-3"]) {
      events.push({ "@timestamp": at, service, host, cpu: host === "web-3" && at >= from ? 0.94 : 0.31 });
    }
    events.push({ "@timestamp": at, service: "other", host: "other-1", cpu: 0.99 });
  }
  return { events };
}

function infraOf(
  title: string,
  parts: Partial<Pick<InfraSignal, "source">> & { by?: readonly string[]; target?: string },
): InfraSignal {
  const { by = [], target = "hosts", source = "metrics" } = parts;
  const where = { service: ["{{ labels.service }}"] };
  const query = { target, where, filters: [], measure: { kind: "avg", field: "cpu" }, by, maxGroups: 200 } as const;
  return { source, title, windowMs: minute, ask: { language: "lucene", query } };
}

const cpu = infraOf("CPU", { by: ["host"] });
const errors = buildRule({
  id: "errors",
  title: "{{ labels.service }}: {{ value }} errors",
  why: "People cannot pay.",
  problem: "shop-down",
  runbook: "https://runbooks.example.com/errors",
  signal: { by: ["service"], where: { level: ["error"] }, windowMs: minute },
  limits: { severity: "critical", until: { forMs: 5 * minute } },
  evidence: { samples: 2, fields: ["message"], infra: [cpu, infraOf("Disk", { target: "gone" })] },
});
const slow = buildRule({
  id: "slow",
  title: "{{ labels.service }}: {{ value }} ms",
  why: "People wait.",
  problem: "shop-down",
  runbook: "https://runbooks.example.com/slow",
  signal: {
    by: ["service"],
    where: { level: ["info"] },
    measure: { kind: "avg", field: "duration" },
    windowMs: minute,
  },
  limits: { when: { above: 500 }, until: { forMs: 5 * minute } },
  evidence: { samples: 1, fields: ["message"], infra: [cpu, infraOf("CPU of all", {})] },
});

const sources = (failing: (at: number) => number, lasting: (at: number) => number) => [
  createScriptedSource({ name: "logs", script: { logs: requests(failing, lasting) } }),
  createScriptedSource({ name: "metrics", script: { hosts: machines(began + 5 * minute) } }),
];
const since = (minutes: number, bad: number, good: number) => (at: number) =>
  at >= began + minutes * minute ? bad : good;

interface Ticket {
  readonly text: string;
  readonly comments: readonly string[];
  readonly attachments: readonly string[];
}

interface Subject {
  begin(rules: readonly Rule[], given: ReturnType<typeof sources>): Promise<World>;
  tickets(world: World): Promise<readonly Ticket[]>;
  stop(): Promise<void>;
}

function local(): Subject {
  const view = ({ document, comments, attachments }: LocalTicket): Ticket => ({
    text: plainText(document),
    comments: comments.map((each) => plainText(each.document)),
    attachments: attachments.map(({ name }) => name),
  });
  return {
    begin: (rules, given) =>
      createWorld({
        start,
        rules,
        sources: given,
        trackers: (store, clock) => [createLocalTracker({ name: "local", tickets: store.localTickets, clock })],
      }),
    tickets: async (world) => {
      const { items } = await world.store.localTickets.list({ limit: 10 });
      return items.map(view);
    },
    stop: async () => undefined,
  };
}

function jira(deployment: "cloud" | "datacenter"): Subject {
  let double: JiraDouble | undefined;
  const textOf = (value: unknown) => (typeof value === "string" ? value.replaceAll("\\", "") : adfText(value));
  return {
    async begin(rules, given) {
      let world: World | undefined;
      double = await startJiraDouble({ deployment, clock: () => world?.clock.now() ?? began });
      const running = double;
      world = await createWorld({
        start,
        rules,
        sources: given,
        project: "OPS",
        trackers: (_store, clock) => [jiraTracker(running, { deployment, clock })],
      });
      return world;
    },
    tickets: async () =>
      (double?.issues() ?? []).map((issue) => ({
        text: textOf(issue.fields["description"]),
        comments: issue.comments.map(({ body }) => textOf(body)),
        attachments: issue.attachments.map(({ filename }) => filename),
      })),
    async stop() {
      expect(double?.violations).to.deep.equal([]);
      await double?.stop();
    },
  };
}

for (const [name, make] of [
  ["the local tracker", local],
  ["Jira cloud", () => jira("cloud")],
  ["Jira datacenter", () => jira("datacenter")],
] as const) {
  describe(`the evidence of several rules in ${name}`, () => {
    let subject: Subject;
    let world: World;
    beforeEach(() => {
      subject = make();
    });
    afterEach(async () => {
      await world.close();
      await subject.stop();
    });
    const begin = async (rules: readonly Rule[], given: ReturnType<typeof sources>) => {
      world = await subject.begin(rules, given);
      await world.tick(start);
    };

    it("is one ticket of two rules of one problem, a section for each, the machines beside", async () => {
      await begin([errors, slow], sources(since(5, 20, 0), since(5, 900, 20)));
      await world.through(8);
      const [ticket, second] = await subject.tickets(world);
      expect(second).to.equal(undefined);
      const text = ticket?.text ?? "";
      expect(text)
        .to.match(/Evidence: .*20 errors/)
        .and.match(/Evidence: .*900 ms/);
      expect(text.indexOf("20 errors")).to.be.below(text.indexOf("900 ms"));
      for (const part of [
        "People cannot pay.",
        "People wait.",
        "runbooks.example.com/errors",
        "runbooks.example.com/slow",
      ]) {
        expect(text).to.include(part);
      }
      // Each rule's own sample events.
      expect(text).to.include("payment 19 declined").and.include("message=served");
      // The machine that got hot, once although both rules name it, and those of no other service.
      expect(
        text.match(/web-3 0\.31 before, 0\.94 in the episode \(3\.0x\); the 2 others did not change/g),
      ).to.have.length(1);
      expect(text).to.not.include("other-1");
      expect(text).to.match(/CPU of all\W+0\.31 before, 0\.52 in the episode \(1\.7x\)/);
      // What could not be had is named, and blocked nothing.
      expect(text).to.match(/Could not be had: *Disk: the script has no target "gone"/);
      expect(ticket?.attachments).to.have.length(1);
    });

    it("comes to the ticket once when a rule joins later, and the summary tells of it", async () => {
      await begin([errors, slow], sources(since(5, 20, 0), since(12, 900, 20)));
      await world.through(8);
      expect((await subject.tickets(world))[0]?.text).to.not.include("People wait.");
      const results = await world.through(12);
      const said = results.flatMap((result) => result.lines()).filter(({ reason }) => reason === "rule_joined");
      expect(said.map(({ action }) => action)).to.include("comment");
      const [ticket, second] = await subject.tickets(world);
      expect(second).to.equal(undefined);
      const joined = ticket?.comments.filter((text) => text.includes("One more sign of this")) ?? [];
      expect(joined).to.have.length(1);
      expect(joined[0]).to.include("Rule slow fires, too").and.include("People wait.").and.include("message=served");
      expect(joined[0]).to.include("CPU of all");
      const summary = ticket?.comments.find((text) => text.includes("Summary by Backfeed"));
      expect(summary).to.include("Rule slow");
      expect(summary, "its only other alert has a row of its own").to.not.include("Also affected");
      const [finding] = (await world.store.history.findings({ limit: 5 })).items;
      const proof = await world.store.evidence.newest(finding?.id ?? "");
      expect(proof?.request.sections.map(({ ruleId }) => ruleId)).to.deep.equal(["errors", "slow"]);
    });
  });
}
