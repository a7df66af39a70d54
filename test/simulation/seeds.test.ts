import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { changed, compiledScript } from "../support/compiled-script.ts";
import { defects } from "../support/simulation/seeded/defects.ts";
import { batchScript } from "../support/simulation/seeded/find-defect.ts";
import { generatePlan } from "../support/simulation/seeded/generate.ts";
import { runPlan } from "../support/simulation/seeded/run-plan.ts";
import { runSeeds } from "../support/simulation/seeded/seed-runner.ts";
import { Tally } from "../support/simulation/seeded/tally.ts";

/** As many as fit the time of one run of all tests; `npm run simulate` runs as many as are asked for. */
const seeds = Number(process.env["SIMULATION_SEEDS"] ?? 500);

describe("the program among faults from a seed", function () {
  this.timeout(3_600_000);

  it("does the same in the same order when the seed is the same", async () => {
    for (const seed of [1, 2, 3]) {
      const [first, second] = [await runPlan(generatePlan(seed)), await runPlan(generatePlan(seed))];
      expect(second.hash, `trace of seed ${seed}`).to.equal(first.hash);
    }
  });

  it("holds in the seeds beyond these that once broke something", async () => {
    for (const seed of [
      780, 914, 1_080, 1_429, 1_543, 1_718, 2_521, 3_124, 5_496, 7_668, 8_367, 8_706, 9_168, 9_315, 11_293, 12_588,
      13_067, 14_029, 15_091, 15_270, 15_798, 15_814, 16_230, 18_966, 19_019,
    ]) {
      const { broken } = await runPlan(generatePlan(seed));
      expect(broken, `npm run simulate -- --seed ${seed}`).to.deep.equal([]);
    }
  });

  it("keeps its invariants", async () => {
    const script = await compiledScript(batchScript);
    const broken = await runSeeds({ from: 0, seeds, processes: 2, script });
    expect(
      broken.map(({ outcome }) => `npm run simulate -- --seed ${outcome.seed}: ${outcome.broken[0]}`),
    ).to.deep.equal([]);
  });
});

describe("what many seeds came to", () => {
  it("names the faults that no run injected, and the decisions that no run reached", () => {
    const tally = new Tally();
    expect(tally.neverInjected()).to.include.members(["kill", "person close", "jira lostAnswer", "webhook late"]);
    expect(tally.neverReached()).to.include.members(["new_finding", "verified", "pending"]);
    tally.add({ counts: { "fault:kill": 2, "outcome:none:pending": 3, "decision:comment:verified": 1 } });
    tally.add({ counts: { "fault:kill": 1, "fault:person close": 1 } });
    expect(tally.neverInjected()).to.not.include.members(["kill"]).and.not.include.members(["person close"]);
    expect(tally.neverReached()).to.include("new_finding").and.not.include("verified").and.not.include("pending");
    expect(tally.lines()).to.include("        3  fault  kill");
  });
});

describe("the seeded defects", () => {
  for (const { name, says, changes } of defects) {
    it(`${name} has its place in the sources: ${says}`, () => {
      for (const change of changes) {
        const source = readFileSync(fileURLToPath(new URL(`../../${change.file}`, import.meta.url)), "utf8");
        expect(changed(source, change)).to.not.equal(source);
      }
    });
  }
});
