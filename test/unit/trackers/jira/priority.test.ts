import { expect } from "chai";
import fc from "fast-check";
import { priorityOf } from "../../../../src/trackers/jira/priority.ts";

const order = ["Highest", "High", "Medium", "Low"] as const;
const mapped = (...names: string[]) =>
  order.map(
    (band) =>
      priorityOf(
        band,
        names.map((name) => ({ name })),
      )?.name,
  );

describe("the priority that a band becomes", () => {
  it("has the band's name where the project has it, in any case", () => {
    expect(mapped("Highest", "High", "Medium", "Low", "Lowest")).to.deep.equal(["Highest", "High", "Medium", "Low"]);
    expect(mapped("highest", "HIGH", "medium", "low")).to.deep.equal(["highest", "HIGH", "medium", "low"]);
  });

  it("has the band's name also where an administrator lists the lowest first", () => {
    expect(mapped("Lowest", "Low", "Medium", "High", "Highest")).to.deep.equal(["Highest", "High", "Medium", "Low"]);
    expect(mapped("Low", "Highest", "Medium", "High")).to.deep.equal(["Highest", "High", "Medium", "Low"]);
  });

  it("goes by the order of the list where names are others", () => {
    expect(mapped("P1", "P2", "P3", "P4", "P5")).to.deep.equal(["P1", "P2", "P3", "P4"]);
    expect(mapped("P1", "P2", "P3", "P4")).to.deep.equal(["P1", "P2", "P3", "P4"]);
    expect(mapped("Critical", "Major", "Minor")).to.deep.equal(["Critical", "Major", "Major", "Minor"]);
    expect(mapped("Urgent", "Normal")).to.deep.equal(["Urgent", "Urgent", "Normal", "Normal"]);
    expect(mapped("Only")).to.deep.equal(["Only", "Only", "Only", "Only"]);
    expect(mapped("Blocker", "High", "Medium", "Low")).to.deep.equal(["Blocker", "High", "Medium", "Low"]);
    expect(mapped()).to.deep.equal([undefined, undefined, undefined, undefined]);
  });

  it("never ranks a lower band above a higher one, whatever a project without all four names calls its priorities", () => {
    const name = fc.oneof(fc.constantFrom(...order, "Lowest", "Blocker"), fc.string());
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 12 }), (names) => {
        fc.pre(!order.every((one) => names.some((name) => name.toLowerCase() === one.toLowerCase())));
        const indexes = mapped(...names).map((one) => names.indexOf(one ?? ""));
        expect(indexes).to.deep.equal([...indexes].sort((a, b) => a - b));
        expect(indexes[0]).to.be.at.least(0);
      }),
    );
  });
});
