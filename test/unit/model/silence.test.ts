import { expect } from "chai";
import { areSilenced, isActive, type Silence, silenceEnd } from "../../../src/model/silence.ts";

function silence(overrides: Partial<Silence> = {}): Silence {
  return {
    id: "1",
    matchers: { "service.name": "checkout" },
    ruleId: undefined,
    author: "anna",
    reason: "planned work",
    startsAt: 1_000,
    endsAt: 2_000,
    createdAt: 1_000,
    endedAt: undefined,
    ...overrides,
  };
}

const alert = (labels: Record<string, string>, ruleId = "errors") => ({ ruleId, labels });
const checkout = alert({ "service.name": "checkout", region: "eu" });

describe("a silence", () => {
  it("matches an alert that has all of its labels with exactly its values", () => {
    const cases: readonly [Record<string, string>, boolean][] = [
      [{ "service.name": "checkout" }, true],
      [{ "service.name": "checkout", region: "eu" }, true],
      [{ "service.name": "checkout", region: "us" }, false],
      [{ "service.name": "check" }, false],
      [{ "service.name": "Checkout" }, false],
      [{ "service.name": ".*" }, false],
      [{ "service.name": "checkout", host: "a" }, false],
      [{ constructor: "" }, false],
    ];
    for (const [matchers, expected] of cases) {
      expect(areSilenced([checkout], [silence({ matchers })]), JSON.stringify(matchers)).to.equal(expected);
    }
  });

  it("with a rule matches that rule's alerts only, and all of them when it names no label", () => {
    const ofRule = silence({ matchers: {}, ruleId: "errors" });
    expect(areSilenced([checkout, alert({})], [ofRule])).to.equal(true);
    expect(areSilenced([alert({}, "latency")], [ofRule])).to.equal(false);
    expect(areSilenced([alert({ "service.name": "cart" })], [silence({ ruleId: "errors" })])).to.equal(false);
  });

  it("outlives the renaming of its rule", () => {
    const renamed = { ...alert({}, "checkout-errors"), ruleIdentity: "errors" };
    expect(areSilenced([renamed], [silence({ matchers: {}, ruleId: "errors" })])).to.equal(true);
    expect(areSilenced([renamed], [silence({ matchers: {}, ruleId: "checkout-errors" })])).to.equal(true);
  });

  it("that names neither rule nor label matches nothing", () => {
    expect(areSilenced([checkout], [silence({ matchers: {} })])).to.equal(false);
  });

  it("leaves a group of alerts alone unless each of them is matched, by it or another", () => {
    const cart = alert({ "service.name": "cart" });
    expect(areSilenced([checkout, cart], [silence()])).to.equal(false);
    const other = silence({ id: "2", matchers: { "service.name": "cart" } });
    expect(areSilenced([checkout, cart], [silence(), other])).to.equal(true);
    expect(areSilenced([], [silence()])).to.equal(false);
    expect(areSilenced([checkout], [])).to.equal(false);
  });

  it("holds from its start to just before its end, or the earlier one that an operator gave it", () => {
    expect([999, 1_000, 1_999, 2_000].map((at) => isActive(silence(), at))).to.deep.equal([false, true, true, false]);
    const ended = silence({ endedAt: 1_500 });
    expect([1_499, 1_500].map((at) => isActive(ended, at))).to.deep.equal([true, false]);
    expect([silenceEnd(silence()), silenceEnd(ended), silenceEnd(silence({ endedAt: 3_000 }))]).to.deep.equal([
      2_000, 1_500, 2_000,
    ]);
  });
});
