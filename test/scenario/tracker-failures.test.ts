import { expect } from "chai";
import { FaultWorld, faultStart } from "../support/fault-world.ts";
import type { Fault, FaultKind } from "../support/jira/faults.ts";
import { passTime } from "../support/passing-time.ts";

const second = 1_000;
const minute = 60 * second;

for (const deployment of ["cloud", "datacenter"] as const) {
  describe(`while Jira ${deployment} fails`, function () {
    this.timeout(300_000);
    let it_: FaultWorld;

    async function begin(
      options: { services?: Record<string, number>; faults?: readonly Fault[]; paced?: boolean } = {},
    ) {
      const { services, faults = [], paced = false } = options;
      it_ = await FaultWorld.begin({ deployment, paced, ...(services === undefined ? {} : { services }) });
      it_.jira.faults.push(...faults);
    }

    afterEach(async () => {
      expect(it_.jira.violations).to.deep.equal([]);
      await it_.end();
    });

    const creates = () => it_.jira.requests.filter(({ operation }) => operation === "createIssue");

    const lostCreates: readonly [string, FaultKind][] = [
      ["is reset after it was processed", { kind: "lostAnswer" }],
      ["is cut off", { kind: "truncatedBody" }],
      ["is no JSON", { kind: "invalidJson" }],
      ["is an HTML page, and it was processed", { kind: "htmlError", status: 502, processed: true }],
      ["is a 500, and it was processed", { kind: "serverError", processed: true }],
    ];
    for (const [how, fault] of lostCreates) {
      it(`finds the issue whose create's answer ${how}, though search lags by five seconds`, async () => {
        await begin({ faults: [{ ...fault, operation: "createIssue" }] });
        await passTime(it_.world, 5 * minute);
        await it_.expectWhole();
        expect(creates()).to.have.length(1);
      });
    }

    const undoneCreates: readonly [string, FaultKind][] = [
      ["is reset before it was processed", { kind: "resetBefore" }],
      ["is an HTML page, and it was not processed", { kind: "htmlError", status: 503 }],
      ["is a 500, and it was not processed", { kind: "serverError" }],
    ];
    for (const [how, fault] of undoneCreates) {
      it(`files once more, after having looked, when a create's answer ${how}`, async () => {
        await begin({ faults: [{ ...fault, operation: "createIssue" }] });
        await passTime(it_.world, 10 * minute);
        await it_.expectWhole();
        const [first, second_] = creates();
        expect(creates()).to.have.length(2);
        const window = deployment === "cloud" ? 232 * second : 18 * second;
        expect(second_!.at - first!.at).to.be.at.least(window);
      });
    }

    it("files nothing while search answers 500, and one when it works again", async () => {
      await begin({ faults: [{ kind: "serverError", operation: "search", times: 4 }] });
      await passTime(it_.world, minute);
      expect(creates()).to.have.length(0);
      await passTime(it_.world, 10 * minute);
      await it_.expectWhole();
      expect(creates()).to.have.length(1);
    });

    it("asks for nothing before Retry-After is over, for any ticket", async () => {
      await begin({
        services: { cart: 1, search: 1, pay: 2 },
        faults: [{ kind: "rateLimited", retryAfter: 90, operation: "createIssue" }],
        paced: true,
      });
      await passTime(it_.world, 10 * minute);
      const limited = it_.jira.requests.find(({ status }) => status === 429)!;
      const early = it_.jira.requests.filter(({ at }) => at > limited.at && at < limited.at + 90 * second);
      expect(early.map(({ at, operation }) => `${operation} after ${(at - limited.at) / second} s`)).to.deep.equal([]);
      await it_.expectWhole();
      expect(creates()).to.have.length(4);
    });

    it("files each once when every request is answered with an HTML page for a quarter of an hour", async () => {
      await begin({
        services: { cart: 1, search: 5 },
        faults: [{ kind: "htmlError", status: 503, times: Number.POSITIVE_INFINITY }],
      });
      await passTime(it_.world, 15 * minute);
      expect(it_.jira.issues()).to.have.length(0);
      it_.jira.faults.clear();
      await passTime(it_.world, 15 * minute);
      await it_.expectWhole();
      expect(creates()).to.have.length(2);
    });

    it("files nothing as a stranger: an expired token that looks like an empty answer is none", async () => {
      await begin({ services: { cart: 1, search: 5 } });
      await passTime(it_.world, 2 * minute);
      expect(it_.jira.issues()).to.have.length(1);
      it_.jira.expireToken();
      await passTime(it_.world, 20 * minute);
      expect(it_.jira.issues()).to.have.length(1);
      expect(creates(), "creates, the first one's included").to.have.length(1);
      it_.jira.renewToken();
      await passTime(it_.world, 10 * minute);
      await it_.expectWhole();
    });

    it("is not taken in by an answer that names nobody in the middle of the look before a create", async () => {
      await begin({ faults: [{ kind: "expiredToken", operation: "search" }] });
      await passTime(it_.world, 5 * minute);
      await it_.expectWhole();
      expect(creates()).to.have.length(1);
    });

    it("does not file a second time because its looks for a lost create were answered as to a stranger", async () => {
      await begin({
        faults: [
          { kind: "lostAnswer", operation: "createIssue" },
          // Longer than a lost create is looked for.
          { kind: "expiredToken", operation: "search", skip: 1, times: 20 },
        ],
      });
      await passTime(it_.world, 30 * minute);
      expect(creates()).to.have.length(1);
      it_.jira.faults.clear();
      await passTime(it_.world, 30 * minute);
      await it_.expectWhole();
      expect(creates()).to.have.length(1);
    });

    it("parks what Jira refuses, says so, and files it when an operator asks for it", async () => {
      await begin({ faults: [{ kind: "serverError", status: 400, operation: "createIssue" }] });
      await passTime(it_.world, 30 * minute);
      expect(it_.jira.issues()).to.have.length(0);
      const { items } = await it_.world.store.history.findings({ limit: 10 });
      expect(items[0]!.decision).to.include({ action: "none", reason: "awaiting_operator" });
      expect(await it_.retryParked()).to.equal(1);
      await passTime(it_.world, minute);
      await it_.expectWhole();
    });

    it("parks a create that was lost twice, and files it once when an operator asks for it", async () => {
      await begin({ faults: [{ kind: "htmlError", status: 502, operation: "createIssue", times: 2 }] });
      await passTime(it_.world, 30 * minute);
      expect(it_.jira.issues()).to.have.length(0);
      expect(creates()).to.have.length(2);
      expect(await it_.retryParked()).to.equal(1);
      await passTime(it_.world, 10 * minute);
      await it_.expectWhole();
      expect(creates()).to.have.length(3);
    });

    it("adds chart and link later when Jira takes them later, and to the same issue", async () => {
      await begin({
        faults: [
          { kind: "lostAnswer", operation: "addAttachment" },
          { kind: "htmlError", operation: "putRemoteLink", times: 3 },
        ],
      });
      await passTime(it_.world, 5 * minute);
      await it_.expectWhole();
      expect(faultStart).to.be.lessThan(it_.world.clock.now());
    });
  });
}
