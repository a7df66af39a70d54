import { expect } from "chai";
import { defects } from "../support/simulation/seeded/defects.ts";
import { findDefect } from "../support/simulation/seeded/find-defect.ts";

/**
 * From the seed that was seen to show a defect on: the first of them, as long as neither the generator nor the program moved
 * much; `npm run simulate -- --defects` tells which seed it is by now.
 */
const mostSeeds = 60;

describe("a defect put into the program", function () {
  this.timeout(3_600_000);

  for (const defect of defects) {
    it(`is shown: ${defect.says} (${defect.name})`, async () => {
      const found = await findDefect({ defect, from: defect.shownBy, seeds: mostSeeds, processes: 2 });
      expect(found?.broken, `no seed of ${defect.shownBy} to ${defect.shownBy + mostSeeds - 1} shows it`).to.not.equal(
        undefined,
      );
    });
  }
});
