import { expect } from "chai";
import fc from "fast-check";
import { type Deploy, mergeDeploys, serviceKey } from "../../../src/model/deploy.ts";
import { buildDeploy } from "../../support/deploys.ts";

const queued = buildDeploy({ key: "k", outcome: "started", startedAt: 1, at: 1 });
const begun = buildDeploy({ key: "k", outcome: "started", startedAt: 5, at: 5 });
const succeeded = buildDeploy({ key: "k", at: 9, outcome: "succeeded" });
const failed = buildDeploy({ key: "k", at: 7, outcome: "failed" });

describe("what is told of one deploy", () => {
  it("gives its begin and its end, in whichever order it comes and however often", () => {
    const told = fc.shuffledSubarray([queued, begun, succeeded, failed, succeeded, begun], { minLength: 6 });
    fc.assert(
      fc.property(told, ([first, ...others]) => {
        const { startedAt, at, outcome } = others.reduce<Deploy>(mergeDeploys, first!);
        expect({ startedAt, at, outcome }).to.deep.equal({ startedAt: 5, at: 9, outcome: "succeeded" });
      }),
    );
  });

  it("is the same object when nothing is new", () => {
    const known = mergeDeploys(begun, succeeded);
    expect(mergeDeploys(known, succeeded)).to.equal(known);
    expect(mergeDeploys(known, queued)).to.equal(known);
  });

  it("is under way from its begin as long as nobody says how it ended", () => {
    expect(mergeDeploys(queued, begun)).to.include({ startedAt: 5, at: 5, outcome: "started" });
  });
});

describe("the name of a service", () => {
  it("is compared without case and outer blanks", () => {
    expect(serviceKey(" Checkout-API ")).to.equal("checkout-api");
  });
});
