import { expect } from "chai";
import { startOrSkip } from "../support/services/service-missing.ts";
import { type LabelledSeries, readLabelledSeries } from "./nab.ts";
import { detectors, type FiledTicket, fileTickets, qualityRules } from "./run-quality.ts";
import { scoreSeries, sumQuality } from "./score.ts";

/** Two weeks each: seconds. The others take a minute, and are `npm run quality`. */
const isShort = ({ name }: LabelledSeries) =>
  name.startsWith("realAWSCloudwatch/") ||
  name.startsWith("realKnownCause/rogue") ||
  name.includes("ec2_request_latency");

describe("detection quality on labelled series", () => {
  let series: readonly LabelledSeries[];
  let tickets: readonly FiledTicket[];

  before(async function () {
    series = (await startOrSkip(this, readLabelledSeries)).filter(isShort);
    tickets = await fileTickets(series, ["baseline"]);
  });

  // Better is welcome: then these figures, and those in docs/quality.md, move.
  it("is what it was: five of 37 windows are found, with four false tickets and none twice", () => {
    const { windows, found, falseTickets, repeated } = sumQuality(
      series.map((each) => scoreSeries(each, "baseline", tickets)),
    );
    expect({ series: series.length, windows, found, falseTickets, repeated }).to.deep.equal({
      series: 20,
      windows: 37,
      found: 5,
      falseTickets: 4,
      repeated: 0,
    });
  });

  it("is of the defaults, with the same hold and the same calm for every detector", () => {
    const rules = qualityRules(300_000);
    expect(rules.map(({ id }) => id)).to.deep.equal([...detectors]);
    for (const { limits } of rules) {
      expect([limits.when.forMs, limits.until]).to.deep.equal([2 * 3_600_000, { forMs: 24 * 3_600_000 }]);
    }
    expect(rules[0]?.limits.when).to.deep.include({
      form: "baseline",
      historyMs: 28 * 86_400_000,
      season: "week",
      deviations: 6,
      direction: "both",
      minChange: 0.1,
    });
  });
});
