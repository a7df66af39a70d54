import { expect } from "chai";
import { compareReplays } from "../../../../src/app/replay/compare-replays.ts";
import { replayTicket } from "./replay-tickets.ts";

describe("two replays beside each other", () => {
  it("tell tickets gained, lost, of another band and at another time, by finding and generation", () => {
    const same = replayTicket({ finding: "same" });
    const lost = replayTicket({ finding: "lost" });
    const second = replayTicket({ finding: "same", generation: 2 });
    const lower = replayTicket({ finding: "band", band: "High" });
    const early = replayTicket({ finding: "time", openedAt: 1 });
    const before = [same, lost, lower, early];
    const after = [
      { ...same, summary: "other words" },
      second,
      { ...lower, band: "Low" as const, openedAt: 5 },
      { ...early, openedAt: 2 },
    ];
    const { gained, lost: gone, otherBand, otherTime, same: kept } = compareReplays(before, after);
    expect(gained).to.deep.equal([second]);
    expect(gone).to.deep.equal([lost]);
    expect(otherBand.map(({ before: one, from, to }) => [one.finding, from, to])).to.deep.equal([
      ["band", "High", "Low"],
    ]);
    expect(otherTime.map(({ before: one, after: other }) => [one.openedAt, other.openedAt])).to.deep.equal([[1, 2]]);
    expect(kept).to.equal(1);
  });
});
