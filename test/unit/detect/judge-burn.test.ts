import { expect } from "chai";
import { formFindings } from "../../../src/detect/findings.ts";
import { judgeRule, type SeenLabels } from "../../../src/detect/judge.ts";
import { advanceAlert } from "../../../src/detect/lifecycle.ts";
import { planTick } from "../../../src/detect/plan.ts";
import type { Alert } from "../../../src/model/alert.ts";
import type { Finding } from "../../../src/model/finding.ts";
import { labelsKey } from "../../../src/model/labels.ts";
import type { Answer, Observation, Question } from "../../../src/model/query.ts";
import type { BurnTier, Rule, When } from "../../../src/model/rule.ts";
import { burnTierTables } from "../../../src/rules/burn-tiers.ts";
import { buildAlert, day, hour, instance, minute, policyOf, start, tickAt, verdictOf } from "../../support/alerts.ts";
import { buildRule } from "../../support/rules.ts";

const burnOf = (tiers: readonly BurnTier[] = burnTierTables.google.tiers, objective = 0.999) =>
  ({ form: "burn", objective, periodMs: 30 * day, tiers }) as Partial<When>;
const measure = { kind: "ratio", bad: "status:500" } as const;
const budget = buildRule({ signal: { measure, by: ["service"] }, limits: { when: burnOf() } });
const cart = { service: "cart" };
const delayMs = 10_000;

const seen = (share: number, events = 1_000, service = "cart"): Observation => ({
  labels: { service },
  events,
  badEvents: share * events,
  value: share,
});

function planOf(rules: readonly Rule[], alerts: ReadonlyMap<string, readonly Alert[]> = new Map()) {
  const [plan] = planTick({
    tick: start,
    rules,
    timings: new Map([["logs", { delayMs, staleAfterMs: undefined }]]),
    alerts,
    newRules: new Set(),
  });
  if (plan === undefined) throw new Error("no plan");
  return plan;
}

/** Judges at a tick where each question is answered by its window's length. */
function judge(
  rule: Rule,
  answer: (question: Question) => Answer | readonly Observation[],
  { alerts = [], known = [] }: { alerts?: readonly Alert[]; known?: readonly SeenLabels[] } = {},
) {
  const plan = planOf([rule], new Map([[rule.id, alerts]]));
  const [planned] = plan.rules;
  if (planned === undefined) throw new Error("no plan");
  const answers = plan.batch.questions.map((question): Answer => {
    const given = answer(question);
    return "kind" in given ? given : { kind: "answered", observations: given, notAnswered: 0 };
  });
  return judgeRule({
    planned,
    answer: { answers, probes: [], requests: 1 },
    tick: { at: start, previousAt: start - minute },
    alerts,
    known: new Map(known.map((entry) => [labelsKey(entry.labels), entry])),
    instance,
  });
}

const lengthOf = ({ window }: Question) => window.to - window.from;
const kindsOf = (judgement: ReturnType<typeof judge>) =>
  Object.fromEntries(judgement.evaluations.map(({ labels, verdict }) => [labels["service"], verdict.kind]));

describe("burn: what a tick asks", () => {
  it("is each window of the tiers once, all ending when the tick's own does, in one batch", () => {
    const { batch, rules } = planOf([budget]);
    expect(batch.questions.map((each) => lengthOf(each) / minute)).to.deep.equal([5, 60, 360, 30, 1_440, 120, 4_320]);
    expect(new Set(batch.questions.map(({ window }) => window.to))).to.deep.equal(new Set([start - delayMs]));
    expect(new Set(batch.questions.map(({ query }) => query))).to.deep.equal(new Set([budget.signal.query]));
    // The shortest window is the tick's own, and 6 h is long to one tier and short to another.
    expect(rules[0]?.windows.get(5 * minute)).to.equal(rules[0]?.current);
    expect(rules[0]?.windows.size).to.equal(7);
  });

  it("names living alerts for every window, and adds those of overrides", () => {
    const alerts = new Map([[budget.id, [buildAlert(budget, { labels: cart })]]]);
    const own = { longMs: 12 * hour, shortMs: hour, factor: 4 };
    const override = { where: { service: ["search"] }, limits: { ...budget.limits, when: burnOf([own]) as When } };
    const { batch } = planOf([{ ...budget, overrides: [override] }], alerts);
    expect(batch.questions).to.have.length(8);
    for (const { mustAnswer } of batch.questions) expect(mustAnswer).to.deep.equal([cart]);
  });
});

describe("burn: judgement", () => {
  it("takes each window's answer by its length", () => {
    const { evaluations } = judge(budget, (question) => [seen(lengthOf(question) <= hour ? 0.02 : 0)]);
    expect(evaluations.map(({ verdict }) => verdict)).to.deep.equal([
      {
        kind: "breached",
        value: 20,
        threshold: 14.4,
        direction: "above",
        burn: { longMs: hour, shortMs: 5 * minute, long: 20, short: 20, badEvents: 20 },
        events: 1_000,
        badEvents: 20,
      },
    ]);
  });

  it("judges a label set that only a long window knows, and takes its silence for no recovery", () => {
    const alerts = [buildAlert(budget, { labels: cart })];
    const silent = judge(budget, (question) => (lengthOf(question) < hour ? [] : [seen(0.5)]), { alerts });
    expect(kindsOf(silent)).to.deep.equal({ cart: "breached" });
    const longAgo = judge(budget, (question) => (lengthOf(question) < day ? [] : [seen(0.5)]), { alerts });
    expect(kindsOf(longAgo)).to.deep.equal({ cart: "no_data" });
    expect(longAgo.evaluations[0]?.state).to.equal("firing");
  });

  it("judges nothing when one of its windows failed", () => {
    const failure = { code: "timeout", message: "took too long", retryable: true } as const;
    const alerts = [buildAlert(budget, { labels: cart })];
    const judgement = judge(
      budget,
      (question) => (lengthOf(question) === 3 * day ? { kind: "failed", failure } : [seen(0.5)]),
      { alerts },
    );
    expect(judgement.failure).to.deep.equal(failure);
    expect(judgement.evaluations.map(({ verdict, state }) => [verdict.kind, state])).to.deep.equal([
      ["failed", "firing"],
    ]);
  });

  it("does not judge what a window may hold beyond max_groups, and says how much that is", () => {
    const judgement = judge(budget, (question) => {
      const all = [seen(0.5), seen(0.5, 10, "rare")];
      if (lengthOf(question) !== hour) return all;
      return { kind: "answered", observations: [seen(0.5)], notAnswered: 1 };
    });
    expect(kindsOf(judgement)).to.deep.equal({ cart: "breached" });
    expect(judgement.notEvaluated).to.equal(1);
  });

  it("does not count a stalled ingest as calm", () => {
    const [plan] = planTick({
      tick: start,
      rules: [budget],
      timings: new Map([["logs", { delayMs, staleAfterMs: 5 * minute }]]),
      alerts: new Map(),
      newRules: new Set(),
    });
    const planned = plan?.rules[0];
    if (planned === undefined) throw new Error("no plan");
    const answers = plan?.batch.questions.map(
      (): Answer => ({ kind: "answered", observations: [seen(0)], notAnswered: 0 }),
    );
    const { evaluations } = judgeRule({
      planned,
      answer: { answers: answers ?? [], probes: [{ kind: "answered", any: false }], requests: 1 },
      tick: tickAt(0),
      alerts: [buildAlert(budget, { labels: cart })],
      known: new Map(),
      instance,
    });
    expect(evaluations.map(({ verdict, state }) => [verdict.kind, verdict.reason, state])).to.deep.equal([
      ["failed", "stale", "firing"],
    ]);
  });
});

describe("burn: a tier's severity", () => {
  const tiers: readonly BurnTier[] = [
    { longMs: hour, shortMs: 5 * minute, factor: 14.4, severity: "critical" },
    { longMs: 3 * day, shortMs: 6 * hour, factor: 1 },
  ];
  const rule = buildRule({ signal: { measure }, limits: { when: burnOf(tiers), severity: "low" } });
  const fast = verdictOf("breached", { burn: { longMs: hour, shortMs: 5 * minute, badEvents: 20 } });
  const slow = verdictOf("breached", { burn: { longMs: 3 * day, shortMs: 6 * hour, badEvents: 20 } });

  it("is the alert's while the tier is the highest that fires, else the rule's, and stays while none does", () => {
    const policy = policyOf(rule, {});
    let alert = advanceAlert(undefined, slow, tickAt(1), policy).alert;
    const severities = [alert?.severity];
    for (const [place, verdict] of [fast, verdictOf("clear"), verdictOf("failed"), fast, slow].entries()) {
      alert = advanceAlert(alert, verdict, tickAt(place + 2), policy).alert;
      severities.push(alert?.severity);
    }
    expect(severities).to.deep.equal(["low", "critical", "critical", "critical", "critical", "low"]);
  });
});

describe("burn: the budget of a finding", () => {
  const rules = new Map([[budget.id, budget]]);
  const burn = { longMs: hour, shortMs: 5 * minute, long: 20, short: 30, badEvents: 20 };

  function step(alert: Alert, at: number, before?: Finding): Finding {
    const ended = alert.state === "inactive";
    const [formed] = formFindings({
      at,
      evaluations: [
        {
          labels: alert.labels,
          verdict: alert.verdict,
          stateBefore: "firing",
          state: alert.state,
          change: ended ? "recovered" : "none",
          alert: ended ? undefined : alert,
          ended: ended ? { ...alert, state: "recovering" } : undefined,
        },
      ],
      otherAlerts: [],
      findings: new Map(before === undefined ? [] : [[before.groupKey, before]]),
      rules,
      modeOf: () => "file",
      titleOf: () => "x",
    });
    if (formed === undefined) throw new Error("no step");
    return formed.finding;
  }

  function firing(startedAt: number, lastBreachAt: number, sums = { bad: 30, total: 1_000 }): Alert {
    const alert = buildAlert(budget, { labels: cart, verdict: verdictOf("breached", { burn }) });
    return { ...alert, episode: { ...alert.episode, startedAt, lastBreachAt, sums } };
  }

  it("begins with what the long window saw spent: 20 times for an hour are 2.8 % of 30 days", () => {
    const { episode } = step(firing(start, start), start);
    expect(episode.budgetShare).to.be.closeTo(20 / 720, 1e-12);
    expect(episode.budgetBefore).to.be.closeTo(20 / 720, 1e-12);
  });

  it("adds what the episode itself spends, by objective and period of `burn`, and keeps both when it ends", () => {
    const open = step(firing(start, start), start);
    // 3 % of events are bad: 30 times as fast, for two hours.
    const later = step(firing(start, start + 2 * hour), start + 2 * hour, open);
    expect(later.episode.budgetShare).to.be.closeTo(20 / 720 + 60 / 720, 1e-12);
    const ended = step({ ...firing(start, start + 2 * hour), state: "inactive" }, start + 3 * hour, later);
    expect(ended.episode.budgetShare).to.be.closeTo(80 / 720, 1e-12);
  });

  it("counts no stretch twice: not the wait of `for`, nor what an episode before has counted", () => {
    const held = step(firing(start, start + 15 * minute), start + 15 * minute);
    expect(held.episode.budgetBefore).to.be.closeTo((20 * 0.75) / 720, 1e-12);
    const first = step(
      { ...firing(start, start), state: "inactive" },
      start + 10 * minute,
      step(firing(start, start), start),
    );
    const soon = step(firing(start + 30 * minute, start + 30 * minute), start + 30 * minute, first);
    expect(soon.episode.budgetBefore).to.equal(undefined);
    const late = step(firing(start + 2 * hour, start + 2 * hour), start + 2 * hour, first);
    expect(late.episode.budgetBefore).to.be.closeTo(20 / 720, 1e-12);
  });

  it("remembers episodes as long as its period, and at least 30 days", () => {
    const long = { ...budget, impact: { slo: { objective: 0.999, periodMs: 90 * day } } };
    const first = step({ ...firing(start, start), state: "inactive" }, start + hour, step(firing(start, start), start));
    for (const [rule, kept] of [
      [budget, 0],
      [long, 1],
    ] as const) {
      rules.set(budget.id, rule);
      const again = step(firing(start + 40 * day, start + 40 * day), start + 40 * day, first);
      expect(again.pastEpisodes).to.have.length(kept);
    }
    rules.set(budget.id, budget);
  });
});
