import { expect } from "chai";
import type { Finding } from "../../../src/model/finding.ts";
import type { TicketPolicy } from "../../../src/model/rule.ts";
import type { TicketRecord } from "../../../src/model/ticket.ts";
import { becauseOf } from "../../../src/triage/because.ts";
import { decide } from "../../../src/triage/decide.ts";
import { day, hour, minute, start, verdictOf } from "../../support/alerts.ts";
import { buildPriority } from "../../support/findings.ts";
import {
  back,
  closedTicket,
  decided,
  fresh,
  type Given,
  inputOf,
  memory,
  quiet,
  told,
  whileBad,
  whileQuiet,
} from "./decide-vectors.ts";

const closedWhileBad = closedTicket({ at: whileBad });
const wontDo = closedTicket({ as: "wont_do", at: whileBad });

/** A finding that is decided again and again, remembering what it was told before. */
class Life {
  finding: Finding;
  ticket: TicketRecord | undefined;
  policy: Partial<TicketPolicy> = {};

  constructor(finding: Partial<Finding>, ticket: TicketRecord | undefined) {
    this.finding = { ...fresh, ...finding };
    this.ticket = ticket;
  }

  step(at: number, given: Given = {}): string {
    const finding = { ...this.finding, ...given.finding };
    const input = inputOf({ ticket: this.ticket, policy: this.policy, ...given, at, finding });
    const { decision, memory: remembered, state, generation } = decide(input);
    this.finding = { ...finding, memory: remembered, state, generation, decision: { ...decision, at } };
    return `${decision.action}: ${decision.reason}`;
  }
}

function bad(at: number, more: Partial<Finding> = {}): Given {
  const { episode, pastEpisodes } = back(at);
  return {
    change: "came_back",
    finding: { ...fresh, ...more, episode: episode as Finding["episode"], pastEpisodes: pastEpisodes ?? [] },
  };
}

describe("decide, for a ticket that is closed", () => {
  describe("as Done while it is bad", () => {
    it("says nothing for a day, then once that it still happens", () => {
      const life = new Life(memory(), closedWhileBad);
      const said = new Map<string, number>();
      for (let minutes = 1; minutes <= 3 * 24 * 60; minutes += 1) {
        const word = life.step(whileBad + minutes * minute);
        if (!said.has(word)) said.set(word, minutes);
      }
      expect([...said]).to.deep.equal([
        ["none: done_grace", 1],
        ["reopen: still_happening", 24 * 60],
        ["none: unchanged", 24 * 60 + 1],
      ]);
      expect(life.finding.state).to.equal("open");
    });

    it("contradicts a person only with what was seen to be bad", () => {
      const at = whileBad + day;
      const cases: readonly (readonly [Partial<Finding["worst"]>, string])[] = [
        [{ verdict: verdictOf("failed") }, "none: failed"],
        [{ verdict: verdictOf("no_data") }, "none: held"],
        [{ state: "recovering", verdict: verdictOf("clear") }, "none: recovering"],
        [{ verdict: verdictOf("between") }, "none: unchanged"],
        [{}, "reopen: still_happening"],
      ];
      for (const [worst, expected] of cases) {
        const finding = { ...memory(), worst: { ...fresh.worst, ...worst } };
        expect(told({ at, finding, ticket: closedWhileBad })).to.equal(expected);
      }
    });

    it("waits out the grace also when it was quiet in between, and then calls it back", () => {
      const at = whileBad + 3 * hour;
      const finding = back(at);
      expect(told({ at, change: "came_back", finding, ticket: closedWhileBad })).to.equal("none: done_grace");
      expect(told({ at: whileBad + day, finding, ticket: closedWhileBad })).to.equal("reopen: regressed");
    });

    it("has no grace for what Backfeed closed itself", () => {
      const ticket = closedTicket({ at: whileBad, by: "us" });
      expect(told({ at: whileBad + minute, finding: memory(), ticket })).to.equal("reopen: still_happening");
    });
  });

  describe("as Done while it was quiet", () => {
    const ticket = closedTicket({ at: whileQuiet });

    it("is back at once, and regressed: it scores higher until it is done again", () => {
      const at = whileQuiet + minute;
      const given = decided({ at, change: "came_back", finding: back(at), ticket });
      expect(given).to.include({ state: "regressed", generation: 1 });
      expect(given.memory).to.include({ regressedAt: at, recurrences: 1, backToldAt: at });
      expect(decided({ at: at + minute, finding: { ...back(at), memory: given.memory } }).state).to.equal("regressed");
    });

    it("is the same ticket's matter for thirty days, and a new one's after that", () => {
      const returned = (after: number) =>
        told({ at: whileQuiet + after, change: "came_back", finding: back(whileQuiet + after), ticket });
      expect(returned(30 * day)).to.equal("reopen: regressed");
      expect(returned(30 * day + 1)).to.equal("create: back_late");
    });

    it("means a second ticket as a further generation, linked and with nothing else remembered", () => {
      const at = whileQuiet + 40 * day;
      const anew = decided({ at, change: "came_back", finding: back(at), ticket });
      expect(anew).to.include({ generation: 2, state: "regressed" });
      expect(anew.memory).to.deep.include({
        createdAt: at,
        recurrences: 0,
        closing: undefined,
        follows: { ref: ticket.ref, because: "back_late" },
      });
    });

    it("keeps the ticket it has while a new one may not be filed", () => {
      const at = whileQuiet + 40 * day;
      const given: Given = { at, change: "came_back", finding: back(at), ticket };
      for (const wait of [
        decided({ ...given, mayCreate: () => false }),
        decided({ ...given, priority: buildPriority(3, "None") }),
      ]) {
        expect(wait).to.include({ generation: 1 });
        expect(wait.memory.createdAt).to.equal(start);
        expect(told({ ...given, change: "goes_on", finding: { ...back(at), memory: wait.memory } })).to.equal(
          "create: back_late",
        );
      }
    });

    it("raises the priority along with the reopening", () => {
      const at = whileQuiet + day;
      const given = decided({
        at,
        change: "came_back",
        finding: back(at),
        ticket,
        priority: buildPriority(80, "Highest"),
      });
      expect(given).to.deep.include({ decision: { action: "reopen", reason: "regressed" }, writePriority: "Highest" });
    });

    it("is told of one return a day where the ticket stays closed", () => {
      const life = new Life({ ...memory(), ...quiet }, ticket);
      life.policy = { onReturn: "comment" };
      const said: string[] = [];
      for (let hours = 1; hours <= 50; hours += 1) {
        const at = whileQuiet + hours * hour;
        if (hours % 2 === 1) said.push(`${hours} ${life.step(at, bad(at, { memory: life.finding.memory }))}`);
        else life.step(at, { change: "went_quiet", finding: quiet ?? {} });
      }
      expect(said.filter((each) => each.includes("comment"))).to.deep.equal([
        "1 comment: regressed",
        "25 comment: regressed",
        "49 comment: regressed",
      ]);
    });

    it("is verified once, after seven days evaluated clear, and back all the same", () => {
      const life = new Life({ ...memory(), ...quiet }, ticket);
      const held = (ms: number) =>
        life.step(start + 20 * day, {
          change: "attended",
          finding: { memory: { ...life.finding.memory, clear: { ms, at: start } } },
        });
      expect(life.step(whileQuiet, { change: "attended" })).to.equal("none: fixed");
      expect(life.finding.memory.clear).to.deep.equal({ ms: 0, at: undefined });
      expect([held(7 * day - 1), held(7 * day), held(8 * day)]).to.deep.equal([
        "none: fixed",
        "comment: verified",
        "none: unchanged",
      ]);
      expect(life.finding.state).to.equal("verified");
      const at = whileQuiet + 25 * day;
      expect(life.step(at, bad(at, { memory: life.finding.memory }))).to.equal("reopen: regressed");
      expect(life.finding.memory).to.include({ verifiedAt: undefined, clear: undefined });
    });

    it("never takes an end that nobody saw for a fix that held", () => {
      for (const ending of ["vanished", "rule_changed"] as const) {
        const episode = { ...fresh.episode, endedAt: start + hour, ending };
        const given = decided({
          change: "attended",
          finding: { ...memory({ clear: { ms: 9 * day, at: start } }), episode },
          ticket,
        });
        expect([given.decision.reason, given.state, given.memory.clear]).to.deep.equal([
          "unchanged",
          "quiet",
          undefined,
        ]);
      }
    });

    it("asks anew whether it holds when the ticket was opened and closed again", () => {
      const life = new Life(
        { ...memory({ verifiedAt: start, clear: { ms: 7 * day, at: start } }), ...quiet },
        undefined,
      );
      life.step(whileQuiet, { change: "attended" });
      expect([life.finding.state, life.finding.memory.clear]).to.deep.equal(["quiet", undefined]);
      life.ticket = closedTicket({ at: whileQuiet + day });
      expect(life.step(whileQuiet + day, { change: "attended" })).to.equal("none: fixed");
    });
  });

  describe("as won't do", () => {
    it("is kept to and said once, for ninety days or until it is worse", () => {
      const life = new Life(memory(), wontDo);
      const said: string[] = [];
      for (let days = 0; days <= 91; days += 1) said.push(life.step(whileBad + days * day));
      expect(said[0]).to.equal("comment: suppressed");
      expect(new Set(said.slice(1, 90))).to.deep.equal(new Set(["none: suppressed"]));
      expect(said.slice(90)).to.deep.equal(["reopen: wont_do_over", "none: unchanged"]);
    });

    it("gives way to a band above the one at closing, not to the same", () => {
      const at = (score: number, band: "Medium" | "High") =>
        told({ finding: memory(), ticket: wontDo, priority: buildPriority(score, band) });
      expect([at(54, "Medium"), at(55, "High")]).to.deep.equal(["comment: suppressed", "reopen: wont_do_over"]);
    });

    it("is another matter when it is closed again: suppressed anew, by its new band", () => {
      const life = new Life(memory(), wontDo);
      const high = { priority: buildPriority(60, "High") };
      expect(life.step(start + hour, high)).to.equal("reopen: wont_do_over");
      life.ticket = closedTicket({ as: "wont_do", at: start + 2 * hour, band: "High" });
      expect(life.step(start + 3 * hour, high)).to.equal("comment: suppressed");
      expect(life.finding.state).to.equal("suppressed");
    });

    it("says nothing of what is quiet", () => {
      expect(told({ change: "went_quiet", finding: { ...memory(), ...quiet }, ticket: wontDo })).to.equal(
        "none: suppressed",
      );
    });

    it("is a duplicate without its original, too", () => {
      expect(told({ finding: memory(), ticket: closedTicket({ as: "duplicate", at: whileBad }) })).to.equal(
        "comment: suppressed",
      );
    });
  });

  it("says for people what is waited for", () => {
    const why = (given: Given) => {
      const input = inputOf(given);
      return becauseOf(input, decide(input));
    };
    expect(why({ finding: memory(), ticket: closedWhileBad })).to.equal(
      "SHOP-1 was closed (Done) at 2026-01-05T10:01:00Z while it was bad; the fix may be on its way, so nothing is said before 2026-01-06T10:01:00Z",
    );
    expect(why({ finding: memory({ closing: undefined }), ticket: wontDo })).to.equal(
      "SHOP-1 was closed (Won't Do) at 2026-01-05T10:01:00Z as not to be done; nothing is told before 2026-04-05T10:01:00Z unless it gets worse than Medium",
    );
    expect(why({ finding: memory(), ticket: { ...closedWhileBad, gone: { at: start } } })).to.equal(
      "SHOP-1 was deleted or is out of reach since 2026-01-05T10:00:00Z: no other is filed until somebody asks for it (refile)",
    );
    expect(why({ finding: memory(), createParked: true })).to.match(/^its ticket could not be filed/);
  });
});
