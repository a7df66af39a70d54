import { expect } from "chai";
import { judgeRule, type SeenLabels } from "../../../src/detect/judge.ts";
import { maskedWords } from "../../../src/detect/patterns/mask.ts";
import { planTick } from "../../../src/detect/plan.ts";
import type { LinesAnswer } from "../../../src/detect/read-lines.ts";
import type { Alert } from "../../../src/model/alert.ts";
import { type Labels, labelsKey } from "../../../src/model/labels.ts";
import type { Answer, ProbeAnswer } from "../../../src/model/query.ts";
import type { Rule, When } from "../../../src/model/rule.ts";
import type { Learned } from "../../../src/model/template.ts";
import { day, hour, instance, minute, tickAt } from "../../support/alerts.ts";
import { buildRule } from "../../support/rules.ts";

const newOf = (kind: "value" | "pattern", field: string): Partial<When> => ({
  form: "new",
  of: { kind, field },
  learnedFromMs: 14 * day,
  settleMs: hour,
});

const values = buildRule({
  knownForMs: 14 * day,
  signal: { by: ["error"] },
  limits: { when: newOf("value", "error") },
});
const patterns = buildRule({
  knownForMs: 14 * day,
  signal: {
    by: ["pattern"],
    query: {
      target: "logs",
      where: {},
      filters: [],
      measure: { kind: "count" },
      containing: { field: "message", pieces: [] },
      by: [],
      maxGroups: 3,
    },
  },
  limits: { when: newOf("pattern", "message") },
});

const error = (name: string): Labels => ({ error: name });
const occurs = (counts: Readonly<Record<string, number>>, notAnswered = 0): Answer => ({
  kind: "answered",
  observations: Object.entries(counts).map(([name, events]) => ({ labels: error(name), value: events, events })),
  notAnswered,
});
const failed: Answer = { kind: "failed", failure: { code: "timeout", message: "took too long", retryable: true } };
const yes: ProbeAnswer = { kind: "answered", any: true };
const no: ProbeAnswer = { kind: "answered", any: false };
const lines = (...messages: readonly string[]): LinesAnswer => ({
  kind: "answered",
  lines: messages.map((message) => ({ words: maskedWords(message), count: 1 })),
  read: messages.length,
  more: false,
});

/** What is remembered from tick to tick, as the program keeps it. */
class Watch {
  readonly #rule: Rule;
  readonly known = new Map<string, SeenLabels>();
  alerts: readonly Alert[] = [];
  learned: Learned | undefined;

  constructor(rule: Rule) {
    this.#rule = rule;
  }

  tick(
    minutes: number,
    given: {
      readonly now: Answer;
      readonly before?: Answer;
      readonly probe?: ProbeAnswer;
      readonly lines?: LinesAnswer;
      readonly earlier?: LinesAnswer;
    },
  ) {
    const tick = tickAt(minutes);
    const isNew = given.before !== undefined || given.earlier !== undefined;
    const [plan] = planTick({
      tick: tick.at,
      rules: [this.#rule],
      timings: new Map([["logs", { delayMs: 0, staleAfterMs: 5 * minute }]]),
      alerts: new Map([[this.#rule.id, this.alerts]]),
      newRules: new Set(isNew ? [this.#rule.id] : []),
    });
    const [planned] = plan?.rules ?? [];
    if (plan === undefined || planned === undefined) throw new Error("no plan");
    const answers = plan.batch.questions.map((_, position) =>
      position === planned.current ? given.now : (given.before ?? given.now),
    );
    const answer = { answers, probes: plan.batch.probes.map(() => given.probe ?? yes), requests: 1 };
    const read = plan.readings.map((_, position) =>
      position === planned.messages?.current ? (given.lines ?? lines()) : (given.earlier ?? lines()),
    );
    const judgement = judgeRule({
      planned,
      answer,
      lines: read,
      tick,
      alerts: this.alerts,
      known: this.known,
      learned: this.learned,
      instance,
    });
    if (judgement.failure === undefined) {
      for (const entry of judgement.seen) this.known.set(labelsKey(entry.labels), entry);
      for (const labels of judgement.forgotten) this.known.delete(labelsKey(labels));
      this.alerts = judgement.evaluations.flatMap(({ alert }) => alert ?? []);
      this.learned = judgement.learned ?? this.learned;
    }
    return judgement;
  }
}

function verdicts({ evaluations }: ReturnType<Watch["tick"]>): Record<string, string> {
  return Object.fromEntries(
    evaluations.map(({ labels, verdict: { kind, reason } }) => [
      labels["error"] ?? labels["pattern"] ?? "",
      [kind, reason].filter((part) => part !== undefined).join(" "),
    ]),
  );
}

/** A watch that has learned that there are `a` and `b`. */
function learnt(): Watch {
  const watch = new Watch(values);
  watch.tick(0, { now: occurs({ a: 1 }), before: occurs({ a: 9, b: 3 }) });
  return watch;
}

describe("judging what is new", () => {
  it("knows what was there before the first tick and at it, and breaches nothing then", () => {
    const watch = new Watch(values);
    const judgement = watch.tick(0, { now: occurs({ c: 1 }), before: occurs({ a: 9, b: 3 }) });
    expect(verdicts(judgement)).to.deep.equal({ c: "clear known" });
    expect(judgement.learned).to.deep.equal({ to: tickAt(0).at, fullSince: undefined });
    expect(verdicts(watch.tick(1, { now: occurs({ a: 1, b: 1, c: 1 }) }))).to.deep.equal({
      a: "clear known",
      b: "clear known",
      c: "clear known",
    });
  });

  it("breaches on a value that is not known while it occurs, until it has settled, and then never again", () => {
    const watch = learnt();
    expect(verdicts(watch.tick(1, { now: occurs({ a: 1, x: 12 }) }))).to.deep.include({ x: "breached first_seen" });
    expect(verdicts(watch.tick(2, { now: occurs({ a: 1 }) }))).to.deep.include({ x: "clear" });
    expect(verdicts(watch.tick(60, { now: occurs({ x: 1 }) }))).to.deep.equal({ x: "breached first_seen" });
    expect(verdicts(watch.tick(61, { now: occurs({ x: 1 }) }))).to.deep.equal({ x: "clear known" });
    expect(verdicts(watch.tick(100, { now: occurs({ x: 500 }) }))).to.deep.equal({ x: "clear known" });
  });

  it("goes on judging what once was new while it is away: that is what verifies a fix", () => {
    const watch = learnt();
    watch.tick(1, { now: occurs({ x: 12 }) });
    watch.alerts = [];
    expect(verdicts(watch.tick(200, { now: occurs({}) }))).to.deep.equal({ x: "clear known" });
  });

  it("is not learned while the look-back fails, and says so; the next that succeeds learns", () => {
    const watch = new Watch(values);
    const judgement = watch.tick(0, { now: occurs({ x: 1 }), before: failed });
    expect(judgement.failure).to.deep.include({ code: "timeout", retryable: true });
    expect(judgement.learned).to.equal(undefined);
    expect(watch.known.size).to.equal(0);
    expect(verdicts(watch.tick(1, { now: occurs({ x: 1 }), before: occurs({ x: 1 }) }))).to.deep.equal({
      x: "clear known",
    });
  });

  it("learns nothing of more values than can be told apart, and names the way out", () => {
    const { failure, evaluations } = new Watch(values).tick(0, { now: occurs({ x: 1 }), before: occurs({ a: 1 }, 7) });
    expect(failure).to.deep.include({ code: "too_many_groups", retryable: false });
    expect(failure?.message).to.match(/more than 200 values .* `max_groups`/);
    expect(evaluations.map(({ verdict }) => verdict.kind)).to.deep.equal(["failed"]);
  });

  it("takes a failed query for nothing: neither new nor known, and living alerts stay", () => {
    const watch = learnt();
    watch.tick(1, { now: occurs({ x: 12 }) });
    const judgement = watch.tick(2, { now: failed });
    expect(verdicts(judgement)).to.deep.equal({ x: "failed query_failed" });
    expect(watch.alerts.map(({ state }) => state)).to.deep.equal(["firing"]);
  });

  it("takes an ingest stall for no end of it", () => {
    const watch = learnt();
    watch.tick(1, { now: occurs({ x: 12 }) });
    expect(verdicts(watch.tick(2, { now: occurs({}), probe: no }))).to.deep.equal({ x: "failed stale" });
  });

  it("asks for `min_events` of a window before it breaches", () => {
    const rule = buildRule({ ...values, limits: { when: { ...values.limits.when, minEvents: 3 } } });
    const watch = new Watch(rule);
    watch.tick(0, { now: occurs({}), before: occurs({ a: 1 }) });
    expect(verdicts(watch.tick(1, { now: occurs({ x: 2 }) }))).to.deep.equal({ x: "clear below_floor" });
    expect(verdicts(watch.tick(2, { now: occurs({ x: 3 }) }))).to.deep.equal({ x: "breached first_seen" });
    expect(verdicts(watch.tick(3, { now: occurs({ x: 1 }) }))).to.deep.equal({ x: "between below_floor" });
  });

  it("forgets what was not seen for `known_for`, and takes it for new when it comes back", () => {
    const watch = learnt();
    const late = (14 * day) / minute + 2;
    expect(watch.tick(late, { now: occurs({ a: 1 }) }).forgotten).to.deep.equal([error("b")]);
    expect(verdicts(watch.tick(late + 1, { now: occurs({ b: 1 }) }))).to.deep.equal({ b: "breached first_seen" });
  });

  it("writes what is known again only after a hundredth of `known_for`", () => {
    const watch = learnt();
    expect(watch.tick(1, { now: occurs({ a: 1 }) }).seen).to.deep.equal([]);
    expect(watch.tick((14 * day) / minute / 100, { now: occurs({ a: 1 }) }).seen).to.have.length(1);
  });

  it("has room for ten thousand: what comes then is not judged, counted, and told as full", () => {
    const watch = new Watch(values);
    const many = Object.fromEntries(Array.from({ length: 9_999 }, (_, index) => [`v${index}`, 1]));
    watch.tick(0, { now: occurs({}), before: occurs(many) });
    const judgement = watch.tick(1, { now: occurs({ x: 2, y: 1, z: 1 }) });
    expect(verdicts(judgement)).to.deep.equal({ x: "breached first_seen" });
    expect(judgement.notEvaluated).to.equal(2);
    expect(judgement.learned?.fullSince).to.equal(tickAt(1).at);
    expect(watch.tick(2, { now: occurs({ x: 1 }) }).learned?.fullSince).to.equal(tickAt(1).at);
    const later = (14 * day) / minute + 2;
    watch.tick(later, { now: occurs({}) });
    expect(watch.tick(later + 1, { now: occurs({ y: 1 }) }).learned?.fullSince).to.equal(undefined);
  });

  describe("of patterns", () => {
    const watchPatterns = () => {
      const watch = new Watch(patterns);
      watch.tick(0, { now: occurs({}), earlier: lines("user 1 logged in"), lines: lines("cache 7 is warm") });
      return watch;
    };

    it("judges each pattern of the window's messages by its id, with its template as what the alert is about", () => {
      const watch = watchPatterns();
      const judgement = watch.tick(1, {
        now: occurs({}),
        lines: lines("user 2 logged in", "payment 4711 refused: no funds", "payment 4712 refused: no funds"),
      });
      expect(Object.values(verdicts(judgement))).to.deep.equal(["clear known", "breached first_seen"]);
      const [alert] = watch.alerts;
      expect(alert).to.deep.include({ subject: "payment <num> refused: no funds", state: "firing" });
      expect(alert?.labels["pattern"]).to.match(/^[0-9a-f]{12}$/);
      expect(alert?.verdict).to.deep.include({ value: 2, events: 2 });
    });

    it("keeps the alert while its template generalises, and shows the new one", () => {
      const watch = watchPatterns();
      watch.tick(1, { now: occurs({}), lines: lines("login of alice was refused") });
      const [before] = watch.alerts;
      watch.tick(2, { now: occurs({}), lines: lines("login of bob was refused") });
      const [after] = watch.alerts;
      expect(after?.fingerprint).to.equal(before?.fingerprint);
      expect([before?.subject, after?.subject]).to.deep.equal([
        "login of alice was refused",
        "login of <*> was refused",
      ]);
      watch.tick(3, { now: failed });
      expect(watch.alerts[0]?.subject).to.equal("login of <*> was refused");
    });

    it("has no room beyond `max_groups`: further messages are counted and nothing is breached", () => {
      const watch = watchPatterns();
      const judgement = watch.tick(1, {
        now: occurs({}),
        lines: lines("alpha beta gamma", "delta epsilon zeta", "eta theta iota"),
      });
      expect(Object.values(verdicts(judgement))).to.deep.equal(["breached first_seen"]);
      expect(judgement.notEvaluated).to.equal(2);
      expect(judgement.learned?.fullSince).to.equal(tickAt(1).at);
    });

    it("learns nothing of messages that have more patterns than there is room for", () => {
      const messages = ["a b c", "d e f", "g h i", "j k l"];
      const { failure } = new Watch(patterns).tick(0, { now: occurs({}), earlier: lines(...messages) });
      expect(failure).to.deep.include({ code: "too_many_groups", retryable: false });
      expect(failure?.message).to.include("not learned yet");
    });

    it("is failed when messages could not be read, in the window or in the look-back", () => {
      const unread: LinesAnswer = { kind: "failed", failure: { code: "timeout", message: "slow", retryable: true } };
      const early = new Watch(patterns).tick(0, { now: occurs({}), earlier: unread });
      expect(early.failure?.message).to.equal("not learned yet, so nothing is new: slow");
      const watch = watchPatterns();
      watch.tick(1, { now: occurs({}), lines: lines("payment refused for good") });
      expect(verdicts(watch.tick(2, { now: occurs({}), lines: unread }))).to.deep.equal({
        [watch.alerts[0]?.labels["pattern"] ?? ""]: "failed query_failed",
      });
    });

    it("says on each verdict that a window had more than was read", () => {
      const watch = watchPatterns();
      const now: Answer = {
        kind: "answered",
        observations: [{ labels: {}, value: 500, events: 500 }],
        notAnswered: 0,
      };
      const read = { ...lines("payment refused for good"), read: 100, more: true } as LinesAnswer;
      expect(watch.tick(1, { now, lines: read }).evaluations[0]?.verdict.detail).to.equal(
        "the newest 100 of 500 messages of the window were read",
      );
    });
  });
});

describe("planning what is new", () => {
  const planOf = (rule: Rule, isNew: boolean) =>
    planTick({
      tick: tickAt(0).at,
      rules: [rule],
      timings: new Map([["logs", { delayMs: 0, staleAfterMs: undefined }]]),
      alerts: new Map(),
      newRules: new Set(isNew ? [rule.id] : []),
    })[0];

  it("looks back once, over all of `learned_from` up to the tick", () => {
    const at = tickAt(0).at;
    expect(planOf(values, true)?.batch.questions.map(({ window }) => window)).to.deep.equal([
      { from: at - 5 * minute, to: at },
      { from: at - 14 * day, to: at },
    ]);
    expect(planOf(values, false)?.batch.questions).to.have.length(1);
  });

  it("reads the messages of the window, and once a bounded part of each of 28 equal parts of `learned_from`", () => {
    const at = tickAt(0).at;
    const [later] = planOf(patterns, false)?.readings ?? [];
    expect(later).to.deep.include({ field: "message", window: { from: at - 5 * minute, to: at }, limit: 10_000 });
    const readings = planOf(patterns, true)?.readings ?? [];
    expect(readings).to.have.length(29);
    const parts = readings.slice(0, 28).map(({ window }) => window);
    expect(parts[0]?.from).to.equal(at - 14 * day);
    expect(parts.at(-1)?.to).to.equal(at);
    for (const [index, part] of parts.slice(1).entries()) expect(part.from).to.equal(parts[index]?.to);
  });
});
