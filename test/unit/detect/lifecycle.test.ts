import { expect } from "chai";
import fc from "fast-check";
import { advanceAlert } from "../../../src/detect/lifecycle.ts";
import type { Alert, AlertState } from "../../../src/model/alert.ts";
import type { Until, When } from "../../../src/model/rule.ts";
import { type Verdict, type VerdictKind, verdictKinds } from "../../../src/model/verdict.ts";
import {
  buildAlert,
  hour,
  live,
  minute,
  policyOf,
  start,
  tickAt,
  verdictOf,
  verdictsOf,
} from "../../support/alerts.ts";
import { buildRule } from "../../support/rules.ts";

function ruleOf(options: {
  for?: number;
  until?: number;
  keepForMs?: number;
  windowMs?: number;
  when?: Partial<When>;
}) {
  const until: Until = { forMs: options.until ?? 3 * minute };
  return buildRule({
    keepForMs: options.keepForMs ?? 24 * hour,
    signal: { windowMs: options.windowMs ?? 5 * minute },
    limits: { when: { forMs: options.for ?? 3 * minute, ...options.when } as Partial<When>, until },
  });
}

/** States after each tick, one letter a tick: `i`, `p`, `f`, `r`. */
function states(rule: ReturnType<typeof ruleOf>, letters: string): string {
  return live(rule, verdictsOf(letters))
    .map(({ alert }) => (alert?.state ?? "inactive")[0])
    .join("");
}

const rule = ruleOf({});
const stateBuilders: Readonly<Record<AlertState, (held: boolean) => Alert | undefined>> = {
  inactive: () => undefined,
  pending: (held) => buildAlert(rule, { state: "pending", heldMs: held ? 2 * minute : 0 }),
  firing: () => buildAlert(rule),
  recovering: (held) => buildAlert(rule, { state: "recovering", heldMs: held ? 2 * minute : 0 }),
};

/** RULES.md section 3, row by row; `held` means that the clock of `for` or `until.for` is full at this tick. */
const table: readonly [now: AlertState, verdict: VerdictKind, held: boolean, then: AlertState, change: string][] = [
  ["inactive", "breached", false, "pending", "became_pending"],
  ["inactive", "between", false, "inactive", "none"],
  ["inactive", "clear", false, "inactive", "none"],
  ["inactive", "no_data", false, "inactive", "none"],
  ["inactive", "failed", false, "inactive", "none"],
  ["pending", "breached", false, "pending", "none"],
  ["pending", "breached", true, "firing", "started_firing"],
  ["pending", "between", true, "inactive", "pending_ended"],
  ["pending", "clear", true, "inactive", "pending_ended"],
  ["pending", "no_data", true, "pending", "none"],
  ["pending", "failed", true, "pending", "none"],
  ["firing", "breached", false, "firing", "none"],
  ["firing", "between", false, "firing", "none"],
  ["firing", "clear", false, "recovering", "started_recovering"],
  ["firing", "no_data", false, "firing", "none"],
  ["firing", "failed", false, "firing", "none"],
  ["recovering", "breached", true, "firing", "fired_again"],
  ["recovering", "between", true, "recovering", "none"],
  ["recovering", "clear", false, "recovering", "none"],
  ["recovering", "clear", true, "inactive", "recovered"],
  ["recovering", "no_data", true, "recovering", "none"],
  ["recovering", "failed", true, "recovering", "none"],
];

describe("lifecycle", () => {
  describe("the table of states", () => {
    for (const [now, verdict, held, then, change] of table) {
      it(`${now}, ${verdict}${held ? ", clock full" : ""} -> ${then}`, () => {
        const step = advanceAlert(stateBuilders[now](held), verdictOf(verdict), tickAt(1), policyOf(rule));
        expect(step.alert?.state ?? "inactive").to.equal(then);
        expect(step.change).to.equal(change);
      });
    }

    it("inactive, breached -> firing when `for` is 0", () => {
      const step = advanceAlert(undefined, verdictOf("breached"), tickAt(0), policyOf(ruleOf({ for: 0 })));
      expect(step).to.deep.include({ change: "started_firing" });
      expect(step.alert).to.include({ state: "firing", since: start, heldMs: undefined });
    });

    it("firing, clear -> inactive at once when `until.for` is 0", () => {
      expect(states(ruleOf({ for: 0, until: 0 }), "bbcb")).to.equal("ffif");
    });
  });

  describe("evaluated time", () => {
    it("follows the example of the rule language: pending since 6, firing at 11, recovering at 18, ended at 33", () => {
      const steps = live(
        ruleOf({ for: 5 * minute, until: 15 * minute }),
        verdictsOf(`${"c".repeat(6)}${"b".repeat(12)}${"c".repeat(23)}`),
      );
      const changes = steps.flatMap(({ change }, at) => (change === "none" ? [] : [`${at} ${change}`]));
      expect(changes).to.deep.equal(["6 became_pending", "11 started_firing", "18 started_recovering", "33 recovered"]);
    });

    it("does not fire for what is held one step short", () => {
      expect(states(rule, "bbbcb")).to.equal("pppip");
    });

    for (const [what, letters, expected] of [
      ["downtime", "bbxxxxbbb", "ppppppppf"],
      ["failed queries", "bb!!!!bbb", "ppppppppf"],
      ["no data", "bb____bbb", "ppppppppf"],
    ] as const) {
      it(`stops the clock of \`for\` during ${what}`, () => expect(states(rule, letters)).to.equal(expected));
    }

    for (const [what, letters, expected] of [
      ["downtime", "bbbbccxxxxccc", "pppfrrrrrrrri"],
      ["failed queries", "bbbbcc!!!!ccc", "pppfrrrrrrrri"],
      ["no data", "bbbbcc____ccc", "pppfrrrrrrrri"],
    ] as const) {
      it(`stops the clock of \`until.for\` during ${what}`, () => expect(states(rule, letters)).to.equal(expected));
    }

    it("counts no step whose other end was not evaluated, so that every second tick failing never fires", () => {
      expect(states(rule, "b!b!b!b!b!b!b!b!")).to.equal("p".repeat(16));
    });

    it("is set back to 0 by a verdict between, and the wait begins anew with the next clear one", () => {
      expect(states(rule, "bbbbcccmccc")).to.equal("pppfrrrrrrr");
      expect(states(rule, "bbbbcccmcccc")).to.equal("pppfrrrrrrri");
      expect(live(rule, verdictsOf("bbbbcccm")).at(-1)?.alert?.heldMs).to.equal(undefined);
    });

    it("is counted by the schedule's own steps, whatever they are", () => {
      const policy = policyOf(ruleOf({ for: 15 * minute }));
      let alert: Alert | undefined;
      for (const at of [0, 10, 20])
        alert = advanceAlert(alert, verdictOf("breached"), tickAt(at, 10), policy).alert ?? alert;
      expect(alert?.state).to.equal("firing");
    });

    it("is not counted for a tick that was skipped: the schedule's instant before was not evaluated", () => {
      const policy = policyOf(rule);
      const first = advanceAlert(undefined, verdictOf("breached"), tickAt(0), policy).alert;
      const later = advanceAlert(first, verdictOf("breached"), tickAt(60), policy).alert;
      expect(later).to.include({ state: "pending", heldMs: 0 });
    });
  });

  describe("the episode", () => {
    it("begins with the first breached tick, pending included, and is the same one when it fires again", () => {
      const steps = live(rule, verdictsOf("bbbbcbcbb"));
      expect(steps.at(-1)?.alert).to.deep.include({ state: "firing" });
      expect(steps.at(-1)?.alert?.episode).to.include({ startedAt: start, lastBreachAt: start + 8 * minute });
      expect(steps[5]?.change).to.equal("fired_again");
    });

    it("is another one after it has ended", () => {
      const steps = live(rule, verdictsOf("bbbbccccb"));
      expect(steps[7]?.change).to.equal("recovered");
      expect(steps.at(-1)?.alert?.episode.startedAt).to.equal(start + 8 * minute);
    });

    const seen = (badEvents: number, events: number, kind: VerdictKind = "breached"): Verdict =>
      verdictOf(kind, { badEvents, events, value: badEvents / events });

    it("counts each event once: a window of five minutes every minute adds a fifth of it", () => {
      const steps = live(ruleOf({ for: 0 }), [seen(80, 1_000), seen(80, 1_000), seen(80, 1_000)]);
      expect(steps.at(-1)?.alert?.episode.sums).to.deep.equal({ bad: 48, total: 600 });
    });

    it("counts the whole window when the last evaluated tick lies a window or longer back", () => {
      const policy = policyOf(ruleOf({ for: 0 }));
      const first = advanceAlert(undefined, seen(10, 100), tickAt(0, 60), policy).alert;
      expect(first?.episode.sums).to.deep.equal({ bad: 10, total: 100 });
      const after = advanceAlert(first, seen(10, 100), tickAt(60), policy).alert;
      expect(after?.episode.sums).to.deep.equal({ bad: 20, total: 200 });
    });

    it("catches up what failed ticks did not count, from the windows that overlap them", () => {
      const steps = live(ruleOf({ for: 0 }), [seen(5, 50), verdictOf("failed"), verdictOf("no_data"), seen(5, 50)]);
      expect(steps.at(-1)?.alert?.episode.sums).to.deep.equal({ bad: 1 + 3, total: 10 + 30 });
    });

    it("leaves the wait for recovery out, unless it breaches again", () => {
      const waiting = live(ruleOf({ for: 0 }), [seen(50, 100), seen(5, 100, "clear"), seen(5, 100, "between")]);
      expect(waiting.at(-1)?.alert?.episode.sums).to.deep.equal({ bad: 10, total: 20 });
      expect(waiting.at(-1)?.alert?.episode.tail).to.deep.equal({ bad: 2, total: 40 });
      const again = live(ruleOf({ for: 0 }), [seen(50, 100), seen(5, 100, "clear"), seen(50, 100)]);
      expect(again.at(-1)?.alert?.episode.sums).to.deep.equal({ bad: 21, total: 60 });
      expect(again.at(-1)?.alert?.episode.tail).to.deep.equal({ bad: 0, total: 0 });
    });

    it("takes what matched as bad where there is no whole", () => {
      const steps = live(ruleOf({ for: 0 }), [verdictOf("breached", { events: 30 })]);
      expect(steps[0]?.alert?.episode.sums).to.deep.equal({ bad: 6, total: 0 });
    });

    it("keeps the worst value: the largest above a limit, the smallest below one, and when it was", () => {
      const above = live(
        ruleOf({ for: 0 }),
        [12, 30, 11].map((value) => verdictOf("breached", { value })),
      );
      expect(above.at(-1)?.alert?.episode.peak).to.deep.equal({ at: start + minute, value: 30, threshold: 10 });
      const below = live(
        ruleOf({ for: 0 }),
        [4, 1, 3].map((value) => verdictOf("breached", { value, direction: "below", threshold: 5 })),
      );
      expect(below.at(-1)?.alert?.episode.peak).to.deep.equal({ at: start + minute, value: 1, threshold: 5 });
    });

    it("has no worst value while nothing was measured", () => {
      const nothing: Verdict = { kind: "breached", reason: "no_data_is_breach", events: 0 };
      const steps = live(ruleOf({ for: 0 }), [nothing, verdictOf("breached", { value: 3 })]);
      expect(steps[0]?.alert?.episode.peak).to.equal(undefined);
      expect(steps[1]?.alert?.episode.peak?.value).to.equal(3);
    });
  });

  describe("no data", () => {
    const short = ruleOf({ for: 0, keepForMs: 4 * minute });

    it("keeps an alert for `keep_for`, then ends it as vanished", () => {
      const steps = live(short, verdictsOf("b_____"));
      expect(steps.map(({ change }) => change)).to.deep.equal([
        "started_firing",
        "none",
        "none",
        "none",
        "none",
        "vanished",
      ]);
      expect(steps.at(-1)?.alert).to.equal(undefined);
    });

    it("counts `keep_for` anew after data was seen, and through failed queries", () => {
      expect(states(short, "b___b____")).to.equal("f".repeat(9));
      expect(states(short, "b___!_")).to.equal("fffffi");
    });

    it("ends a pending alert quietly: there was never an episode to tell of", () => {
      const steps = live(ruleOf({ keepForMs: 2 * minute }), verdictsOf("b___"));
      expect(steps.at(-1)).to.deep.equal({ alert: undefined, change: "pending_ended" });
    });

    it("ends a recovering alert as vanished, never as recovered", () => {
      expect(live(short, verdictsOf("bc_____")).at(-1)?.change).to.equal("vanished");
    });
  });

  describe("absence", () => {
    const absent: Partial<When> = { form: "absent", knownForMs: 7 * 24 * hour } as Partial<When>;
    const nothing = verdictOf("breached", { reason: "nothing_reported", value: 0, events: 0, direction: "below" });
    const gone = ruleOf({ for: 0, keepForMs: 4 * minute, when: absent });

    it("ends as vanished after `keep_for`: the label set is gone, not broken", () => {
      const changes = live(gone, Array(5).fill(nothing), { job: "a" }).map(({ change }) => change);
      expect(changes).to.deep.equal(["started_firing", "none", "none", "none", "vanished"]);
    });

    it("of the ungrouped label set goes on: there is nothing that could be gone", () => {
      expect(live(gone, Array(9).fill(nothing)).at(-1)?.alert?.state).to.equal("firing");
    });

    it("ends by recovery when it reports again", () => {
      const steps = live(gone, [nothing, ...verdictsOf("cccc")] as Verdict[], { job: "a" });
      expect(steps.at(-1)?.change).to.equal("recovered");
    });
  });

  describe("flapping", () => {
    const nervous = ruleOf({ for: 0, until: 3 * minute });

    it("begins with the fourth change in twenty ticks; it is held firing from then on", () => {
      const steps = live(nervous, verdictsOf("bcbcbcccc"));
      expect(steps.map(({ alert }) => alert?.flapping)).to.deep.equal([
        false,
        false,
        false,
        false,
        true,
        true,
        true,
        true,
        true,
      ]);
      expect(steps.slice(4).every(({ alert }) => alert?.state === "firing")).to.equal(true);
    });

    it("is not begun by three changes, nor by four in more than twenty ticks", () => {
      expect(live(nervous, verdictsOf("bcbc")).at(-1)?.alert?.flapping).to.equal(false);
      const slow = live(nervous, verdictsOf(`bcb${"b".repeat(17)}cb`));
      expect(slow.at(-1)?.alert).to.include({ flapping: false, state: "firing" });
    });

    it("is freed under four, and then recovers when it stays well", () => {
      const steps = live(nervous, verdictsOf(`bcbcb${"c".repeat(40)}`));
      const freed = steps.findIndex(({ alert }, at) => at > 4 && alert?.state === "recovering");
      // The changes were at ticks 1 to 4: at 22 two of them are left, and the one to recovering is the third.
      expect(freed).to.equal(22);
      expect(steps[25]?.change).to.equal("recovered");
    });

    it("does not end while it is held, however long `until` would have held", () => {
      expect(states(nervous, `bcbcb${"c".repeat(16)}`)).to.equal(`frfrf${"f".repeat(16)}`);
    });

    it("keeps the instant it began to fire while it is held", () => {
      const steps = live(nervous, verdictsOf(`bcbcb${"c".repeat(10)}`));
      expect(steps.at(-1)?.alert?.since).to.equal(start + 4 * minute);
    });

    it("is held too when the fourth change would be the one to recovering", () => {
      // Changes at 1, 2, 19 and 20; the clear tick at 21 finds 2, 19 and 20 within its twenty ticks.
      const steps = live(nervous, verdictsOf(`bcb${"b".repeat(16)}cbc`));
      expect(steps.at(-1)).to.deep.include({ change: "none" });
      expect(steps.at(-1)?.alert).to.include({ state: "firing", flapping: true, since: start + 20 * minute });
    });

    it("counts ticks, failed ones too", () => {
      const steps = live(nervous, verdictsOf(`bcbcb${"!".repeat(18)}`));
      expect(steps.at(-1)?.alert).to.include({ state: "firing", flapping: false });
    });
  });

  describe("whatever the verdicts are", () => {
    const drawn = fc.record({
      forMs: fc.constantFrom(0, minute, 3 * minute, 5 * minute),
      untilMs: fc.constantFrom(0, minute, 3 * minute, 10 * minute),
      keepForMs: fc.constantFrom(3 * minute, hour),
      windowMinutes: fc.constantFrom(1, 5, 30),
      ticks: fc.array(
        fc.record({
          kind: fc.constantFrom(...verdictKinds, "breached" as const, "clear" as const),
          /** How many ticks are missed before it. */
          missed: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.nat(9)),
          bad: fc.nat(100),
          good: fc.nat(100),
        }),
        { maxLength: 120 },
      ),
    });

    interface Lived {
      readonly before: Alert | undefined;
      readonly after: Alert | undefined;
      readonly verdict: Verdict;
      readonly change: string;
      readonly at: number;
      readonly previousAt: number;
    }

    function run(given: typeof drawn extends fc.Arbitrary<infer Value> ? Value : never): readonly Lived[] {
      const { forMs, untilMs, keepForMs, windowMinutes } = given;
      const policy = policyOf(ruleOf({ for: forMs, until: untilMs, keepForMs, windowMs: windowMinutes * minute }));
      let alert: Alert | undefined;
      let at = 0;
      return given.ticks.map(({ kind, missed, bad, good }) => {
        at += 1 + missed;
        const measured = kind === "failed" || kind === "no_data" ? {} : { badEvents: bad, events: bad + good };
        const verdict = verdictOf(kind, measured);
        const before = alert;
        const step = advanceAlert(before, verdict, tickAt(at), policy);
        alert = step.alert;
        return { before, after: alert, verdict, change: step.change, ...tickAt(at) };
      });
    }

    it("never changes a state on a failed query", () => {
      fc.assert(
        fc.property(drawn, (given) => {
          for (const { before, after, verdict, change } of run(given)) {
            if (verdict.kind !== "failed") continue;
            expect(after?.state).to.equal(before?.state);
            expect(after?.heldMs).to.equal(before?.heldMs);
            expect(after?.episode).to.deep.equal(before?.episode);
            expect(change).to.equal("none");
          }
        }),
      );
    });

    it("never holds longer than the evaluated time since it came into its state", () => {
      fc.assert(
        fc.property(drawn, (given) => {
          const steps = run(given);
          let evaluatedMs = 0;
          let last: number | undefined;
          for (const { before, after, verdict, at, previousAt } of steps) {
            const seen = verdict.kind !== "failed" && verdict.kind !== "no_data";
            if (after?.state !== before?.state) evaluatedMs = 0;
            else if (seen && last === previousAt) evaluatedMs += at - previousAt;
            if (seen) last = at;
            expect(after?.heldMs ?? 0).to.be.at.most(evaluatedMs);
          }
        }),
      );
    });

    it("fires only what was breached for `for`, without a clear verdict between", () => {
      fc.assert(
        fc.property(drawn, (given) => {
          const steps = run(given);
          for (const [index, { change }] of steps.entries()) {
            if (change !== "started_firing") continue;
            let heldMs = 0;
            let from = index;
            while (from > 0 && steps[from]?.before !== undefined) from -= 1;
            let last: number | undefined;
            for (const { verdict, at, previousAt } of steps.slice(from, index + 1)) {
              if (verdict.kind === "failed" || verdict.kind === "no_data") continue;
              expect(verdict.kind).to.equal("breached");
              if (last === previousAt) heldMs += at - previousAt;
              last = at;
            }
            expect(heldMs).to.be.at.least(given.forMs);
          }
        }),
      );
    });

    it("never ends a firing alert without `until.for` of evaluated clear time or `keep_for` of no data", () => {
      fc.assert(
        fc.property(drawn, (given) => {
          const steps = run(given);
          for (const [index, { before, after, change }] of steps.entries()) {
            if (after !== undefined || before === undefined || before.state === "pending") continue;
            if (change === "vanished") {
              const since = steps.findLastIndex(
                ({ verdict }, at) => at < index && verdict.kind !== "no_data" && verdict.kind !== "failed",
              );
              const first = steps.slice(since + 1).find(({ verdict }) => verdict.kind === "no_data");
              expect((steps[index]?.at ?? 0) - (first?.at ?? 0)).to.be.at.least(given.keepForMs);
              continue;
            }
            expect(change).to.equal("recovered");
            let clearMs = 0;
            let next: Lived | undefined;
            for (let at = index; at >= 0; at -= 1) {
              const step = steps[at];
              if (step === undefined || step.verdict.kind === "breached" || step.verdict.kind === "between") break;
              if (step.verdict.kind !== "clear") continue;
              if (next?.previousAt === step.at) clearMs += next.at - step.at;
              next = step;
            }
            expect(clearMs).to.be.at.least(given.untilMs);
          }
        }),
      );
    });

    it("never recovers and never stays held when it has been well for long", () => {
      fc.assert(
        fc.property(drawn, (given) => {
          const well = Array.from({ length: 45 }, () => ({ kind: "clear" as const, missed: 0, bad: 0, good: 1 }));
          expect(run({ ...given, ticks: [...given.ticks, ...well] }).at(-1)?.after).to.equal(undefined);
        }),
      );
    });

    it("sums what an independent count of the ticks sums", () => {
      fc.assert(
        fc.property(drawn, (given) => {
          const windowMs = given.windowMinutes * minute;
          let counted: { bad: number; total: number; upTo: { bad: number; total: number } } | undefined;
          let last = 0;
          for (const { before, after, verdict, at, previousAt } of run(given)) {
            if (after === undefined) {
              counted = undefined;
              continue;
            }
            if (verdict.kind !== "failed" && verdict.kind !== "no_data") {
              const weight = Math.min(windowMs, at - (before === undefined ? previousAt : last)) / windowMs;
              if (before === undefined || counted === undefined)
                counted = { bad: 0, total: 0, upTo: { bad: 0, total: 0 } };
              counted.bad += (verdict.badEvents ?? 0) * weight;
              counted.total += verdict.events * weight;
              if (verdict.kind === "breached") counted.upTo = { bad: counted.bad, total: counted.total };
              last = at;
            }
            expect(after.episode.sums.bad).to.be.closeTo(counted?.upTo.bad ?? 0, 1e-6);
            expect(after.episode.sums.total).to.be.closeTo(counted?.upTo.total ?? 0, 1e-6);
          }
        }),
      );
    });

    it("gives the same again, and never changes what it was given", () => {
      fc.assert(
        fc.property(drawn, (given) => {
          const first = run(given);
          const copy = JSON.stringify(first);
          expect(JSON.stringify(run(given))).to.equal(copy);
          expect(JSON.stringify(first)).to.equal(copy);
        }),
      );
    });
  });
});
