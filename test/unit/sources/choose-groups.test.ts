import { expect } from "chai";
import { chooseGroups } from "../../../src/sources/choose-groups.ts";

describe("chooseGroups", () => {
  const group = (name: string, events: number, badEvents?: number) => ({
    labels: { name },
    value: 1,
    events,
    ...(badEvents === undefined ? {} : { badEvents }),
  });
  const names = (chosen: ReturnType<typeof chooseGroups>) => chosen.observations.map(({ labels }) => labels["name"]);

  it("answers all when there are few enough, in the order given", () => {
    const observations = [group("small", 1), group("large", 9)];
    expect(chooseGroups({ observations, mustAnswer: [], maxGroups: 2 })).to.deep.equal({
      observations,
      notAnswered: 0,
    });
  });

  it("takes the largest, of equal ones the first by label", () => {
    const observations = [group("b", 5), group("c", 9), group("a", 5)];
    const chosen = chooseGroups({ observations, mustAnswer: [], maxGroups: 2 });
    expect(names(chosen)).to.deep.equal(["c", "a"]);
    expect(chosen.notAnswered).to.equal(1);
  });

  it("takes the most bad of a ratio, however small", () => {
    const observations = [group("large", 900, 1), group("bad", 10, 9), group("good", 5_000, 0)];
    expect(names(chooseGroups({ observations, mustAnswer: [], maxGroups: 2 }))).to.deep.equal(["bad", "large"]);
  });

  it("takes what must be answered first, all of it even beyond the limit", () => {
    const observations = [group("a", 1), group("b", 2), group("c", 9)];
    const mustAnswer = [{ name: "a" }, { name: "b" }, { name: "absent" }];
    expect(names(chooseGroups({ observations, mustAnswer, maxGroups: 1 }))).to.deep.equal(["b", "a"]);
  });
});
