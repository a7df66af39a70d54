import { expect } from "chai";
import { type Knob, knobsOf } from "../../../../src/app/suggest/knobs.ts";
import type { When } from "../../../../src/model/rule.ts";
import { buildRule } from "../../../support/rules.ts";

const modifiers = { forMs: 0, minEvents: 0, minBadEvents: 0 };
const ruleOf = (when: When, until = {}) => buildRule({ limits: { when, until: { forMs: 600_000, ...until } } });

function knobs(when: When, until = {}): readonly Knob[] {
  const found = knobsOf(ruleOf(when, until));
  if ("refused" in found) throw new Error(found.refused);
  return found;
}

describe("what of a rule can be turned", () => {
  it("is each limit of a threshold by itself, with `until` in proportion", () => {
    const [above, below, ...others] = knobs({ form: "threshold", above: 10, below: 2, ...modifiers }, { below: 5 });
    expect(others).to.deep.equal([]);
    expect([above?.name, above?.current, below?.name, below?.current]).to.deep.equal(["above", 10, "below", 2]);
    expect(above?.withLimit(30).limits).to.deep.include({
      when: { form: "threshold", above: 30, ...modifiers },
      until: { forMs: 600_000, below: 15 },
    });
    expect(below?.withLimit(1).limits.when).to.deep.equal({ form: "threshold", below: 1, ...modifiers });
    for (const knob of [above, below]) expect(knob?.limitOf(knob.badness(7, undefined) ?? 0)).to.equal(7);
    expect((below?.badness(1, undefined) ?? 0) > (below?.badness(3, undefined) ?? 0)).to.equal(true);
  });

  it("is the factor of a change up and the share of a change down, of what there is a reference for", () => {
    const [up, down] = knobs({ form: "change", versus: "previous", up: 3, down: 0.5, floor: 0, ...modifiers });
    expect(up?.badness(40, 10)).to.equal(4);
    expect(up?.badness(40, 0)).to.equal(undefined);
    expect(up?.badness(40, undefined)).to.equal(undefined);
    expect(down?.badness(1, 4)).to.equal(0.75);
    expect(down?.withLimit(0.75).limits.when).to.not.have.property("up");
    expect(down?.withLimit(0.75).limits.when).to.include({
      form: "change",
      versus: "previous",
      down: 0.75,
      floor: 0,
      ...modifiers,
    });
  });

  it("has three digits, never more sensitive than what was found", () => {
    const [above, below] = knobs({ form: "threshold", above: 1, below: 1, ...modifiers });
    for (const [limit, up, down] of [
      [0.123_41, 0.124, 0.123],
      [1_234.5, 1_240, 1_230],
      [0.3, 0.3, 0.3],
      [-5.678, -5.67, -5.68],
      [42, 42, 42],
      [0, 0, 0],
    ] as const) {
      expect(above?.rounded(limit), `${limit} up`).to.equal(up);
      expect(below?.rounded(limit), `${limit} down`).to.equal(down);
    }
    expect(knobs({ form: "change", versus: 1, down: 0.5, floor: 0, ...modifiers })[0]?.rounded(0.999_9)).to.equal(1);
  });

  it("is nothing in forms without such a limit, which say what to do instead", () => {
    const refused = (when: When) => knobsOf(ruleOf(when));
    expect(refused({ form: "absent", knownForMs: 1, ...modifiers }))
      .to.have.property("refused")
      .that.includes("replay");
    const burn = { form: "burn", objective: 0.999, periodMs: 1, tiers: [], ...modifiers } as const;
    expect(refused(burn)).to.have.property("refused").that.includes("objective");
    const of = { kind: "value", field: "error.type" } as const;
    expect(refused({ form: "new", of, learnedFromMs: 1, settleMs: 1, ...modifiers }))
      .to.have.property("refused")
      .that.includes("--try");
  });
});
