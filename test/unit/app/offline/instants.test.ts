import { expect } from "chai";
import { instantsBetween } from "../../../../src/app/offline/instants.ts";
import { buildRule } from "../../../support/rules.ts";

const at = (text: string) => Date.parse(`2026-01-05T${text}:00Z`);

describe("the instants of a replay", () => {
  it("are all ticks of the rules' schedules with both ends, each once, with the schedules that are due", () => {
    const every = (id: string, cron: string) => buildRule({ id, schedule: { cron, timezone: "UTC" } });
    const rules = [every("a", "*/10 * * * *"), every("b", "*/10 * * * *"), every("c", "20 * * * *")];
    expect(instantsBetween(rules, at("10:00"), at("10:30"))).to.deep.equal([
      { at: at("10:00"), schedules: ["*/10 * * * *"] },
      { at: at("10:10"), schedules: ["*/10 * * * *"] },
      { at: at("10:20"), schedules: ["*/10 * * * *", "20 * * * *"] },
      { at: at("10:30"), schedules: ["*/10 * * * *"] },
    ]);
  });

  it("go on over more days than one list of ticks has room for", () => {
    const days = 20;
    const instants = instantsBetween([buildRule()], at("00:00"), at("00:00") + days * 86_400_000);
    expect(instants).to.have.length(days * 1_440 + 1);
    expect(new Set(instants.map((instant) => instant.at)).size).to.equal(instants.length);
  });

  it("are refused beyond a year of minutes", () => {
    expect(() => instantsBetween([buildRule()], at("00:00"), at("00:00") + 400 * 86_400_000)).to.throw(/shorter/);
  });
});
