import { expect } from "chai";
import { plainText } from "../../../src/model/document.ts";
import type { FindingEpisode, TriageMemory } from "../../../src/model/finding.ts";
import { becauseOf } from "../../../src/triage/because.ts";
import { decide } from "../../../src/triage/decide.ts";
import { inhibitionGraceMs } from "../../../src/triage/decide-inhibited.ts";
import { summaryDocument } from "../../../src/triage/describe.ts";
import { hour, minute, start } from "../../support/alerts.ts";
import { buildFinding, buildPriority } from "../../support/findings.ts";
import { buildRule } from "../../support/rules.ts";
import { decided, ended, fresh, type Given, inputOf, memory, muted } from "./decide-vectors.ts";

const explainer = { findingId: "0123456789abcdef", title: "the database is down", ticketKey: "SHOP-9", since: start };
const at = (minutes: number, given: Given = {}): Given => ({ at: start + minutes * minute, ...given });

/** One decision after another, each with what the one before remembered. */
function live(steps: readonly Given[], before: TriageMemory = fresh.memory) {
  let remembered = before;
  return steps.map((given) => {
    const said = decided({ ...given, finding: { ...given.finding, memory: remembered } });
    remembered = said.memory;
    return `${said.decision.action}: ${said.decision.reason}`;
  });
}

describe("a finding that something explains", () => {
  it("waits for ten minutes after that, and for as long as its windows reach back", () => {
    expect(inhibitionGraceMs(5 * minute)).to.equal(15 * minute);
    expect(inhibitionGraceMs(hour)).to.equal(70 * minute);
    expect(live([at(0, { explainer }), at(1), at(15), at(16)])).to.deep.equal([
      "none: inhibited",
      "none: inhibited",
      "none: inhibited",
      "create: new_finding",
    ]);
  });

  it("waits anew when it is explained again meanwhile", () => {
    expect(live([at(0, { explainer }), at(1), at(10, { explainer }), at(11), at(25), at(26)]).slice(-2)).to.deep.equal([
      "none: inhibited",
      "create: new_finding",
    ]);
  });

  const back: FindingEpisode = { ...fresh.episode, startedAt: start + hour, endedAt: undefined };
  const quiet: Given = { change: "went_quiet", finding: { state: "quiet", episode: ended } };

  it("that comes back after the grace is told at once, and within it waits for the rest", () => {
    const returned: Given = { change: "came_back", finding: { episode: back } };
    expect(live([at(0, { explainer }), at(20, quiet), at(34, returned), at(35)]).slice(1)).to.deep.equal([
      "none: unchanged",
      "none: inhibited",
      "create: new_finding",
    ]);
    expect(live([at(0, { explainer }), at(20, quiet), at(35, returned)]).at(-1)).to.equal("create: new_finding");
  });

  it("counts since when it is explained from the first time of this stretch on, through a change of causes", () => {
    const first = decide(inputOf(at(0, { explainer })));
    const other = { ...explainer, findingId: "fedcba9876543210" };
    const next = decide(inputOf(at(5, { explainer: other, finding: { memory: first.memory } })));
    expect(next.memory.inhibition).to.deep.equal({
      by: other,
      since: start,
      endedAt: undefined,
      releasedAt: undefined,
    });
  });

  it("is told of with one summary when that is over, and not again", () => {
    expect(live([at(0, { explainer }), at(1), at(16), at(17), at(18)], memory().memory).slice(2)).to.deep.equal([
      "update: goes_on",
      "none: unchanged",
      "none: unchanged",
    ]);
  });

  it("gets a ticket all the same when somebody asked for one", () => {
    const follows = { ref: { id: "1", key: "SHOP-1", url: "https://jira.example.com/1" }, because: "refiled" as const };
    expect(live([at(0, { explainer })], { ...fresh.memory, follows })).to.deep.equal(["create: refiled"]);
    // Also where there was no ticket before, or it is deleted and there is nothing to follow.
    expect(live([at(0, { explainer })], { ...fresh.memory, asked: true })).to.deep.equal(["create: refiled"]);
  });

  it("is silenced first, and what explains it is kept in mind", () => {
    expect(live([at(0, { explainer, muting: muted }), at(1), at(16)])).to.deep.equal([
      "none: silenced",
      "none: inhibited",
      "create: new_finding",
    ]);
  });

  it("says what explains it, until when, and what is waited for", () => {
    const because = (given: Given) => {
      const input = inputOf(given);
      return becauseOf(input, decide(input));
    };
    const inhibition = { by: explainer, since: start, endedAt: start + minute, releasedAt: undefined };
    expect(because(at(0, { explainer }))).to.equal(
      '"the database is down" (SHOP-9) explains it, and goes on since 2026-01-05T10:00:00Z',
    );
    expect(because(at(2, { finding: memory({ inhibition }) }))).to.equal(
      '"the database is down" (SHOP-9) explained it until 2026-01-05T10:01:00Z; what follows from a cause recovers later, so nothing is said before 2026-01-05T10:16:00Z, and then only if it is still bad',
    );
    const worst = { ...fresh.worst, state: "recovering" as const };
    expect(because(at(20, { finding: { ...memory({ inhibition }), worst } }))).to.match(
      /so it is told once it is seen bad$/,
    );
  });

  it("and what explains others say so in the summary block", () => {
    const rule = buildRule();
    const inhibition = { by: explainer, since: start, endedAt: start + minute, releasedAt: start + hour };
    const titled = [1, 2].map((each) => ({ id: `000000000000000${each}`, title: `cart ${each} *fails*` }));
    const finding = buildFinding(rule, { ...memory({ inhibition }), explains: { count: 23, findings: titled } });
    const story = {
      instance: "test",
      finding,
      rule,
      priority: buildPriority(40, "Medium"),
      at: start,
      page: undefined,
    };
    const text = plainText(summaryDocument(story));
    expect(text).to.include("from 2026-01-05T10:00:00Z to 2026-01-05T10:01:00Z by SHOP-9: the database is down");
    expect(text).to.match(/Explains 23 other findings[\s\S]*cart 1 \*fails\*[\s\S]*cart 2 \*fails\*[\s\S]*and 21 more/);
  });
});
