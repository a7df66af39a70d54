import { expect } from "chai";
import { createRandom, logMessages, PatternWatch, patternRule } from "../../../support/log-stream.ts";

const most = 500;
const perTick = 10_000;

async function watch(
  count: number,
  randomEvery: number,
): Promise<{ watch: PatternWatch; notEvaluated: number; full: number }> {
  const random = createRandom(17);
  const watched = new PatternWatch(patternRule(most));
  await watched.tick([...logMessages(1_000, 0, random)]);
  const messages = logMessages(count, randomEvery, random);
  let notEvaluated = 0;
  let full = 0;
  for (let done = 0; done < count; done += perTick) {
    const said: string[] = [];
    for (let next = messages.next(); next.done !== true; next = messages.next()) {
      said.push(next.value);
      if (said.length === perTick) break;
    }
    const judgement = await watched.tick(said);
    expect(judgement.failure).to.equal(undefined);
    notEvaluated += judgement.notEvaluated;
    full += judgement.learned?.fullSince === undefined ? 0 : 1;
    expect(watched.patterns.size).to.be.at.most(most);
  }
  return { watch: watched, notEvaluated, full };
}

describe("patterns of a hundred thousand messages", () => {
  it("are those of what is said, each once, where nothing is random", async () => {
    const { watch: watched, notEvaluated, full } = await watch(100_000, 0);
    expect([notEvaluated, full]).to.deep.equal([0, 0]);
    expect(watched.patterns.size).to.be.within(21, 60);
    const shapes = [...watched.patterns.values()];
    expect(shapes).to.include("payment <num> refused for <*> insufficient funds");
    expect(shapes).to.include("user <*> logged in from <ip>");
  });

  it("stay within the limit, and what finds no room is counted and told, where ten thousand are random", async () => {
    const calm = (await watch(20_000, 0)).watch.patterns;
    const { watch: watched, notEvaluated, full } = await watch(100_000, 10);
    expect(watched.patterns.size).to.equal(most);
    expect(notEvaluated).to.be.within(8_000, 10_000);
    expect(full).to.be.at.least(9);
    for (const id of calm.keys()) expect(watched.patterns.has(id)).to.equal(true);
  });

  it("are not learned of messages that are random from the first", async () => {
    const watched = new PatternWatch(patternRule(most));
    const { failure } = await watched.tick([...logMessages(10_000, 2, createRandom(17))]);
    expect(failure?.code).to.equal("too_many_groups");
    expect(watched.patterns.size).to.equal(0);
  });
});
