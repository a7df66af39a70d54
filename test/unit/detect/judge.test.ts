import { expect } from "chai";
import { endAlerts, judgeRule, type SeenLabels } from "../../../src/detect/judge.ts";
import { planTick } from "../../../src/detect/plan.ts";
import type { Alert } from "../../../src/model/alert.ts";
import { type Labels, labelsKey } from "../../../src/model/labels.ts";
import type { Answer, Observation, ProbeAnswer, QueryFailure } from "../../../src/model/query.ts";
import type { Rule, When } from "../../../src/model/rule.ts";
import { buildAlert, day, hour, instance, minute, tickAt } from "../../support/alerts.ts";
import { buildRule } from "../../support/rules.ts";

const service = (name: string): Labels => ({ service: name });
const seen = (name: string, events: number): Observation => ({ labels: service(name), value: events, events });
const answered = (observations: readonly Observation[], notAnswered = 0): Answer => ({
  kind: "answered",
  observations,
  notAnswered,
});
const failure: QueryFailure = { code: "timeout", message: "took too long", retryable: true };
const failed: Answer = { kind: "failed", failure };
const yes: ProbeAnswer = { kind: "answered", any: true };
const no: ProbeAnswer = { kind: "answered", any: false };

interface Given {
  readonly answers: readonly Answer[];
  readonly probes?: readonly ProbeAnswer[];
  readonly alerts?: readonly Alert[];
  readonly known?: readonly SeenLabels[];
  readonly isNew?: boolean;
  readonly minutes?: number;
}

/** Plans and judges, as a tick does. Probes answer yes unless told otherwise. */
function judge(rule: Rule, { answers, probes, alerts = [], known = [], isNew = false, minutes = 1 }: Given) {
  const tick = tickAt(minutes);
  const [plan] = planTick({
    tick: tick.at,
    rules: [rule],
    timings: new Map([["logs", { delayMs: 0, staleAfterMs: 5 * minute }]]),
    alerts: new Map([[rule.id, alerts]]),
    newRules: new Set(isNew ? [rule.id] : []),
  });
  const [planned] = plan?.rules ?? [];
  if (plan === undefined || planned === undefined) throw new Error("no plan");
  const answer = { answers, probes: probes ?? plan.batch.probes.map(() => yes), requests: 1 };
  const knownByKey = new Map(known.map((entry) => [labelsKey(entry.labels), entry]));
  return judgeRule({ planned, answer, tick, alerts, known: knownByKey, instance });
}

function verdicts(judgement: ReturnType<typeof judge>): Record<string, string> {
  return Object.fromEntries(
    judgement.evaluations.map(({ labels, verdict }) => [labels["service"] ?? "{}", verdict.kind]),
  );
}

const known = (name: string, agoMs: number, minutes = 1): SeenLabels => ({
  labels: service(name),
  seenAt: tickAt(minutes).at - agoMs,
});

const grouped = buildRule({ signal: { by: ["service"] } });
const low = buildRule({
  signal: { by: ["service"] },
  limits: { when: { above: undefined, below: 5 } as Partial<When> },
});
const drop = buildRule({
  signal: { by: ["service"] },
  limits: { when: { form: "change", versus: day, down: 0.5, floor: 0 } as Partial<When> },
});

describe("judge", () => {
  it("judges what answered, what is known and what is not inactive, each once", () => {
    const judgement = judge(low, {
      answers: [answered([seen("a", 9), seen("b", 1)])],
      alerts: [buildAlert(low, { labels: service("b") }), buildAlert(low, { labels: service("c") })],
      known: [known("a", hour), known("c", hour), known("d", hour)],
    });
    expect(verdicts(judgement)).to.deep.equal({ a: "clear", b: "breached", c: "breached", d: "breached" });
  });

  it("takes 0 of a living alert's label set for no data once that is no longer known", () => {
    const alerts = [buildAlert(low, { labels: service("b") })];
    const judgement = judge(low, { answers: [answered([])], alerts, known: [known("b", 8 * day)] });
    expect(verdicts(judgement)).to.deep.equal({ b: "no_data" });
    expect(judgement.evaluations[0]?.state).to.equal("firing");
  });

  it("judges the ungrouped label set always, also of no events", () => {
    expect(verdicts(judge(buildRule(), { answers: [answered([])] }))).to.deep.equal({ "{}": "clear" });
  });

  it("judges the groups of both windows of a change", () => {
    const judgement = judge(drop, { answers: [answered([seen("new", 5)]), answered([seen("gone", 100)])] });
    expect(verdicts(judgement)).to.deep.equal({ new: "clear", gone: "breached" });
  });

  it("gives identities that no threshold, title or order changes", () => {
    const other = buildRule({ title: "another", signal: { by: ["service"] }, limits: { when: { above: 3 } } });
    const one = judge(grouped, { answers: [answered([seen("a", 20)])] }).evaluations[0]?.alert;
    const two = judge(other, { answers: [answered([seen("a", 20)])] }).evaluations[0]?.alert;
    expect(one?.fingerprint).to.equal(two?.fingerprint);
    expect(one?.groupKey).to.equal(two?.groupKey);
  });

  describe("beyond max_groups", () => {
    it("does not take what was not answered for nothing", () => {
      const judgement = judge(low, { answers: [answered([seen("a", 9)], 3)], known: [known("b", hour)] });
      expect(verdicts(judgement)).to.deep.equal({ a: "clear" });
      expect(judgement.notEvaluated).to.equal(3);
    });

    it("judges what is not inactive, which was asked for", () => {
      const alerts = [buildAlert(low, { labels: service("b") })];
      const given = { answers: [answered([seen("a", 9)], 3)], alerts, known: [known("b", hour)] };
      expect(verdicts(judge(low, given))).to.include({ b: "breached" });
    });

    it("does not take a group that the earlier window cut off for one that was not there", () => {
      const rise = buildRule({
        signal: { by: ["service"] },
        limits: { when: { form: "change", versus: day, up: 3, floor: 0 } as Partial<When> },
      });
      const judgement = judge(rise, { answers: [answered([seen("a", 9), seen("b", 9)]), answered([seen("a", 8)], 5)] });
      expect(verdicts(judgement)).to.deep.equal({ a: "clear" });
      expect(judgement.notEvaluated).to.equal(1);
    });
  });

  describe("a failed query", () => {
    it("gives each living alert a failed verdict and changes no state", () => {
      const alerts = [
        buildAlert(grouped, { labels: service("a") }),
        buildAlert(grouped, { labels: service("b"), state: "recovering", heldMs: 9 * minute }),
        buildAlert(grouped, { labels: service("c"), state: "pending", heldMs: 0 }),
      ];
      const judgement = judge(grouped, { answers: [failed], alerts });
      expect(judgement.failure).to.equal(failure);
      expect(verdicts(judgement)).to.deep.equal({ a: "failed", b: "failed", c: "failed" });
      expect(judgement.evaluations.map(({ state }) => state)).to.deep.equal(["firing", "recovering", "pending"]);
      expect([judgement.seen, judgement.forgotten]).to.deep.equal([[], []]);
    });

    it("is visible without any alert", () => {
      expect(verdicts(judge(grouped, { answers: [failed] }))).to.deep.equal({ "{}": "failed" });
    });

    it("of the earlier window alone fails the rule", () => {
      expect(judge(drop, { answers: [answered([seen("a", 1)]), failed] }).failure).to.equal(failure);
    });

    it("of a probe alone fails the rule", () => {
      const probes: ProbeAnswer[] = [yes, { kind: "failed", failure }];
      expect(judge(drop, { answers: [answered([]), answered([])], probes }).failure).to.equal(failure);
    });

    it("is what a source did that gave too few answers", () => {
      expect(judge(drop, { answers: [answered([])] }).failure).to.include({ code: "internal", retryable: true });
    });
  });

  describe("a stale source", () => {
    it("fails what is bad when high, and says so", () => {
      const judgement = judge(grouped, { answers: [answered([seen("a", 1)])], probes: [no] });
      expect(judgement.stale).to.equal(true);
      expect(verdicts(judgement)).to.deep.equal({ a: "failed" });
    });
  });

  describe("limits of an override", () => {
    const rule: Rule = {
      ...grouped,
      overrides: [
        {
          where: { service: ["search"] },
          limits: buildRule({ limits: { when: { above: 100 }, severity: "high" } }).limits,
        },
        { where: { service: ["cart"] }, limits: drop.limits },
      ],
    };

    it("hold for their label sets alone", () => {
      const answers = [answered([seen("search", 50), seen("other", 50)]), answered([])];
      expect(verdicts(judge(rule, { answers }))).to.deep.equal({ search: "clear", other: "breached" });
      const high = judge(rule, { answers: [answered([seen("search", 101)]), answered([])] }).evaluations[0]?.alert;
      expect(high?.severity).to.equal("high");
    });

    it("may compare with an earlier window where the rule does not, for their label sets alone", () => {
      const answers = [answered([seen("cart", 4)]), answered([seen("cart", 10), seen("gone", 10)])];
      expect(verdicts(judge(rule, { answers }))).to.deep.equal({ cart: "breached" });
    });
  });

  describe("known label sets", () => {
    it("are remembered when first seen, and again only after a hundredth of `known_for`", () => {
      const judgement = judge(grouped, {
        answers: [answered([seen("new", 1), seen("lately", 1), seen("older", 1)])],
        known: [known("lately", hour), known("older", 2 * hour)],
      });
      expect(judgement.seen.map(({ labels }) => labels["service"])).to.have.members(["new", "older"]);
    });

    it("are forgotten after `known_for`, and then not judged", () => {
      const judgement = judge(low, {
        answers: [answered([])],
        known: [known("kept", 7 * day), known("gone", 7 * day + 1)],
      });
      expect(judgement.forgotten).to.deep.equal([service("gone")]);
      expect(verdicts(judgement)).to.deep.equal({ kept: "breached" });
    });

    it("are not those that only have no events", () => {
      expect(judge(grouped, { answers: [answered([seen("a", 0)])] }).seen).to.deep.equal([]);
    });

    it("are not kept for an ungrouped rule", () => {
      const judgement = judge(buildRule(), { answers: [answered([{ labels: {}, value: 3, events: 3 }])] });
      expect(judgement.seen).to.deep.equal([]);
    });
  });

  describe("absence", () => {
    const absent = buildRule({
      keepForMs: 3 * hour,
      signal: { by: ["service"] },
      limits: { when: { form: "absent", knownForMs: 7 * day } as Partial<When> },
    });

    it("is of what the first look back found and the window has not", () => {
      const judgement = judge(absent, {
        isNew: true,
        answers: [answered([seen("alive", 1)]), answered([seen("alive", 5), seen("dead", 5)])],
      });
      expect(verdicts(judgement)).to.deep.equal({ alive: "clear", dead: "breached" });
      expect(judgement.seen.map(({ labels }) => labels["service"])).to.have.members(["alive", "dead"]);
    });

    it("does not come back at the tick after it ended as vanished: the label set is forgotten with it", () => {
      const late = 3 * 60;
      const alert = buildAlert(absent, { labels: service("dead") });
      const before = known("dead", 4 * hour, late);
      const end = judge(absent, { answers: [answered([])], alerts: [alert], known: [before], minutes: late });
      expect(end.evaluations[0]?.change).to.equal("vanished");
      expect(end.forgotten).to.deep.equal([service("dead")]);
    });
  });

  it("ends the alerts of a rule that is gone as changed, never as recovered", () => {
    const alert = buildAlert(grouped, { labels: service("a") });
    const judgement = endAlerts(grouped, [alert], [known("a", hour), known("b", hour)]);
    expect(judgement.evaluations[0]).to.include({ change: "rule_changed", state: "inactive", ended: alert });
    expect(judgement.forgotten).to.deep.equal([service("a"), service("b")]);
  });
});
