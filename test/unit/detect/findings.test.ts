import { expect } from "chai";
import fc from "fast-check";
import { type FormRequest, formFindings, touchedGroups } from "../../../src/detect/findings.ts";
import type { Evaluation } from "../../../src/detect/judge.ts";
import type { Alert, AlertChange } from "../../../src/model/alert.ts";
import type { Finding, FindingEpisode } from "../../../src/model/finding.ts";
import type { Rule } from "../../../src/model/rule.ts";
import { buildAlert, day, hour, minute, start, verdictOf } from "../../support/alerts.ts";
import { buildRule } from "../../support/rules.ts";

const slo = { objective: 0.999, periodMs: 30 * day };
const rule = buildRule({ signal: { by: ["service", "region"] }, group: ["service"], impact: { slo } });
const beside = buildRule({ id: "slow", problem: rule.problem, signal: { by: ["service"] } });

const eu = { service: "cart", region: "eu" };
const us = { service: "cart", region: "us" };

function episodeOf(overrides: Partial<Alert["episode"]> = {}): Alert["episode"] {
  return { ...buildAlert(rule).episode, ...overrides };
}

function going(alert: Alert, change: AlertChange = "none"): Evaluation {
  return {
    labels: alert.labels,
    verdict: alert.verdict,
    stateBefore: "firing",
    state: alert.state,
    change,
    alert,
    ended: undefined,
  };
}

function ending(alert: Alert, change: AlertChange = "recovered"): Evaluation {
  return { ...going(alert, change), state: "inactive", alert: undefined, ended: alert };
}

function form(given: Partial<FormRequest> & { before?: Finding | undefined }) {
  const { before, ...rest } = given;
  return formFindings({
    at: start,
    evaluations: [],
    otherAlerts: [],
    findings: new Map(before === undefined ? [] : [[before.groupKey, before]]),
    rules: new Map([rule, beside].map((each) => [each.id, each])),
    modeOf: (each) => each.mode,
    titleOf: (_rule, worst) => `title ${worst.labels["region"] ?? "all"}`,
    ...rest,
  });
}

function step(given: Parameters<typeof form>[0]) {
  const steps = form(given);
  expect(steps).to.have.length(1);
  const [first] = steps;
  if (first === undefined) throw new Error("no step");
  return first;
}

const opened = (alerts: readonly Alert[] = [buildAlert(rule, { labels: eu })]): Finding =>
  step({ evaluations: alerts.map((alert) => going(alert)) }).finding;

describe("findings", () => {
  it("open with the first alert that fires, and not with one that is pending", () => {
    expect(form({ evaluations: [going(buildAlert(rule, { labels: eu, state: "pending" }))] })).to.deep.equal([]);
    const { change, finding, before } = step({ evaluations: [going(buildAlert(rule, { labels: eu }))] });
    expect([change, before]).to.deep.equal(["opened", undefined]);
    expect(finding).to.deep.include({
      state: "open",
      generation: 1,
      openedAt: start,
      groupLabels: { service: "cart" },
    });
    expect(finding.id).to.equal(finding.groupKey.slice(0, 16));
  });

  it("are one for all alerts of a problem and group, of several rules too", () => {
    const alerts = [
      buildAlert(rule, { labels: eu }),
      buildAlert(rule, { labels: us }),
      buildAlert(beside, { labels: { service: "cart" } }),
      buildAlert(rule, { labels: { service: "search", region: "eu" } }),
    ];
    const steps = form({ evaluations: alerts.map((alert) => going(alert)) });
    expect(steps.map(({ finding }) => [finding.alertCount, finding.ruleIds])).to.deep.equal([
      [3, ["errors", "slow"]],
      [1, ["errors"]],
    ]);
  });

  it("name the groups that a tick touched, pending alerts aside", () => {
    const pending = buildAlert(rule, { labels: { service: "x", region: "eu" }, state: "pending" });
    const firing = buildAlert(rule, { labels: eu });
    expect(touchedGroups([going(pending), ending(pending), going(firing), ending(firing)])).to.deep.equal([
      firing.groupKey,
    ]);
  });

  describe("their worst alert", () => {
    const worst = (...alerts: readonly Alert[]) => {
      const { finding } = step({ evaluations: alerts.map((alert) => going(alert)) });
      return [finding.worst, ...finding.others].map(({ labels }) => labels["region"]);
    };
    const inRegion = (region: string, overrides: Partial<Alert> = {}) =>
      buildAlert(rule, { labels: { service: "cart", region }, ...overrides });
    const peaking = (value: number, threshold: number) => ({
      episode: episodeOf({ peak: { at: start, value, threshold } }),
    });

    it("is of the highest severity first, then one that fires, then the farthest past its limit", () => {
      expect(
        worst(
          inRegion("far", peaking(90, 10)),
          inRegion("recovering", { state: "recovering", ...peaking(900, 10) }),
          inRegion("critical", { severity: "critical", ...peaking(11, 10) }),
          inRegion("near", peaking(11, 10)),
        ),
      ).to.deep.equal(["critical", "far", "near", "recovering"]);
    });

    it("is as far under a limit as another is over one, whatever the units", () => {
      expect(worst(inRegion("over", peaking(30, 10)), inRegion("under", peaking(2, 10)))).to.deep.equal([
        "under",
        "over",
      ]);
    });

    it("stays the same when a tick saw nothing", () => {
      const low = (region: string, value: number, verdict = verdictOf("failed")) =>
        inRegion(region, { verdict, ...peaking(value, 10) });
      expect(worst(low("little", 5), low("lot", 1))).to.deep.equal(["lot", "little"]);
    });

    it("is the one with the most bad events among equals, then the first by its labels", () => {
      const sums = (bad: number) => ({ episode: episodeOf({ sums: { bad, total: 0 } }) });
      expect(worst(inRegion("b", sums(1)), inRegion("c", sums(9)), inRegion("a", sums(1)))).to.deep.equal([
        "c",
        "a",
        "b",
      ]);
    });

    it("gives title, owner and rule; the finding's severity is the highest", () => {
      const alerts = [inRegion("eu", { owner: "them" }), inRegion("us", { severity: "critical", owner: "us" })];
      const { finding } = step({ evaluations: alerts.map((alert) => going(alert)) });
      expect(finding).to.include({ title: "title us", owner: "us", severity: "critical" });
    });

    it("has at most twenty others shown, and all counted", () => {
      const alerts = Array.from({ length: 30 }, (_, index) => inRegion(`r${index}`));
      const { finding } = step({ evaluations: alerts.map((alert) => going(alert)) });
      expect([finding.alertCount, finding.others.length]).to.deep.equal([30, 20]);
    });
  });

  describe("their episode", () => {
    it("runs from the first alert to the last, with the sums of all, ended ones included", () => {
      const first = buildAlert(rule, { labels: eu, episode: episodeOf({ sums: { bad: 10, total: 100 } }) });
      const before = opened([first]);
      const second = buildAlert(rule, {
        labels: us,
        episode: episodeOf({
          startedAt: start + 5 * minute,
          lastBreachAt: start + 9 * minute,
          sums: { bad: 1, total: 50 },
        }),
      });
      const after = step({ at: start + 9 * minute, before, evaluations: [ending(first), going(second)] });
      expect(after.change).to.equal("goes_on");
      expect(after.finding.episode).to.deep.include({
        startedAt: start,
        lastBreachAt: start + 9 * minute,
        endedAt: undefined,
        sums: { bad: 11, total: 150 },
        endedSums: { bad: 10, total: 100 },
      });
      const over = step({ at: start + 20 * minute, before: after.finding, evaluations: [ending(second)] });
      expect(over.finding.episode).to.deep.include({
        endedAt: start + 20 * minute,
        lastBreachAt: start + 9 * minute,
        sums: { bad: 11, total: 150 },
        ending: "recovered",
      });
    });

    it("counts no alert twice, whichever lists it stands in", () => {
      const alert = buildAlert(rule, { labels: eu });
      const { finding } = step({ evaluations: [going(alert)], otherAlerts: [alert, alert] });
      expect([finding.alertCount, finding.episode.sums.bad]).to.deep.equal([1, 20]);
    });

    it("counts an alert of another schedule as it is stored", () => {
      const other = buildAlert(beside, { labels: { service: "cart" } });
      const stranger = buildAlert(beside, { labels: { service: "search" } });
      const pending = buildAlert(rule, { labels: us, state: "pending" });
      const { finding } = step({
        evaluations: [going(buildAlert(rule, { labels: eu }))],
        otherAlerts: [other, stranger, pending],
      });
      expect([finding.alertCount, finding.episode.sums.bad]).to.deep.equal([2, 40]);
    });

    it("makes its share of those alerts that have a whole", () => {
      const ratio = buildAlert(rule, { labels: eu, episode: episodeOf({ sums: { bad: 5, total: 100 } }) });
      const counted = buildAlert(beside, {
        labels: { service: "cart" },
        episode: episodeOf({ sums: { bad: 5_000, total: 0 } }),
      });
      for (const alerts of [
        [ratio, counted],
        [counted, ratio],
      ]) {
        const { finding } = step({ evaluations: alerts.map((alert) => going(alert)) });
        expect(finding.episode.sums).to.deep.equal({ bad: 5, total: 100 });
      }
    });

    it("spends burn times duration of the error budget", () => {
      const alert = buildAlert(rule, {
        labels: eu,
        episode: episodeOf({ lastBreachAt: start + 40 * minute, sums: { bad: 60, total: 1_000 } }),
      });
      const share = opened([alert]).episode.budgetShare;
      expect(share).to.be.closeTo((60 * 40 * minute) / (30 * day), 1e-9);
    });

    it("has no budget share without an objective or without a whole", () => {
      expect(opened([buildAlert(rule, { labels: eu })]).episode.budgetShare).to.equal(undefined);
    });
  });

  describe("going quiet and coming back", () => {
    const alert = buildAlert(rule, { labels: eu });

    it("keep the title of what was bad while it recovers", () => {
      const titleOf: FormRequest["titleOf"] = (_rule, worst) => `value ${worst.verdict.value}`;
      const before = step({
        evaluations: [going({ ...alert, verdict: verdictOf("breached", { value: 90 }) })],
        titleOf,
      });
      const recovering: Alert = { ...alert, state: "recovering", verdict: verdictOf("clear", { value: 3 }) };
      expect(step({ before: before.finding, evaluations: [going(recovering)], titleOf }).finding.title).to.equal(
        "value 90",
      );
    });

    it("are quiet when the last alert has ended, not before", () => {
      const both = [alert, buildAlert(rule, { labels: us })];
      const before = opened(both);
      const one = step({ at: start + minute, before, evaluations: [ending(alert), going(both[1] ?? alert)] });
      expect(one.finding.state).to.equal("open");
      const none = step({ at: start + 2 * minute, before: one.finding, evaluations: [ending(both[1] ?? alert)] });
      expect([none.change, none.finding.state, none.finding.alertCount]).to.deep.equal(["went_quiet", "quiet", 0]);
      expect(none.rule).to.equal(rule);
    });

    it("are not quiet while an alert of another schedule fires", () => {
      const other = buildAlert(beside, { labels: { service: "cart" } });
      const after = step({ before: opened([alert, other]), evaluations: [ending(alert)], otherAlerts: [other] });
      expect([after.finding.state, after.rule.id]).to.deep.equal(["open", "slow"]);
    });

    for (const [change, said] of [
      ["recovered", "recovered"],
      ["vanished", "vanished"],
      ["rule_changed", "rule_changed"],
    ] as const) {
      it(`say how they ended: ${said}`, () => {
        const after = step({ before: opened(), evaluations: [ending(alert, change)] });
        expect(after.finding.episode.ending).to.equal(said);
      });
    }

    describe("of which one alert ceased to report earlier", () => {
      const other = buildAlert(rule, { labels: us });
      const ceased = step({
        at: start + minute,
        before: opened([alert, other]),
        evaluations: [ending(other, "vanished"), going(alert)],
      });

      it("do not end as recovered with the last: nobody saw the first well", () => {
        const after = step({ at: start + 2 * minute, before: ceased.finding, evaluations: [ending(alert)] });
        expect([after.change, after.finding.episode.ending]).to.deep.equal(["went_quiet", "vanished"]);
        expect(after.finding.episode.vanished?.map(({ labels }) => labels)).to.deep.equal([us]);
      });

      it("end as recovered when it was seen again and recovered", () => {
        const back = step({
          at: start + 2 * minute,
          before: ceased.finding,
          evaluations: [going(alert), going(other)],
        });
        const ended = { at: start + 3 * minute, before: back.finding, evaluations: [ending(alert), ending(other)] };
        expect(step(ended).finding.episode.ending).to.equal("recovered");
      });

      it("forget it with the next episode", () => {
        const quiet = step({ at: start + 2 * minute, before: ceased.finding, evaluations: [ending(alert)] });
        const again = step({ at: start + hour, before: quiet.finding, evaluations: [going(alert)] });
        const after = step({ at: start + 2 * hour, before: again.finding, evaluations: [ending(alert)] });
        expect(after.finding.episode.ending).to.equal("recovered");
      });
    });

    it("go quiet after their rule was renamed", () => {
      const renamed: Rule = { ...rule, id: "errors-2", formerly: [rule.id] };
      const after = step({
        before: opened(),
        evaluations: [ending(alert)],
        rules: new Map([[renamed.id, renamed]]),
      });
      expect([after.change, after.rule.id]).to.deep.equal(["went_quiet", "errors-2"]);
    });

    it("stay open, spoken for by the rest, while an alert's rule cannot be read", () => {
      const other = buildAlert(beside, { labels: { service: "cart" }, severity: "critical" });
      const rules = new Map([[rule.id, rule]]);
      const spoken = step({ before: opened([alert, other]), evaluations: [going(alert)], otherAlerts: [other], rules });
      expect([spoken.rule.id, spoken.finding.alertCount]).to.deep.equal(["errors", 2]);
      expect(
        form({ before: opened([alert, other]), evaluations: [ending(alert)], otherAlerts: [other], rules }),
      ).to.deep.equal([]);
    });

    it("come back with a new episode, the last one kept, newest first", () => {
      const quiet = step({ at: start + hour, before: opened(), evaluations: [ending(alert)] }).finding;
      const again = buildAlert(rule, {
        labels: eu,
        episode: episodeOf({
          startedAt: start + 2 * hour,
          lastBreachAt: start + 2 * hour,
          sums: { bad: 1, total: 10 },
        }),
      });
      const back = step({ at: start + 2 * hour, before: quiet, evaluations: [going(again)] });
      expect(back.change).to.equal("came_back");
      expect(back.finding.pastEpisodes).to.deep.equal([quiet.episode]);
      expect(back.finding.episode).to.deep.include({ startedAt: start + 2 * hour, sums: { bad: 1, total: 10 } });
      expect(back.finding.openedAt).to.equal(start);
    });

    it("do not let two episodes overlap when what comes back was pending since before the end", () => {
      const quiet = step({ at: start + hour, before: opened(), evaluations: [ending(alert)] }).finding;
      const long = buildAlert(rule, { labels: us, episode: episodeOf({ lastBreachAt: start + 2 * hour }) });
      const back = step({ at: start + 2 * hour, before: quiet, evaluations: [going(long)] });
      expect(back.finding.episode.startedAt).to.equal(start + hour);
    });

    it("forget episodes after 30 days, and keep at most a hundred", () => {
      const past = (daysAgo: number): FindingEpisode => ({
        ...opened().episode,
        endedAt: start - daysAgo * day,
        ending: "recovered",
      });
      const many = Array.from({ length: 150 }, (_, index) => past(index / 10));
      const finding = { ...opened(), pastEpisodes: [...many, past(30), past(30.01)] };
      const after = step({ before: finding, evaluations: [going(alert)] });
      expect(after.finding.pastEpisodes).to.have.length(100);
      const few = step({
        before: { ...finding, pastEpisodes: [past(1), past(30), past(30.01)] },
        evaluations: [going(alert)],
      });
      expect(few.finding.pastEpisodes).to.have.length(2);
    });

    it("say nothing of an alert that ended where no finding is known", () => {
      expect(form({ evaluations: [ending(alert)] })).to.deep.equal([]);
    });
  });

  it("count every alert's sums exactly once, whatever fires, ends and comes back", () => {
    const regions = ["a", "b", "c", "d"];
    fc.assert(
      fc.property(fc.array(fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), { maxLength: 20 }), (ticks) => {
        let before: Finding | undefined;
        let alive = new Map<string, Alert>();
        let expected = 0;
        for (const [index, firing] of ticks.entries()) {
          const at = start + index * minute;
          if (alive.size === 0) expected = 0;
          const evaluations: Evaluation[] = [];
          const next = new Map<string, Alert>();
          for (const [position, region] of regions.entries()) {
            const old = alive.get(region);
            if (firing[position] === true) {
              const bad = (old?.episode.sums.bad ?? 0) + 1;
              expected += 1;
              const alert = buildAlert(rule, {
                labels: { service: "cart", region },
                episode: episodeOf({ startedAt: at, lastBreachAt: at, sums: { bad, total: 0 } }),
              });
              next.set(region, alert);
              evaluations.push(going(alert));
            } else if (old !== undefined) evaluations.push(ending(old));
          }
          alive = next;
          const [formed] = form({ at, before, evaluations });
          if (formed === undefined) continue;
          expect(formed.finding.episode.sums.bad).to.equal(expected);
          expect(formed.finding.state).to.equal(alive.size === 0 ? "quiet" : "open");
          before = formed.finding;
        }
      }),
    );
  });
});
