import { expect } from "chai";
import type { Backlog } from "../support/simulation/backlog.ts";
import { type Outcome, outcomeOf } from "../support/simulation/outcome.ts";
import { type KillPoint, type PortName, portMethods } from "../support/simulation/ports.ts";
import { killAndLiveOn } from "../support/simulation/processes.ts";
import { dieAndLiveOn, isWrite, live, type Strike, Surroundings } from "../support/simulation/runs.ts";

const minute = 60_000;

/** The time line without a kill. */
interface Reference {
  readonly outcome: Outcome;
  /** Every point before and after every call of every port, in order. */
  readonly points: readonly KillPoint[];
  /** The same by what a process that dies there leaves behind. */
  readonly leaving: ReadonlyMap<string, readonly KillPoint[]>;
  /** Requests that write, in Jira. */
  readonly writes: number;
  readonly arrived: ReadonlyMap<string, number>;
  readonly gated: ReadonlyMap<string, number>;
  readonly raw: ReadonlyMap<PortName, object>;
}

async function withoutKill(backlog: Backlog): Promise<Reference> {
  const surroundings = await Surroundings.begin(backlog);
  const points: KillPoint[] = [];
  const leaving = new Map<string, KillPoint[]>();
  const gate = async (point: KillPoint) => {
    points.push(point);
    const left = surroundings.fingerprint();
    leaving.set(left, [...(leaving.get(left) ?? []), point]);
  };
  const { played, ports, raw, close } = await live({ surroundings, gate });
  await played;
  const outcome = await outcomeOf(raw, surroundings.jira);
  const writes = surroundings.jira?.requests.filter(({ operation }) => isWrite(operation)).length ?? 0;
  expect(surroundings.jira?.violations ?? []).to.deep.equal([]);
  await close();
  await surroundings.end();
  return { outcome, points, leaving, writes, arrived: ports.arrived, gated: ports.gated, raw: ports.raw };
}

/**
 * Points at which a dying process leaves the same bytes on the disk, the same writes in Jira and the same time of day are
 * one experiment: nothing else outlives it. What a tick does by itself is the same whatever the tracker: it is done with
 * one of them. `KILL_POINTS=all` does every point with each, alike or not.
 */
function experiments(backlog: Backlog, { points, leaving }: Reference): readonly KillPoint[] {
  if (process.env["KILL_POINTS"] === "all") return points;
  const delivering = /^(tracker|store\.(evidence|localTickets|tickets\.put|outbox\.(markSending|settle)))\b/;
  return [...leaving.values()].flatMap((alike) => {
    const last = backlog === "cloud" ? alike.at(-1) : alike.findLast((point) => delivering.test(point));
    return last === undefined ? [] : [last];
  });
}

/** Runs each in surroundings of its own; gives those that came out otherwise, with the first difference. */
async function differing(
  of: { backlog: Backlog; reference: Reference; strikes: readonly Strike[]; atOnce?: number },
  run: (surroundings: Surroundings, strike: Strike, restart: { readonly downtimeMs: number }) => Promise<Outcome>,
): Promise<readonly string[]> {
  const found: string[] = [];
  const waiting = [...of.strikes];
  const work = async () => {
    for (let strike = waiting.shift(); strike !== undefined; strike = waiting.shift()) {
      const surroundings = await Surroundings.begin(of.backlog);
      try {
        // Every other time two ticks are missed, and caught up with; a rule that was never judged starts at the newest.
        const downtimeMs = waiting.length % 2 === 0 || isBeforeAll(strike, of.reference) ? 0 : 12 * minute;
        const outcome = await run(surroundings, strike, { downtimeMs });
        expect(surroundings.jira?.violations ?? []).to.deep.equal([]);
        expect(outcome).to.deep.equal(of.reference.outcome);
      } catch (thrown) {
        found.push(`${JSON.stringify(strike)}: ${difference(thrown)}`);
      } finally {
        await surroundings.end();
      }
    }
  };
  await Promise.all(Array.from({ length: of.atOnce ?? 1 }, work));
  return found;
}

function isBeforeAll(strike: Strike, { points }: Reference): boolean {
  return "point" in strike && points.indexOf(strike.point) < points.indexOf("store.state.commitTick#1 after");
}

/** Where a deep comparison first fails, as a path and both values. */
function difference(thrown: unknown): string {
  const { actual, expected } = thrown as { actual?: unknown; expected?: unknown };
  if (actual === undefined) return String(thrown);
  const at = firstDifference(actual, expected, "");
  return at ?? String(thrown);
}

function firstDifference(one: unknown, other: unknown, path: string): string | undefined {
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) {
    return Object.is(one, other) ? undefined : `${path}: ${JSON.stringify(one)} instead of ${JSON.stringify(other)}`;
  }
  for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const inner = firstDifference(Reflect.get(one, key), Reflect.get(other, key), `${path}.${key}`);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** The first call of each method, now before and now after it; all around the create and its tick; some answers lost. */
function sample({ points, writes }: Reference): readonly Strike[] {
  const chosen = new Set<KillPoint>();
  const firsts = points.filter((point) => point.endsWith("#1 before"));
  for (const [index, before] of firsts.entries()) {
    chosen.add(index % 2 === 0 ? before : before.replace(" before", " after"));
  }
  const create = points.indexOf("tracker.create#1 before");
  const commit = points.slice(0, create).findLast((point) => /commitTick#\d+ after/.test(point)) ?? "";
  for (const after of [commit, "store.outbox.markSending#1 after", "tracker.create#1 after"]) {
    chosen.add(after).add(after.replace(" after", " before"));
  }
  chosen.add("store.tickets.put#1 before").add("store.tickets.put#1 after");
  chosen.add("store.outbox.settle#1 before").add("store.outbox.settle#1 after");
  const lost = Array.from({ length: Math.min(writes, 3) }, (_, index) => ({ write: index + 1 }));
  return [...[...chosen].map((point) => ({ point })), ...lost];
}

describe("a process that is killed before and after every call of every port", function () {
  this.timeout(900_000);
  const references = new Map<Backlog, Reference>();
  const referenceOf = async (backlog: Backlog): Promise<Reference> => {
    const reference = references.get(backlog) ?? (await withoutKill(backlog));
    references.set(backlog, reference);
    return reference;
  };

  for (const backlog of ["cloud", "datacenter", "local"] as const) {
    describe(`with tickets in ${backlog}`, () => {
      let reference: Reference;
      before(async () => {
        reference = await referenceOf(backlog);
      });

      it("has kill points around every call that arrived at a port", () => {
        expect(Object.fromEntries(reference.gated)).to.deep.equal(Object.fromEntries(reference.arrived));
        for (const [name, raw] of reference.raw) {
          const functions = Object.entries(raw).filter(([, value]) => typeof value === "function");
          const named = Object.keys(portMethods[name]);
          // What an adapter has besides its port is not the program's to call.
          if (name !== "source" && name !== "tracker")
            expect(functions.map(([method]) => method)).to.have.members(named, name);
          else expect(functions.map(([method]) => method)).to.include.members(named, name);
        }
        const calls = [...reference.arrived.values()].reduce((sum, count) => sum + count, 0);
        expect(reference.points).to.have.length(2 * calls);
      });

      it("tells the whole story: filed, raised, quiet, back, quiet again; and a second one, closed", () => {
        const { issues, entries, history } = reference.outcome;
        expect(issues).to.have.length(2);
        expect(entries).to.include({ pending: 0, unknown: 0, sending: 0, parked: 0, dropped: 0 });
        expect(entries["done"]).to.be.at.least(9);
        if (backlog === "local") return;
        const operations = Object.values(history).map((all) =>
          all.map((entry) => (entry as { operation: string }).operation),
        );
        for (const filed of operations) {
          expect(filed.slice(0, 3)).to.deep.equal(["createIssue", "addAttachment", "putRemoteLink"]);
        }
        expect(operations[0]).to.include.members(["editIssue", "addComment", "updateComment"]);
        // The summary block, quiet, back.
        expect(operations[0]?.filter((operation) => operation === "addComment")).to.have.length(3);
        expect(operations[1]?.slice(3)).to.include.members(["addComment", "transitionIssue"]);
      });

      it("leaves the same tickets, comments included, and the same state", async () => {
        const strikes = experiments(backlog, reference).map((point) => ({ point }));
        expect(strikes).to.have.length.greaterThan(backlog === "cloud" ? 60 : 30);
        const found = await differing({ backlog, reference, strikes }, dieAndLiveOn);
        expect(found).to.deep.equal([]);
      });

      if (backlog === "local") return;
      it("leaves the same when Jira has done a write and its answer finds nobody", async () => {
        const strikes = Array.from({ length: reference.writes }, (_, index) => ({ write: index + 1 }));
        const found = await differing({ backlog, reference, strikes }, dieAndLiveOn);
        expect(found).to.deep.equal([]);
      });
    });
  }

  for (const backlog of ["cloud", "datacenter"] as const) {
    describe(`by SIGKILL, as a process of its own, with tickets in ${backlog}`, () => {
      it("leaves the same tickets, comments included, and the same state", async () => {
        const reference = await referenceOf(backlog);
        const all = sample(reference);
        const strikes = backlog === "cloud" ? all : all.slice(-6);
        if (backlog === "cloud") expect(strikes).to.have.length.greaterThan(30);
        const found = await differing({ backlog, reference, strikes, atOnce: 2 }, killAndLiveOn);
        expect(found).to.deep.equal([]);
      });
    });
  }
});
