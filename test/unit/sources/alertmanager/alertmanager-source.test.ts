import { expect } from "chai";
import type { Query } from "../../../../src/model/query.ts";
import type { ReceivedAlert } from "../../../../src/model/raised-alert.ts";
import { severityOf } from "../../../../src/sources/alertmanager/alert-policy.ts";
import { createAlertmanagerSource } from "../../../../src/sources/alertmanager/alertmanager-source.ts";
import { hour, minute } from "../../../../src/support/duration.ts";
import { BackfeedError } from "../../../../src/support/errors.ts";

const now = Date.parse("2026-01-05T10:00:00Z");
const policy = {
  severityLabel: "severity",
  severities: { p1: "critical" },
  ownerLabels: ["owner", "team"],
  owners: new Set(["payments"]),
  groupBy: undefined,
  seenForMs: 4 * hour,
} as const;
const never = new AbortController().signal;

const alert = (
  labels: Record<string, string>,
  times: { since?: number; until?: number; heardAt?: number } = {},
): ReceivedAlert => ({
  labels: { alertname: "Crash", ...labels },
  groupedBy: ["alertname"],
  changedAt: times.until ?? now - hour,
  words: {
    sender: "alertmanager",
    since: now - hour,
    until: undefined,
    heardAt: now - minute,
    summary: undefined,
    description: undefined,
    runbook: undefined,
    links: [],
    values: undefined,
    expression: undefined,
    leftOut: 0,
    ...times,
  },
});
const queryOf = (more: Partial<Query> = {}): Query => ({
  target: "",
  where: {},
  filters: [],
  measure: { kind: "alerts", each: true },
  by: [],
  maxGroups: 100,
  ...more,
});
const counted = { kind: "alerts", each: false } as const;

async function answer(alerts: readonly ReceivedAlert[], query: Query, windowMs: number = minute) {
  const source = createAlertmanagerSource({ name: "alertmanager", alerts: () => Promise.resolve(alerts), policy });
  const question = { query, window: { from: now - windowMs, to: now }, mustAnswer: [] };
  const { answers } = await source.answer({ questions: [question], probes: [] }, never);
  const [one] = answers;
  if (one?.kind !== "answered") throw new Error(JSON.stringify(one));
  return one;
}
const values = async (alerts: readonly ReceivedAlert[], query: Query, windowMs?: number) =>
  (await answer(alerts, query, windowMs)).observations.map(({ value }) => value);

describe("received alerts as a source", () => {
  it("fire until their end was told, and are no data when nobody speaks of them", async () => {
    expect(await values([alert({})], queryOf())).to.deep.equal([1]);
    expect(await values([alert({}, { heardAt: now - 5 * hour })], queryOf())).to.deep.equal([undefined]);
    expect(await values([alert({}, { since: now + minute })], queryOf())).to.deep.equal([]);
  });

  it("are clear from their end on, while anything is heard at all", async () => {
    const ended = alert({}, { until: now - 10 * minute });
    expect(await values([ended], queryOf())).to.deep.equal([0]);
    expect(await values([alert({}, { until: now - 30_000 })], queryOf())).to.deep.equal([1]);
    expect(await values([ended], queryOf(), 15 * minute)).to.deep.equal([1]);
    const long = alert({}, { until: now - 9 * hour, heardAt: now - 9 * hour });
    expect(await values([long], queryOf())).to.deep.equal([undefined]);
    expect(await values([long, alert({ pod: "other" })], queryOf())).to.deep.equal([0, 1]);
  });

  it("are chosen by labels, and left out where another rule has them", async () => {
    const alerts = [alert({ pod: "a" }), alert({ pod: "b" }), alert({})];
    expect(await values(alerts, queryOf({ where: { pod: ["a", "c"] } }))).to.deep.equal([1]);
    expect(await values(alerts, queryOf({ filters: [{ none_of: [{ pod: ["a"] }, { pod: ["b"] }] }] }))).to.deep.equal([
      1,
    ]);
  });

  it("are counted by labels; what is unseen counts beside others that are seen, and is no number alone", async () => {
    const query = queryOf({ measure: counted, by: ["shop"] });
    const silent = { heardAt: now - 5 * hour };
    const alerts = [
      alert({ shop: "a", pod: "1" }),
      alert({ shop: "a", pod: "2" }, silent),
      alert({ shop: "b", pod: "1" }, silent),
      alert({ shop: "c", pod: "1" }, { until: now - hour }),
      alert({ pod: "of no shop" }),
    ];
    expect(await values(alerts, query)).to.deep.equal([2, undefined, 0]);
    expect(await values([], queryOf({ measure: counted }))).to.deep.equal([undefined]);
  });

  it("bring severity, owner and group with them, those of the worst where several are counted", async () => {
    const alerts = [alert({ severity: "warning", pod: "1" }), alert({ severity: "P1", team: "payments", pod: "2" })];
    const [observation] = (await answer(alerts, queryOf({ measure: counted }))).observations;
    expect(observation?.raised).to.include({ severity: "critical", owner: "payments" });
    expect(severityOf({ severity: "Page" }, policy)).to.equal("critical");
    expect(severityOf({ severity: "constructor" }, policy)).to.equal("warning");
    expect(severityOf({}, policy)).to.equal("warning");
  });

  it("are not answered while the store cannot be read: that is a failure, and no recovery", async () => {
    const failing = () => Promise.reject(new BackfeedError("unavailable", "no disk"));
    const source = createAlertmanagerSource({ name: "alertmanager", alerts: failing, policy });
    const question = { query: queryOf(), window: { from: now - minute, to: now }, mustAnswer: [] };
    const { answers } = await source.answer({ questions: [question], probes: [] }, never);
    expect(answers[0]).to.deep.include({ kind: "failed" });
  });

  it("reach max_groups with the count of what is left out", async () => {
    const alerts = [alert({ pod: "1" }), alert({ pod: "2" }), alert({ pod: "3" })];
    expect((await answer(alerts, queryOf({ maxGroups: 2 }))).notAnswered).to.equal(1);
  });
});
