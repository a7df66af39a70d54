import { expect } from "chai";
import fc from "fast-check";
import type { Alert } from "../../../src/model/alert.ts";
import type { Inhibition, Rule } from "../../../src/model/rule.ts";
import { withoutRings } from "../../../src/rules/rings.ts";
import { Inhibitions, rootsOf } from "../../../src/triage/inhibition.ts";
import { buildAlert, minute, start } from "../../support/alerts.ts";
import { buildRule } from "../../support/rules.ts";

const anything: Inhibition = { rules: ["*"], where: {}, equal: [] };
const cause = (inhibition: Partial<Inhibition> = {}, overrides: Parameters<typeof buildRule>[0] = {}) =>
  buildRule({ id: "cause", inhibits: [{ ...anything, ...inhibition }], ...overrides });
const effect = buildRule({ id: "effect", signal: { by: ["service", "tier"] } });

function among(rules: readonly Rule[], alerts: readonly Alert[]) {
  const inhibitions = new Inhibitions({ alerts, ruleOf: (id) => rules.find((rule) => rule.id === id) });
  return (alert: Alert, mayExplain: (key: string) => boolean = () => true) =>
    inhibitions.explainersOf(alert.groupKey, inhibitions.alertsOf(alert.groupKey), mayExplain);
}

describe("what explains what", () => {
  const labels = { service: "cart", tier: "web" };
  const target = buildAlert(effect, { labels });

  function explains(rule: Rule, source: Partial<Alert> = {}, of: Alert = target): boolean {
    const alert = buildAlert(rule, source);
    return among([rule, effect], [alert, of])(of).includes(alert.groupKey);
  }

  it("is an alert that fires or recovers, of a rule that names the other's", () => {
    expect(explains(cause())).to.equal(true);
    expect(explains(cause(), { state: "recovering" })).to.equal(true);
    expect(explains(cause(), { state: "pending" })).to.equal(false);
    expect(explains(cause({ rules: ["eff*"] }))).to.equal(true);
    expect(explains(cause({ rules: ["other", "effects"] }))).to.equal(false);
    expect(explains(buildRule({ id: "cause" }))).to.equal(false);
  });

  it("goes by the other's labels, and by what its rule holds at one value", () => {
    expect(explains(cause({ where: { tier: ["api", "web"] } }))).to.equal(true);
    expect(explains(cause({ where: { tier: ["api"] } }))).to.equal(false);
    expect(explains(cause({ where: { environment: ["production"] } }))).to.equal(false);
    const where = { environment: ["production"], team: ["a", "b"] };
    const fixed = buildRule({ id: "effect", signal: { by: ["service"], where } });
    const alert = buildAlert(fixed, { labels: { service: "cart" } });
    const by = (wanted: Record<string, string[]>) => {
      const rule = cause({ where: wanted });
      return among([rule, fixed], [buildAlert(rule), alert])(alert).length;
    };
    expect([by({ environment: ["production"] }), by({ team: ["a"] })]).to.deep.equal([1, 0]);
  });

  it("holds where labels are equal on both sides; what is missing equals nothing", () => {
    const equal = ["service"];
    const byService = (service: string) =>
      explains(cause({ equal }, { signal: { by: equal } }), { labels: { service } });
    expect([byService("cart"), byService("search")]).to.deep.equal([true, false]);
    expect(explains(cause({ equal }))).to.equal(false);
    expect(explains(cause({ equal: ["region"] }))).to.equal(false);
    expect(explains(cause({ equal }, { signal: { where: { service: ["cart"] } } }))).to.equal(true);
  });

  it("is never the finding itself, although its other rules explain more", () => {
    const rule = cause({}, { problem: "outage", signal: { by: [] } });
    const other = buildRule({ id: "effect", problem: "outage" });
    const [source, same] = [buildAlert(rule), buildAlert(other)];
    expect(source.groupKey).to.equal(same.groupKey);
    expect(among([rule, other], [source, same])(same)).to.deep.equal([]);
  });

  it("is the one that lasts longest of those that may, and asks for each alert of the other", () => {
    const rule = cause({ equal: ["tier"] }, { signal: { by: ["tier", "zone"] } });
    const at = (zone: string, startedAt: number, tier = "web") =>
      buildAlert(rule, { labels: { tier, zone }, episode: { ...target.episode, startedAt } });
    const [late, early] = [at("a", start), at("b", start - minute)];
    const other = buildAlert({ ...effect, group: [] }, { labels: { service: "search", tier: "api" } });
    const ask = among([rule, effect], [late, early, target]);
    expect(ask(target)).to.deep.equal([early.groupKey]);
    expect(ask(target, (key) => key !== early.groupKey)).to.deep.equal([late.groupKey]);
    const together = { ...target, groupKey: other.groupKey };
    expect(among([rule, effect], [late, together, other])(other)).to.deep.equal([]);
    expect(among([rule, effect], [late, together, { ...other, state: "recovering" }])(other)).to.deep.equal([
      late.groupKey,
    ]);
    const api = at("c", start, "api");
    expect(among([rule, effect], [late, together, other, api])(other)).to.have.members([late.groupKey, api.groupKey]);
  });

  it("follows chains to their first cause, and what comes back to itself is explained by nothing", () => {
    const roots = rootsOf(
      new Map([
        ["c", ["b"]],
        ["b", ["a"]],
        ["x", ["y"]],
        ["y", ["x"]],
        ["z", ["x"]],
      ]),
    );
    expect([...roots]).to.deep.equal([
      ["c", "a"],
      ["b", "a"],
    ]);
  });

  it("never hides everything: of findings that fire, one at least is explained by nothing", () => {
    const ids = ["a", "b", "c", "d"];
    const inhibits = fc.array(
      fc.record({
        rules: fc.array(fc.constantFrom(...ids, "*"), { minLength: 1, maxLength: 2 }),
        where: fc.constantFrom<Inhibition["where"]>({}, { service: ["one"] }),
        equal: fc.constantFrom<readonly string[]>([], ["service"]),
      }),
      { maxLength: 2 },
    );
    const problem = fc.constantFrom("a", "b", "c", "d", "shared");
    const rules = fc.tuple(...ids.map((id) => fc.record({ id: fc.constant(id), inhibits, problem })));
    const firing = fc.array(
      fc.record({ rule: fc.nat(3), service: fc.constantFrom("one", "two"), recovering: fc.boolean() }),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(rules, firing, (drawn, given) => {
        const all = withoutRings(drawn.map((each) => buildRule({ ...each, signal: { by: ["service"] } })));
        const alerts = given.map(({ rule, service, recovering }) =>
          buildAlert(all[rule] as Rule, { labels: { service }, state: recovering ? "recovering" : "firing" }),
        );
        const inhibitions = new Inhibitions({ alerts, ruleOf: (id) => all.find((rule) => rule.id === id) });
        const direct = new Map(
          inhibitions.groupKeys.flatMap((key) => {
            const found = inhibitions.explainersOf(key, inhibitions.alertsOf(key), () => true);
            return found.length === 0 ? [] : [[key, found] as const];
          }),
        );
        const roots = rootsOf(direct);
        for (const [key, root] of roots) {
          expect(root).to.not.equal(key);
          expect(roots.has(root) || direct.has(root)).to.equal(false);
        }
        expect(roots.size).to.be.lessThan(inhibitions.groupKeys.length);
      }),
    );
  });
});
