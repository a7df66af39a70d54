import { expect } from "chai";
import fc from "fast-check";
import type { Finding } from "../../../src/model/finding.ts";
import { type Band, bands } from "../../../src/model/priority.ts";
import type { Storm, StormMembership } from "../../../src/model/storm.ts";
import { judgeStorm, type RecentWish, type StormAnswer, type Wish } from "../../../src/triage/storm.ts";
import { hour, minute, start } from "../../support/alerts.ts";
import { buildFinding } from "../../support/findings.ts";
import { buildRule } from "../../support/rules.ts";

const fresh = buildFinding(buildRule());
const at = start + 20 * minute;

interface Drawn {
  readonly score?: number;
  readonly band?: Band;
  readonly since?: number;
  readonly wishedAt?: number | undefined;
  readonly storm?: StormMembership;
}

function wish(id: string, { score = 40, band = "Medium", since = start, wishedAt, storm }: Drawn = {}): Wish {
  const episode: Finding["episode"] = { ...fresh.episode, startedAt: since };
  return { finding: { id, episode, memory: { ...fresh.memory, wishedAt, storm } }, score, band };
}

function wishes(count: number, drawn: Drawn = {}): readonly Wish[] {
  return Array.from({ length: count }, (_, n) => wish(`w-${String(n).padStart(4, "0")}`, { score: n % 100, ...drawn }));
}

function others(count: number, score = 40, isOpen = true): readonly RecentWish[] {
  return Array.from({ length: count }, (_, n) => ({ id: `o-${n}`, score, band: "Medium", isOpen }));
}

function judge(given: Partial<Parameters<typeof judgeStorm>[0]>): StormAnswer {
  const parentOf = (id: string) => ({ id: `parent of ${id}`, groupKey: `key of ${id}` });
  return judgeStorm({ at, limit: 20, wishes: [], recent: [], storm: undefined, worst: [], parentOf, ...given });
}

const open = (children: readonly string[] = []): Storm => ({
  id: "2026-01-05T10:10:00Z",
  parentId: "parent",
  parentGroupKey: "key",
  openedAt: start + 10 * minute,
  takesUntil: start + 70 * minute,
  children,
  endedAt: undefined,
});

const member = (more: Partial<StormMembership> = {}): StormMembership => ({
  id: open().id,
  parentId: "parent",
  joinedAt: start + 10 * minute,
  until: start + 70 * minute,
  band: "Medium",
  child: false,
  ...more,
});

const childrenOf = ({ seats }: StormAnswer) => [...seats].filter(([, { child }]) => child).map(([id]) => id);

describe("a storm", () => {
  it("gives its tickets to those with the most bad events where scores are equal", () => {
    const bad = (count: number): Wish => {
      const one = wish(`w-${String(count).padStart(4, "0")}`);
      const episode = { ...one.finding.episode, sums: { bad: count, total: count } };
      return { ...one, finding: { ...one.finding, episode } };
    };
    const answer = judge({ wishes: Array.from({ length: 30 }, (_, index) => bad(index)) });
    expect(childrenOf(answer).sort()).to.deep.equal(["w-0025", "w-0026", "w-0027", "w-0028", "w-0029"]);
  });

  it("opens with more than the limit, those of other schedules included, and not with as many", () => {
    expect(judge({ wishes: wishes(20) }).storm).to.equal(undefined);
    expect(judge({ wishes: wishes(12), recent: others(8) }).storm).to.equal(undefined);
    const opened = judge({ wishes: wishes(12), recent: others(9) });
    expect(opened.storm).to.include({ id: "2026-01-05T10:20:00Z", openedAt: at, takesUntil: at + hour });
    expect([opened.seats.size, opened.joined.size]).to.deep.equal([12, 9]);
  });

  it("counts what is over when it opens, and neither lists it nor gives it a place among the worst", () => {
    const opened = judge({ wishes: wishes(12), recent: others(9, 99, false) });
    expect(opened.storm).to.not.equal(undefined);
    expect([opened.seats.size, opened.joined.size, childrenOf(opened).length]).to.deep.equal([12, 0, 5]);
  });

  it("counts what has waited for a cap for ten minutes no more, and leaves it to its turn", () => {
    const waiting = wish("waiting", { wishedAt: at - 10 * minute });
    expect(judge({ wishes: [...wishes(20), waiting] }).storm).to.equal(undefined);
    expect(judge({ wishes: [...wishes(21), waiting] }).seats.has("waiting")).to.equal(false);
    const lately = wish("lately", { wishedAt: at - 10 * minute + 1 });
    expect(judge({ wishes: [...wishes(20), lately] }).storm).to.not.equal(undefined);
  });

  it("gives tickets of their own to the five worst of all that are in it", () => {
    const answer = judge({ wishes: wishes(30) });
    expect(childrenOf(answer).sort()).to.deep.equal(["w-0025", "w-0026", "w-0027", "w-0028", "w-0029"]);
    // Three that have tickets from before are among the worst.
    expect(childrenOf(judge({ wishes: wishes(30), recent: others(3, 99) }))).to.deep.equal(["w-0028", "w-0029"]);
    // Of equals, who is there goes first.
    expect(childrenOf(judge({ wishes: wishes(12, { score: 40 }), recent: others(12) }))).to.deep.equal([]);
  });

  it("gives one that became Highest a ticket while there are not five, however many score higher", () => {
    const risen = wish("risen", { score: 30, band: "Highest", storm: member() });
    const answer = judge({ wishes: [risen], storm: open(["a", "b"]), worst: others(9, 60) });
    expect(childrenOf(answer)).to.deep.equal(["risen"]);
    expect(answer.storm?.children).to.deep.equal(["a", "b", "risen"]);
    const full = judge({ wishes: [risen], storm: open(["a", "b", "c", "d", "e"]), worst: others(9, 60) });
    expect([childrenOf(full), full.storm]).to.deep.equal([[], undefined]);
    expect(full.seats.get("risen")?.band).to.equal("Highest");
  });

  it("goes on with the same children when the tick that opened it is judged again after a kill", () => {
    const first = judge({ wishes: wishes(30) });
    const again = judge({ wishes: wishes(30), storm: first.storm });
    expect(childrenOf(again).sort()).to.deep.equal(childrenOf(first).sort());
    expect(again.storm).to.equal(undefined);
  });

  it("keeps what is on its list after its hour, but for what becomes Highest then, and what comes back", () => {
    const after = start + 71 * minute;
    const seatOf = (drawn: Drawn) => judge({ at: after, wishes: [wish("one", drawn)] }).seats.get("one");
    expect(seatOf({ storm: member() })).to.deep.equal(member());
    expect(seatOf({ band: "High", storm: member() })).to.deep.equal(member());
    expect(seatOf({ band: "Highest", storm: member() })).to.equal(undefined);
    expect(seatOf({ band: "Highest", storm: member({ band: "Highest" }) })?.child).to.equal(false);
    expect(seatOf({ since: start + 30 * minute, storm: member() })).to.equal(undefined);
    expect(seatOf({ storm: member({ child: true }) })?.child).to.equal(true);
  });

  it("is followed by another when more than the limit leave its list at once", () => {
    const after = start + 71 * minute;
    const risen = wishes(21, { band: "Highest", storm: member(), wishedAt: start + 10 * minute });
    const answer = judge({ at: after, wishes: risen });
    expect(answer.storm?.id).to.equal("2026-01-05T11:11:00Z");
    expect(childrenOf(answer)).to.have.length(5);
  });

  const drawnWish = fc.record({
    score: fc.nat(100),
    band: fc.constantFrom(...bands.slice(1)),
    age: fc.nat(15),
    kind: fc.constantFrom("new" as const, "waiting" as const, "listed" as const),
  });

  it("never gives more than five tickets, has one parent, and loses none of its findings", () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(drawnWish, { maxLength: 40 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 30 }),
        (ticks, limit) => {
          let storm: Storm | undefined;
          const parents = new Set<string>();
          const children = new Set<string>();
          const told = new Map<string, number>();
          for (const [position, drawn] of ticks.entries()) {
            const now = at + position * minute;
            const asked = drawn.map(({ score, band, age, kind }, n) =>
              wish(`t${position}-${n}`, {
                score,
                band,
                wishedAt: kind === "waiting" ? now - age * minute : undefined,
                ...(kind === "listed" && storm !== undefined
                  ? {
                      storm: member({ id: storm.id, parentId: storm.parentId, joinedAt: now, until: storm.takesUntil }),
                    }
                  : {}),
              }),
            );
            const worst = [...told].map(([id, score]) => ({ id, score, band: "Medium" as const }));
            const answer = judge({ at: now, limit, wishes: asked, storm, worst });
            storm = answer.storm ?? storm;
            for (const { finding, score } of asked) {
              const seat = answer.seats.get(finding.id);
              if (seat === undefined) {
                // Judged as ever: there is no storm, or it had waited before that.
                const { wishedAt = now } = finding.memory;
                expect(storm === undefined || wishedAt <= now - 10 * minute).to.equal(true);
                continue;
              }
              expect(storm?.parentId).to.equal(seat.parentId);
              parents.add(seat.parentId);
              told.set(finding.id, score);
              if (seat.child) children.add(finding.id);
            }
          }
          expect(parents.size).to.be.at.most(1);
          expect(children.size).to.be.at.most(5);
          expect([...(storm?.children ?? [])].sort()).to.deep.equal([...children].sort());
        },
      ),
    );
  });

  it("judges five thousand at one tick: one storm, five tickets", () => {
    const answer = judge({ wishes: wishes(5_000) });
    expect(childrenOf(answer)).to.have.length(5);
    expect(answer.seats.size).to.equal(5_000);
  });
});
