import { expect } from "chai";
import { withIdentities } from "../../../src/app/identities.ts";
import type { RuleState } from "../../../src/store/store.ts";
import { buildRule } from "../../support/rules.ts";

const known = (...ids: readonly string[]): ReadonlyMap<string, RuleState> =>
  new Map(
    ids.map((id) => [
      id,
      { ruleId: id, identity: id, watermark: 0, failingSince: undefined, lastFailure: undefined, shape: "s" },
    ]),
  );

describe("identities", () => {
  const renamed = buildRule({ id: "third", formerly: ["first", "second"] });

  it("give a renamed rule the id under which the store knows it, whichever of its names that is", () => {
    for (const name of ["first", "second"]) {
      expect(withIdentities([renamed], known(name))[0]).to.include({ id: "third", identity: name, problem: name });
    }
  });

  it("leave a rule as it is that the store knows by its own name, or not at all", () => {
    expect(withIdentities([renamed], known("first", "third"))[0]).to.equal(renamed);
    expect(withIdentities([renamed], known())[0]).to.equal(renamed);
  });

  it("leave a problem of its own name as it was written", () => {
    const shared = { ...renamed, problem: "checkout-down" };
    expect(withIdentities([shared], known("first"))[0]).to.include({ identity: "first", problem: "checkout-down" });
  });
});
