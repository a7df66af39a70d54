import { expect } from "chai";
import { freshMemory, type TriageMemory } from "../../../src/model/finding.ts";
import type { OutboxEntry } from "../../../src/model/outbox.ts";
import { BackfeedError } from "../../../src/support/errors.ts";
import { refile } from "../../../src/triage/refile.ts";
import { minute, start } from "../../support/alerts.ts";
import { buildFinding, buildTicket } from "../../support/findings.ts";
import { buildRule } from "../../support/rules.ts";

const at = start + 10 * minute;
const finding = {
  ...buildFinding(buildRule()),
  memory: { ...freshMemory, createdAt: start, ticketBand: "High" as const, quietToldAt: start, recurrences: 3 },
};
const ticket = buildTicket(finding);

function entry(kind: "create" | "comment", overrides: Partial<OutboxEntry> = {}): OutboxEntry {
  const { id: findingId, groupKey, generation } = finding;
  return {
    id: "1",
    idempotencyKey: `${kind} 1`,
    findingId,
    groupKey,
    generation,
    action: { kind, marker: "m", document: [] } as unknown as OutboxEntry["action"],
    createdAt: start,
    rank: 1,
    state: "pending",
    attempts: 0,
    looks: 0,
    lostCreates: 0,
    nextAttemptAt: start,
    lease: undefined,
    note: undefined,
    finishedAt: undefined,
    ...overrides,
  };
}

const ask = (request: Partial<Parameters<typeof refile>[0]>) =>
  refile({ finding, ticket: undefined, open: [], ...request }, { by: "anna", at });

function refusal(request: Partial<Parameters<typeof refile>[0]>): string {
  try {
    ask(request);
  } catch (thrown) {
    if (thrown instanceof BackfeedError) return `${thrown.kind}: ${thrown.message}`;
  }
  return "not refused";
}

describe("filing a finding anew", () => {
  it("is linked to the ticket before, to none that is gone, and to the one that a ticket that was never filed would follow", () => {
    const follows = { ref: ticket.ref, because: "back_late" } as const;
    const linked = (request: Partial<Parameters<typeof refile>[0]>) => ask(request).finding.memory.follows;
    expect(linked({ ticket })).to.deep.equal({ ref: ticket.ref, because: "refiled" });
    expect(linked({ ticket: { ...ticket, gone: { at: start } } })).to.equal(undefined);
    const second = { ...finding, generation: 2, memory: { ...finding.memory, follows } };
    const parked = entry("create", { generation: 2, state: "parked" });
    expect(linked({ finding: second, ticket, open: [parked] })).to.deep.equal(follows);
  });

  it("begins a generation with nothing remembered, and changes nothing else of the finding", () => {
    const follows = { ref: ticket.ref, because: "refiled" };
    const { finding: after, event } = ask({ ticket });
    expect(after).to.deep.equal({ ...finding, generation: 2, memory: { ...freshMemory, follows, asked: true } });
    expect(event).to.deep.equal({
      at,
      kind: "operator",
      code: "finding_refiled",
      text: "anna filed the finding anew, as ticket 2: SHOP-1 stays as it is",
      facts: { by: "anna", generation: 2, ticket: "SHOP-1" },
    });
  });

  it("drops what was still meant for the old ticket, and says who overtook it", () => {
    const open = [entry("comment"), entry("comment", { id: "2", state: "parked" })];
    const { drop, note } = ask({ ticket, open });
    expect(drop).to.deep.equal(open);
    expect(note).to.equal("overtaken: anna filed the finding anew");
  });

  it("is possible when the create is parked and there is no ticket", () => {
    const { event } = ask({ open: [entry("create", { state: "parked" })] });
    expect(event.text).to.equal("anna filed the finding anew, as ticket 2: its ticket could not be filed");
  });

  it("is refused while there is nothing to file anew: no ticket of this generation, no parked create", () => {
    expect(refusal({})).to.match(/^conflict: .*nothing to file anew/);
    expect(refusal({ open: [entry("create")] })).to.match(/nothing to file anew/);
    expect(refusal({ open: [entry("comment", { state: "parked" })] })).to.match(/nothing to file anew/);
    expect(refusal({ finding: { ...finding, generation: 2 }, ticket })).to.match(/nothing to file anew/);
  });

  it("is refused while something is on the wire, or may be", () => {
    const lease = { owner: "worker", until: at + 1 };
    for (const overrides of [{ state: "sending" }, { state: "unknown" }, { lease }] as const) {
      expect(refusal({ ticket, open: [entry("create", overrides)] })).to.match(/^conflict: its create is being/);
    }
    expect(refusal({ ticket, open: [entry("comment", { lease: { ...lease, until: at } })] })).to.equal("not refused");
  });

  it("gives one that another finding explains a first ticket, once", () => {
    const by = { findingId: "f", ticketKey: "SHOP-9", title: "the database is down" };
    const inhibition = { by, since: start, endedAt: undefined, releasedAt: undefined } as NonNullable<
      TriageMemory["inhibition"]
    >;
    const explained = { ...finding, memory: { ...freshMemory, inhibition } };
    const { finding: wanted, event, drop } = ask({ finding: explained });
    expect(wanted).to.deep.equal({ ...explained, memory: { ...explained.memory, asked: true } });
    expect(event.text).to.equal('anna wants a ticket for it alone, although "the database is down" explains it');
    expect(drop).to.deep.equal([]);
    expect(refusal({ finding: wanted })).to.match(/^conflict/);
    const released = { ...explained, memory: { ...freshMemory, inhibition: { ...inhibition, releasedAt: at } } };
    expect(refusal({ finding: released })).to.match(/^conflict/);
  });

  it("gives one that a storm's ticket tells of a ticket of its own", () => {
    const storm = { id: "s", parentId: "p", joinedAt: start, until: at, band: "Low", child: false } as const;
    const listed = { ...finding, memory: { ...freshMemory, storm } };
    const { finding: alone, drop, event } = ask({ finding: listed });
    expect(alone).to.include({ generation: 1 });
    expect([alone.memory.storm?.child, drop, event.code]).to.deep.equal([true, [], "finding_refiled"]);
    expect(refusal({ finding: alone })).to.match(/^conflict/);
  });
});
