import { expect } from "chai";
import { createScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import { createPacers } from "../../src/trackers/jira/pacer.ts";
import { freePacer } from "./free-pacer.ts";
import type { Deployment } from "./jira/options.ts";
import { type JiraDouble, startJiraDouble } from "./jira/start-jira-double.ts";
import { jiraTracker } from "./jira-tracker.ts";
import { buildRule } from "./rules.ts";
import { createWorld, type World } from "./world.ts";

const minute = 60_000;
export const faultStart = Date.parse("2026-01-05T10:00:00Z");

/** A Jira and a program that files into it: `services` fail from the first minute on, for as long as anybody looks. */
export class FaultWorld {
  readonly jira: JiraDouble;
  readonly world: World;
  readonly #services: readonly string[];

  private constructor(of: { jira: JiraDouble; world: World; services: readonly string[] }) {
    this.jira = of.jira;
    this.world = of.world;
    this.#services = of.services;
  }

  /** `since`: in which minute each service begins to fail; default the first. */
  static async begin(options: {
    deployment: Deployment;
    services?: Readonly<Record<string, number>>;
    indexLag?: number;
    /** With the pace of production, which heeds what Jira says of its limits. */
    paced?: boolean;
  }): Promise<FaultWorld> {
    const { deployment, services = { cart: 1 }, indexLag = 5_000, paced = false } = options;
    let world: World | undefined;
    const clock = () => world?.clock.now() ?? faultStart;
    const jira = await startJiraDouble({ deployment, clock, indexLag });
    world = await createWorld({
      start: new Date(faultStart).toISOString(),
      rules: [
        buildRule({
          id: "errors",
          title: '{{ labels["service.name"] }}: {{ value | number }} errors',
          signal: { by: ["service.name"], windowMs: minute },
          limits: { severity: "high" },
        }),
      ],
      sources: [errorsOf(services)],
      project: "OPS",
      trackers: (_store, worldClock) => [
        jiraTracker(jira, {
          deployment,
          clock: worldClock,
          pacer: paced ? createPacers({ clock: worldClock })(jira.url, 600) : freePacer,
        }),
      ],
    });
    await world.tick(faultStart);
    return new FaultWorld({ jira, world, services: Object.keys(services) });
  }

  /** For each service one finding, one issue, all of its parts, one record; nothing is left to do. */
  async expectWhole(): Promise<void> {
    const { jira, world } = this;
    const { items: findings } = await world.store.history.findings({ limit: 100 });
    expect(findings.map(({ groupLabels }) => groupLabels["service.name"])).to.have.members([...this.#services]);
    expect(jira.issues(), "issues").to.have.length(findings.length);
    for (const finding of findings) {
      const label = `backfeed-${finding.groupKey.slice(0, 16)}`;
      const issues = jira.issues().filter((issue) => (issue.fields["labels"] as string[]).includes(label));
      expect(issues, `issues of ${label}`).to.have.length(1);
      const issue = issues[0]!;
      expect(issue.properties["backfeed"]).to.include({ groupKey: finding.groupKey, generation: 1 });
      expect(issue.remoteLinks.map(({ globalId }) => globalId)).to.deep.equal([`backfeed=test&finding=${finding.id}`]);
      expect(issue.attachments, "attachments").to.have.length(1);
      const record = await world.store.tickets.ofFinding(finding.id);
      expect(record).to.deep.include({ tracker: "jira", groupKey: finding.groupKey, generation: 1 });
      expect(record?.ref).to.include({ id: issue.id, key: issue.key });
    }
    const { pending, sending, unknown, parked } = await world.store.outbox.counts();
    expect({ pending, sending, unknown, parked }).to.deep.equal({ pending: 0, sending: 0, unknown: 0, parked: 0 });
  }

  /** Every entry that waits for an operator is tried again, and says why it waited. */
  async retryParked(): Promise<number> {
    const { items } = await this.world.store.history.outbox({ limit: 100, state: "parked" });
    for (const { id, note } of items) {
      expect(note, "why it is parked").to.be.a("string").and.not.equal("");
      await this.world.store.outbox.retry(id, this.world.clock.now());
    }
    return items.length;
  }

  async end(): Promise<void> {
    await this.world.tracker.close();
    await this.world.close();
    await this.jira.stop();
  }
}

function errorsOf(services: Readonly<Record<string, number>>) {
  const events = Object.entries(services).flatMap(([service, since]) =>
    Array.from({ length: 90 }, (_, passed) => passed + since).flatMap((at) =>
      Array.from({ length: 12 }, (_unused, index) => ({
        "@timestamp": faultStart + (at - 1) * minute + index * 1_000,
        "service.name": service,
      })),
    ),
  );
  return createScriptedSource({ name: "logs", script: { logs: { events } } });
}
