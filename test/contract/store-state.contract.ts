import { expect } from "chai";
import type { RuleCommit } from "../../src/store/store.ts";
import { BackfeedError } from "../../src/support/errors.ts";
import type { StoreUnderTest } from "./store.contract.ts";
import {
  alert,
  commentDraft,
  createDraft,
  event,
  finding,
  firingRule,
  idOf,
  keyOf,
  minute,
  plain,
  ruleCommit,
  start,
  tick,
} from "./store-builders.ts";

export function storeStatePromises(test: StoreUnderTest): void {
  describe("the state between ticks", () => {
    it("is empty at first", async () => {
      const { state } = test.store;
      expect((await state.ruleStates()).size).to.equal(0);
      expect(await state.alerts()).to.deep.equal([]);
      expect(await state.knownLabelSets(["checkout"])).to.deep.equal([]);
      expect((await state.findings([keyOf("checkout")])).size).to.equal(0);
      expect((await state.createsSince(0)).size).to.equal(0);
    });

    it("gives back everything a rule committed, also after a restart", async () => {
      const commit = firingRule("checkout");
      expect(await test.store.state.commitTick(tick([commit]))).to.deep.equal([]);
      await test.restart();

      const { state, outbox, history } = test.store;
      expect(plain((await state.ruleStates()).get("checkout"))).to.deep.equal(plain(commit.state));
      expect(plain(await state.alerts())).to.deep.equal(plain(commit.alertsChanged));
      expect(await state.knownLabelSets(["checkout", "other"])).to.deep.equal(commit.labelSetsSeen);
      expect(plain((await state.findings([keyOf("checkout")])).get(keyOf("checkout")))).to.deep.equal(
        plain(finding("checkout")),
      );
      expect(plain(await history.events(idOf("checkout")))).to.deep.equal(plain([event()]));
      expect(plain(await history.ruleTicks("checkout", 5))).to.deep.equal([{ tick: start, ...commit.counts }]);
      const [entry] = await outbox.openOf([idOf("checkout")]);
      expect(plain(entry)).to.deep.include(plain(createDraft("checkout")));
      expect(entry).to.deep.include({ state: "pending", attempts: 0, looks: 0, lostCreates: 0, lease: undefined });
    });

    it("keeps what rules measured, of each signal apart, also after a restart", async () => {
      const windows = (values: readonly number[]) =>
        values.map((value, place) => ({
          from: start + place * minute,
          values: new Map([
            ["a", value],
            ["b", -0.5],
          ]),
        }));
      const measured = (signal: string, values: readonly number[]) => ({
        signal,
        keepForMs: 3 * minute,
        windows: windows(values),
      });
      const commits = [
        { ...ruleCommit("checkout"), measured: measured("one", [1, 2, 3]) },
        { ...ruleCommit("cart"), measured: measured("one", [7]) },
      ];
      await test.store.state.commitTick(tick(commits));
      await test.store.state.commitTick(tick([{ ...ruleCommit("checkout"), measured: measured("one", [5]) }]));
      await test.store.state.commitTick(tick([{ ...ruleCommit("checkout"), measured: measured("two", [9]) }]));
      await test.restart();
      const { state } = test.store;
      const of = async (ruleId: string, signal: string, since = 0) =>
        (await state.measuredWindows({ ruleId, signal, since })).map(({ from, values }) => [from, ...values]);
      expect(await of("checkout", "one")).to.deep.equal([
        [start, ["a", 5], ["b", -0.5]],
        [start + minute, ["a", 2], ["b", -0.5]],
        [start + 2 * minute, ["a", 3], ["b", -0.5]],
      ]);
      expect(await of("checkout", "one", start + minute)).to.have.length(2);
      expect(await of("checkout", "two")).to.deep.equal([[start, ["a", 9], ["b", -0.5]]]);
      expect(await of("cart", "one")).to.have.length(1);
      expect(await of("other", "one")).to.deep.equal([]);
    });

    it("replaces what changes, deletes alerts that ended and label sets that are forgotten", async () => {
      const { state } = test.store;
      await state.commitTick(tick([firingRule("checkout")]));
      const failing = {
        ...ruleCommit("checkout").state,
        watermark: start + minute,
        failingSince: start + minute,
        lastFailure: "timeout",
      };
      const [old] = [alert("checkout")];
      await state.commitTick(
        tick(
          [
            ruleCommit("checkout", {
              state: failing,
              alertsEnded: [old.fingerprint],
              alertsChanged: [alert("checkout", { labels: { service: "cart" }, state: "recovering" })],
              labelSetsSeen: [
                { ruleId: "checkout", labels: { service: "cart" }, seenAt: start + minute },
                { ruleId: "checkout", labels: { service: "pay" }, seenAt: start + minute },
              ],
              labelSetsForgotten: [{ service: "checkout" }],
              findings: [{ finding: finding("checkout", { state: "quiet", title: "calm" }), events: [], outbox: [] }],
            }),
          ],
          start + minute,
        ),
      );
      expect((await state.ruleStates()).get("checkout")).to.deep.equal(failing);
      expect((await state.alerts()).map((one) => [one.labels["service"], one.state])).to.deep.equal([
        ["cart", "recovering"],
      ]);
      expect((await state.knownLabelSets(["checkout"])).map((set) => set.labels["service"])).to.have.members([
        "cart",
        "pay",
      ]);
      expect((await state.findings([keyOf("checkout")])).get(keyOf("checkout"))).to.include({
        state: "quiet",
        title: "calm",
      });
    });

    it("remembers since when a value is known, what a pattern looks like and how far a rule has learned", async () => {
      const words = ["payment", "<num>", "refused", "\u0000 it's"];
      const template = { id: "0123456789ab", first: "payment", position: 7, words };
      const pattern = {
        ruleId: "checkout",
        labels: { pattern: template.id },
        seenAt: start,
        firstSeenAt: start,
        template,
      };
      const value = { ruleId: "checkout", labels: { error: "Timeout" }, seenAt: start };
      const learned = { to: start, fullSince: undefined };
      const state = { ...ruleCommit("checkout").state, learned };
      await test.store.state.commitTick(tick([ruleCommit("checkout", { state, labelSetsSeen: [pattern, value] })]));
      await test.restart();
      const known = async () =>
        (await test.store.state.knownLabelSets(["checkout"])).toSorted((a, b) =>
          a.template ? 1 : b.template ? -1 : 0,
        );
      expect(await known()).to.deep.equal([value, pattern]);
      expect((await test.store.state.ruleStates()).get("checkout")?.learned).to.deep.equal(learned);

      const general = {
        ...pattern,
        seenAt: start + minute,
        template: { ...template, words: ["payment", "<num>", "<*>", "x"] },
      };
      const full = { ...state, watermark: start + minute, learned: { to: start + minute, fullSince: start + minute } };
      await test.store.state.commitTick(tick([ruleCommit("checkout", { state: full, labelSetsSeen: [general] })]));
      await test.restart();
      expect(await known()).to.deep.equal([value, general]);
      expect((await test.store.state.ruleStates()).get("checkout")).to.deep.equal(full);
    });

    it("gives the alerts without those that are not wanted", async () => {
      const { state } = test.store;
      await state.commitTick(tick([firingRule("checkout"), firingRule("cart")]));
      const [unwanted] = [alert("checkout")];
      const rest = await state.alerts(new Set([unwanted.fingerprint, "another"]));
      expect(rest.map(({ ruleId }) => ruleId)).to.deep.equal(["cart"]);
    });

    it("moves a watermark alone as it does with the rest, also of a rule that was rolled back before", async () => {
      const { state } = test.store;
      const at = (watermark: number, overrides: Partial<RuleCommit["state"]> = {}) => {
        const commit = ruleCommit("checkout");
        return { ...commit, state: { ...commit.state, watermark, ...overrides } };
      };
      await state.commitTick(tick([at(start)]));
      await state.commitTick(tick([at(start + minute)], start + minute));
      expect((await state.ruleStates()).get("checkout")).to.deep.equal(at(start + minute).state);

      const changed = { shape: "shape-2", lastFailure: "timeout", failingSince: start };
      const broken = { ...at(start + 2 * minute, changed), findings: [unstorable("checkout")] };
      expect(await state.commitTick(tick([broken], start + 2 * minute))).to.have.length(1);
      expect((await state.ruleStates()).get("checkout")).to.deep.equal(at(start + minute).state);
      await state.commitTick(tick([at(start + 3 * minute, changed)], start + 3 * minute));
      expect((await state.ruleStates()).get("checkout")).to.deep.equal(at(start + 3 * minute, changed).state);
      await state.commitTick(tick([at(start + 4 * minute)], start + 4 * minute));
      expect((await state.ruleStates()).get("checkout")).to.deep.equal(at(start + 4 * minute).state);
    });

    it("finds a finding by its rules and alerts as they are now, also when they were rolled back before", async () => {
      const { state, history } = test.store;
      const rulesOf = async (rule: string) => (await history.findings({ rule, limit: 5 })).items.length;
      const withRules = (...ruleIds: string[]) => ({
        finding: finding("checkout", { ruleIds }),
        events: [],
        outbox: [],
      });
      const commit = (...findings: RuleCommit["findings"]) =>
        state.commitTick(tick([ruleCommit("checkout", { findings })]));
      expect(await commit(withRules("first", "second"), unstorable("checkout"))).to.have.length(1);
      expect(await rulesOf("first")).to.equal(0);
      for (let again = 0; again < 2; again += 1) expect(await commit(withRules("first", "second"))).to.deep.equal([]);
      expect([await rulesOf("first"), await rulesOf("second")]).to.deep.equal([1, 1]);
      await commit(withRules("second"));
      expect([await rulesOf("first"), await rulesOf("second")]).to.deep.equal([0, 1]);
      const failed = state.commitFindings([withRules("first"), unstorable("checkout")]).then(
        () => false,
        () => true,
      );
      expect(await failed).to.equal(true);
      await commit(withRules("first"));
      expect([await rulesOf("first"), await rulesOf("second")]).to.deep.equal([1, 0]);
      const { fingerprint } = finding("checkout").worst;
      expect((await history.findings({ limit: 5 })).items[0]?.worst.fingerprint).to.equal(fingerprint);
    });

    it("updates when a known label set was seen, whatever the order of its labels", async () => {
      const { state } = test.store;
      const seen = (labels: Record<string, string>, seenAt: number) =>
        tick([ruleCommit("checkout", { labelSetsSeen: [{ ruleId: "checkout", labels, seenAt }] })]);
      await state.commitTick(seen({ a: "1", b: "2" }, start));
      await state.commitTick(seen({ b: "2", a: "1" }, start + minute));
      expect(await state.knownLabelSets(["checkout"])).to.deep.equal([
        { ruleId: "checkout", labels: { a: "1", b: "2" }, seenAt: start + minute },
      ]);
    });

    it("finds more group keys and rules than a statement has parameters", async () => {
      const { state } = test.store;
      await state.commitTick(tick([firingRule("checkout"), firingRule("cart")]));
      const names = Array.from({ length: 1_700 }, (_, index) => `rule-${index}`);
      const asked = [...names.slice(0, 900), "checkout", ...names.slice(900), "cart"];
      expect([...(await state.findings(asked.map(keyOf))).values()].map((one) => one.problem)).to.have.members([
        "checkout",
        "cart",
      ]);
      expect((await state.knownLabelSets(asked)).map((one) => one.ruleId)).to.have.members(["checkout", "cart"]);
    });

    it("stores the same intent once, however often and wherever it is decided", async () => {
      const { state, outbox } = test.store;
      const decided = () => state.commitTick(tick([firingRule("checkout", { outbox: [createDraft("checkout")] })]));
      expect(await decided()).to.deep.equal([]);
      expect(await decided()).to.deep.equal([]);
      const again = createDraft("checkout", { rank: 99, generation: 1 });
      await state.commitTick(tick([firingRule("checkout", { outbox: [again, commentDraft("checkout", "quiet-1")] })]));
      const open = await outbox.openOf([idOf("checkout")]);
      expect(open.map((entry) => [entry.action.kind, entry.rank])).to.deep.equal([
        ["create", 70],
        ["comment", 70],
      ]);
    });

    it("stores what was decided between ticks, all of it or nothing, and touches neither alerts nor watermarks", async () => {
      const { state, history } = test.store;
      await state.commitTick(tick([firingRule("checkout"), firingRule("search")]));
      const attended = (name: string, broken = false) => ({
        finding: finding(name, { state: "regressed", changedAt: broken ? Number.NaN : start + minute }),
        events: [event({ code: "regressed" })],
        outbox: [commentDraft(name, "regressed:1")],
      });
      const refused = state.commitFindings([attended("checkout"), attended("search", true)]);
      expect(await refused.catch((error: unknown) => error)).to.be.instanceOf(BackfeedError);
      expect((await history.finding(idOf("checkout")))?.state).to.equal("open");
      await state.commitFindings([attended("checkout"), attended("search")]);
      await state.commitFindings([attended("checkout")]);
      await test.restart();
      const { store } = test;
      expect((await store.history.finding(idOf("checkout")))?.state).to.equal("regressed");
      expect((await store.history.events(idOf("search"))).map(({ code }) => code)).to.include("regressed");
      expect((await store.outbox.openOf([idOf("checkout")])).map(({ action }) => action.kind)).to.deep.equal([
        "create",
        "comment",
      ]);
      expect(await store.state.alerts()).to.have.length(2);
      expect((await store.state.ruleStates()).get("checkout")?.watermark).to.equal(start);
    });

    it("counts creates by tracker and project since an instant, whatever became of them", async () => {
      const { state, outbox } = test.store;
      const create = createDraft("checkout");
      const local = createDraft("search", { createdAt: start + minute });
      if (local.action.kind !== "create") throw new Error("a create was meant");
      const route = { tracker: "local", labels: [], fields: {} };
      const drafts = [
        firingRule("checkout", { outbox: [create, commentDraft("checkout", "a")] }),
        firingRule("cart", { outbox: [createDraft("cart", { createdAt: start + minute })] }),
        firingRule("old", { outbox: [createDraft("old", { createdAt: start - 1 })] }),
        firingRule("search", { outbox: [{ ...local, action: { ...local.action, route } }] }),
      ];
      await state.commitTick(tick(drafts));
      const [claimed] = await outbox.claim({ now: start, owner: "w", leaseMs: minute, limit: 1 });
      await outbox.settle(claimed!.id, { owner: "w", state: "dropped", now: start });
      expect([...(await state.createsSince(start))]).to.have.deep.members([
        ["jira/PAY", { count: 2, oldestAt: start }],
        ["local/", { count: 1, oldestAt: start + minute }],
      ]);
      expect([...(await state.createsSince(start + minute))]).to.have.deep.members([
        ["jira/PAY", { count: 1, oldestAt: start + minute }],
        ["local/", { count: 1, oldestAt: start + minute }],
      ]);
    });

    it("keeps a tick of more rules than one transaction holds", async () => {
      const { state } = test.store;
      const rules = Array.from({ length: 250 }, (_, index) => ruleCommit(`rule-${index}`));
      expect(await state.commitTick(tick(rules))).to.deep.equal([]);
      expect((await state.ruleStates()).size).to.equal(250);
    });
  });

  describe("a rule that cannot be stored", () => {
    const poisons: Readonly<Record<string, (name: string) => RuleCommit>> = {
      "an alert whose fingerprint is a lone surrogate": (name) =>
        ruleCommit(name, { alertsChanged: [alert(name), alert(name, { fingerprint: "\ud800" })] }),
      "an alert without a group key": (name) =>
        ruleCommit(name, { alertsChanged: [alert(name, { groupKey: undefined as unknown as string })] }),
      "a value that is no finite number": (name) =>
        ruleCommit(name, {
          alertsChanged: [alert(name, { verdict: { kind: "breached", value: Number.NaN, events: 1 } })],
        }),
      "an outbox entry of a finding that is not there": (name) =>
        firingRule(name, { outbox: [createDraft(name), createDraft("nobody")] }),
      "an event after a finding whose group key is another's": (name) =>
        firingRule(name, { finding: finding(name, { groupKey: keyOf("before") }) }),
      "a watermark that is none": (name) =>
        ruleCommit(name, { state: { ...ruleCommit(name).state, watermark: Number.POSITIVE_INFINITY } }),
    };
    for (const [what, poisoned] of Object.entries(poisons)) {
      it(`fails alone and leaves nothing: ${what}`, async () => {
        const { state, outbox, history } = test.store;
        const rules = [firingRule("before"), poisoned("bad"), firingRule("after")];
        const failures = await state.commitTick(tick(rules));
        expect(failures.map((failure) => failure.ruleId)).to.deep.equal(["bad"]);
        expect(failures[0]!.message).to.be.a("string").and.not.equal("");
        expect([...(await state.ruleStates()).keys()]).to.have.members(["before", "after"]);
        expect((await state.alerts()).map((one) => one.ruleId)).to.have.members(["before", "after"]);
        const open = await history.findings({ state: "open", limit: 9 });
        expect(open.items.map((one) => one.problem)).to.have.members(["before", "after"]);
        expect(await outbox.counts()).to.include({ pending: 2 });
        expect(await history.ruleTicks("bad", 1)).to.deep.equal([]);

        expect(await state.commitTick(tick([firingRule("bad")], start + minute))).to.deep.equal([]);
        expect((await history.ruleTicks("bad", 9)).map((one) => one.tick)).to.deep.equal([start + minute]);
      });
    }

    it("is named also when it is the only one, or all are", async () => {
      const { state } = test.store;
      const bad = (name: string) => ruleCommit(name, { alertsChanged: [alert(name, { since: Number.NaN })] });
      const failures = await state.commitTick(tick([bad("one"), bad("two")]));
      expect(failures.map((failure) => failure.ruleId)).to.deep.equal(["one", "two"]);
      expect((await state.ruleStates()).size).to.equal(0);
    });
  });

  describe("the instance of a store", () => {
    const refusal = async (work: Promise<unknown>) => {
      const thrown = await work.then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(thrown).to.be.instanceOf(BackfeedError);
      return thrown as BackfeedError;
    };

    it("is the first one ever stored", async () => {
      expect(await test.store.state.openInstance("prod-eu", [])).to.equal("prod-eu");
      await test.restart();
      expect(await test.store.state.openInstance("prod-eu", [])).to.equal("prod-eu");
    });

    it("is refused when it is another", async () => {
      await test.store.state.openInstance("prod-eu", []);
      const error = await refusal(test.store.state.openInstance("prod-us", ["staging"]));
      expect(error.kind).to.equal("configuration");
      expect(error.message).to.include('"prod-eu"').and.include("instance_formerly");
    });

    it("keeps the first name for identities over any number of renamings", async () => {
      const { state } = test.store;
      await state.openInstance("a", []);
      expect(await state.openInstance("b", ["a"])).to.equal("a");
      expect(await state.openInstance("c", ["b"])).to.equal("a");
      expect(await state.openInstance("a", [])).to.equal("a");
      expect((await refusal(state.openInstance("z", ["y"]))).kind).to.equal("configuration");
    });
  });
}

/** What no database takes. */
function unstorable(name: string): RuleCommit["findings"][number] {
  return { finding: finding(name, { id: "\0", score: Number.NaN } as never), events: [], outbox: [] };
}
