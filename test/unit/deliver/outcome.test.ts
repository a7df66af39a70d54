import { expect } from "chai";
import { afterEmptyLook, afterFailure } from "../../../src/deliver/outcome.ts";
import type { OutboxAction, OutboxEntry } from "../../../src/model/outbox.ts";
import { BackfeedError, type ErrorKind } from "../../../src/support/errors.ts";
import { commentDraft, createDraft, start } from "../../contract/store-builders.ts";

const waits = [2_000, 5_000, 15_000];

function entryOf(kind: "create" | "comment", overrides: Partial<OutboxEntry> = {}): OutboxEntry {
  const draft = kind === "create" ? createDraft("a") : commentDraft("a", "quiet:1");
  return {
    ...draft,
    id: "1",
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

function becomes(kind: ErrorKind, entry = entryOf("create"), retryAfterMs?: number) {
  const details = retryAfterMs === undefined ? {} : { retryAfterMs };
  const outcome = afterFailure(entry, new BackfeedError(kind, "it said no", details), start, waits);
  const { nextAttemptAt } = outcome;
  return { ...outcome, waits: nextAttemptAt === undefined ? undefined : nextAttemptAt - start };
}

const unknown = (overrides: Partial<OutboxEntry> = {}) =>
  entryOf("create", { state: "unknown", lostCreates: 1, ...overrides });

/** src/deliver/README.md: failure, of what, what it becomes, after how long. */
const table: readonly [ErrorKind, OutboxAction["kind"], state: string, waits: number | undefined][] = [
  ["unavailable", "create", "pending", 5_000],
  ["unauthorized", "create", "pending", 5_000],
  ["conflict", "create", "pending", 5_000],
  ["rate_limited", "create", "pending", 5_000],
  ["unknown_outcome", "create", "unknown", 2_000],
  ["unknown_outcome", "comment", "pending", 5_000],
  ["refused", "create", "parked", undefined],
  ["not_found", "comment", "parked", undefined],
  ["configuration", "create", "parked", undefined],
  ["internal", "create", "pending", 5_000],
  ["aborted", "create", "pending", 0],
];

describe("outcome", () => {
  for (const [kind, action, state, waited] of table) {
    it(`${kind} of a ${action} -> ${state}`, () => {
      const entry = entryOf(action === "create" ? "create" : "comment");
      expect(becomes(kind, entry)).to.include({ state, waits: waited });
    });
  }

  it("doubles its waits from 5 s to 5 min", () => {
    const waited = [0, 1, 2, 5, 6, 60].map((attempts) => becomes("unavailable", entryOf("create", { attempts })).waits);
    expect(waited).to.deep.equal([5_000, 10_000, 20_000, 160_000, 300_000, 300_000]);
  });

  it("waits as long as it was asked to, at least a second, and for an outage no shorter than by its own count", () => {
    expect(becomes("rate_limited", entryOf("create"), 77_000).waits).to.equal(77_000);
    expect(becomes("rate_limited", entryOf("create"), 100).waits).to.equal(1_000);
    expect(becomes("unavailable", entryOf("create"), 77_000).waits).to.equal(77_000);
    expect(becomes("unavailable", entryOf("create", { attempts: 2 }), 1).waits).to.equal(20_000);
  });

  it("takes a Retry-After of 0 for no word at all, and doubles its waits", () => {
    const waited = [0, 1, 6].map((attempts) => becomes("rate_limited", entryOf("create", { attempts }), 0).waits);
    expect(waited).to.deep.equal([5_000, 10_000, 300_000]);
  });

  it("gives up on a fault of its own after ten attempts, on an outage never", () => {
    expect(becomes("internal", entryOf("create", { attempts: 8 })).state).to.equal("pending");
    expect(becomes("internal", entryOf("create", { attempts: 9 })).state).to.equal("parked");
    expect(becomes("unavailable", entryOf("create", { attempts: 5_000 })).state).to.equal("pending");
  });

  it("counts no attempt for a stop", () => {
    expect(becomes("aborted", entryOf("create", { attempts: 3 }))).to.include({ attempts: 3 });
  });

  it("keeps a lost create unknown when the look for it fails: an error is not an empty answer", () => {
    for (const kind of ["unavailable", "unauthorized", "rate_limited", "aborted", "internal"] as const)
      expect(becomes(kind, unknown()).state).to.equal("unknown");
  });

  it("counts a create as lost each time and begins to look anew", () => {
    expect(becomes("unknown_outcome", unknown({ looks: 3 }))).to.include({
      state: "unknown",
      lostCreates: 2,
      looks: 0,
    });
  });

  describe("a look that found nothing", () => {
    it("sends at once what was never sent", () => {
      expect(afterEmptyLook(entryOf("create"), start, waits)).to.deep.equal({ next: "send" });
    });

    it("of a lost create waits through the settle window, then sends once more", () => {
      const waited: number[] = [];
      let entry = unknown({ nextAttemptAt: start + 2_000 });
      let now = start + 2_000;
      for (;;) {
        const look = afterEmptyLook(entry, now, waits);
        if (look.next === "send") break;
        expect(look.outcome.state).to.equal("unknown");
        const next = look.outcome.nextAttemptAt ?? 0;
        waited.push(next - now);
        entry = { ...entry, looks: look.outcome.looks ?? 0, nextAttemptAt: next };
        now = next;
      }
      expect(waited).to.deep.equal([5_000, 15_000]);
      expect(now).to.equal(start + 22_000);
    });

    it("of a create lost twice parks it after the window", () => {
      const look = afterEmptyLook(unknown({ lostCreates: 2, looks: 2 }), start, waits);
      expect(look).to.deep.include({ next: "wait" });
      expect(look.next === "wait" && look.outcome.state).to.equal("parked");
      expect(afterEmptyLook(unknown({ lostCreates: 2 }), start, waits).next).to.equal("wait");
    });

    it("is certain at once where the tracker says so", () => {
      expect(afterEmptyLook(unknown(), start, [])).to.deep.equal({ next: "send" });
    });
  });
});
