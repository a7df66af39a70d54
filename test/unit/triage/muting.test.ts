import { expect } from "chai";
import fc from "fast-check";
import { plainText } from "../../../src/model/document.ts";
import type { Finding } from "../../../src/model/finding.ts";
import type { MaintenanceOn } from "../../../src/model/maintenance.ts";
import { type Band, bands, compareBands } from "../../../src/model/priority.ts";
import type { Silence } from "../../../src/model/silence.ts";
import { becauseOf } from "../../../src/triage/because.ts";
import { decide } from "../../../src/triage/decide.ts";
import { ticketDocument } from "../../../src/triage/describe.ts";
import { type MutingRequest, mutingOf } from "../../../src/triage/muting.ts";
import { buildAlert, hour, minute, start } from "../../support/alerts.ts";
import { buildFinding, buildPriority } from "../../support/findings.ts";
import { buildRule } from "../../support/rules.ts";
import { inputOf, memory, unmuted } from "./decide-vectors.ts";

const rule = buildRule({ signal: { by: ["service"], where: { environment: ["staging"] } } });
const labels = { service: "cart" };
const finding = buildFinding(rule, { alerts: [buildAlert(rule, { labels })] });

const untilWorse: Silence = {
  id: "7",
  matchers: labels,
  ruleId: undefined,
  author: "anna",
  reason: "known",
  startsAt: start,
  createdAt: start,
  endsAt: start + 24 * hour,
  endedAt: undefined,
  untilWorse: true,
};
const { untilWorse: _, ...timed } = { ...untilWorse, id: "8" };

const patching: MaintenanceOn = {
  window: {
    name: "patching",
    schedule: { cron: "0 10 * * *", timezone: "UTC" },
    durationMs: hour,
    rules: [],
    where: { environment: ["staging", "test"] },
    reason: "hosts are patched",
  },
  from: start,
  until: start + hour,
};

function muted(request: Partial<MutingRequest> = {}) {
  return mutingOf({
    at: start,
    finding,
    before: undefined,
    band: "Medium",
    alerts: [{ ruleId: rule.id, labels }],
    ruleOf: (id) => (id === rule.id ? rule : undefined),
    silences: [],
    windows: [],
    ...request,
  });
}

/** Bands at one tick after the other, each with what the one before remembered. */
function live(given: readonly Band[], silences = [untilWorse], before?: Finding) {
  let known = finding;
  return given.map((band, tick) => {
    const each = muted({ at: start + tick * minute, finding: known, before, band, silences });
    known = { ...known, memory: { ...known.memory, silences: each.bands } };
    return each;
  });
}

describe("a silence until it gets worse", () => {
  it("holds at the band at which it began and below, and is over for good with the first band above", () => {
    const said = live(["Medium", "Low", "Medium", "High", "Medium", "Highest"]);
    expect(said.map(({ silenced }) => silenced)).to.deep.equal([true, true, true, false, false, false]);
    expect(said.map(({ over }) => over?.band)).to.deep.equal([
      undefined,
      undefined,
      undefined,
      "Medium",
      undefined,
      undefined,
    ]);
    expect(said[3]?.over).to.deep.equal({ author: "anna", reason: "known", band: "Medium" });
  });

  it("goes by the band that the finding had when it was silenced, not by that of the next tick", () => {
    const before = { ...finding, priority: buildPriority(20, "Low") };
    const [first] = live(["High"], [untilWorse], before);
    expect([first?.silenced, first?.over?.band]).to.deep.equal([false, "Low"]);
    const quiet = { ...before, episode: { ...before.episode, endedAt: start, ending: "recovered" as const } };
    expect(live(["High"], [untilWorse], quiet)[0]?.silenced).to.equal(true);
  });

  it("forgets what ended silences were about", () => {
    expect(live(["Medium"])[0]?.bands).to.deep.equal({ "7": { band: "Medium", endedAt: undefined } });
    const known = { ...finding, memory: { ...finding.memory, silences: live(["Medium"])[0]?.bands ?? {} } };
    expect(muted({ finding: known }).bands).to.deep.equal({});
  });

  it("leaves others to hold, which it is not told against", () => {
    const [, second] = live(["Medium", "High"], [untilWorse, { ...timed, untilWorse: false }]);
    expect([second?.silenced, second?.over]).to.deep.equal([true, undefined]);
  });

  it("is never over before the band is above the first, whatever bands come", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...bands), { minLength: 1, maxLength: 12 }), (given) => {
        const said = live(given);
        const first = given.findIndex((band) => compareBands(band, given[0] ?? "None") > 0);
        for (const [tick, { silenced, over }] of said.entries()) {
          expect(silenced).to.equal(first === -1 || tick < first);
          expect(over !== undefined).to.equal(tick === first);
        }
      }),
    );
  });

  it("is named with its author where it ends: in the decision, and on a ticket that is filed then", () => {
    const over = { author: "anna", reason: "known", band: "Medium" as const };
    const input = inputOf({ priority: buildPriority(60, "High"), muting: { ...unmuted, over } });
    expect(becauseOf(input, decide(input))).to.equal(
      'anna silenced it at Medium until it gets worse ("known"), and it is High now',
    );
    const story = { instance: "test", finding, rule, priority: input.priority, at: start, page: undefined };
    expect(plainText(ticketDocument({ ...story, silenceOver: over }))).to.include(
      'Worse than when it was silenced. anna silenced this at Medium until it gets worse: "known". It is High now.',
    );
    const closed = inputOf({
      finding: memory({ follows: undefined }),
      priority: input.priority,
      muting: { ...unmuted, over },
      at: start + hour,
    });
    expect(decide(closed)).to.deep.include({ writePriority: "High", refreshSummary: true });
  });
});

describe("a maintenance window", () => {
  it("is about alerts with its labels, those that their rule holds at one value included, of the rules it names", () => {
    const about = (window: Partial<MaintenanceOn["window"]>) =>
      muted({ windows: [{ ...patching, window: { ...patching.window, ...window } }] }).silenced;
    expect(about({})).to.equal(true);
    expect(about({ where: { environment: ["production"] } })).to.equal(false);
    expect(about({ where: { service: ["cart"] } })).to.equal(true);
    expect(about({ where: { service: ["cart"], team: ["a"] } })).to.equal(false);
    expect(about({ rules: ["err*"] })).to.equal(true);
    expect(about({ rules: ["checkout-*"] })).to.equal(false);
    expect(about({ rules: ["*"], where: {} })).to.equal(true);
  });

  it("and silences together cover a finding, each some of its alerts", () => {
    const alerts = [
      { ruleId: "errors", labels: { service: "cart" } },
      { ruleId: "other", labels: { service: "search" } },
    ];
    const search = { ...timed, untilWorse: false, matchers: { service: "search" } };
    expect(muted({ alerts, windows: [patching] }).silenced).to.equal(false);
    expect(muted({ alerts, silences: [search] }).silenced).to.equal(false);
    const both = muted({ alerts, silences: [search], windows: [patching] });
    expect(both.by).to.deep.equal([
      'anna silenced it until 2026-01-06T10:00:00Z ("known")',
      'the maintenance window patching is on until 2026-01-05T11:00:00Z ("hosts are patched")',
    ]);
    const input = inputOf({ muting: both });
    expect(becauseOf(input, decide(input))).to.equal(both.by.join("; "));
  });

  it("that nothing is said of is none: no alert, no silence", () => {
    expect(muted({ alerts: [], windows: [patching] }).silenced).to.equal(false);
    expect(live(["Medium"])[0]?.by).to.deep.equal([
      'anna silenced it until it is worse than Medium, at the latest until 2026-01-06T10:00:00Z ("known")',
    ]);
  });
});
