import { expect } from "chai";
import fc from "fast-check";
import { FaultWorld } from "../support/fault-world.ts";
import type { Fault, FaultKind } from "../support/jira/faults.ts";
import type { Operation } from "../support/jira/operation.ts";
import { passTime } from "../support/passing-time.ts";

const minute = 60_000;
const seed = 20_260_105;
const runs = 60;

const kinds: readonly FaultKind[] = [
  { kind: "rateLimited", retryAfter: 20 },
  { kind: "rateLimited", retryAfter: null },
  { kind: "htmlError", status: 503 },
  { kind: "htmlError", status: 502, processed: true },
  { kind: "htmlError", status: 503, retryAfter: 45 },
  { kind: "serverError" },
  { kind: "serverError", processed: true },
  { kind: "resetBefore" },
  { kind: "lostAnswer" },
  { kind: "truncatedBody" },
  { kind: "invalidJson" },
  { kind: "redirectToLogin" },
  { kind: "expiredToken" },
  { kind: "unauthorized" },
];

const operations: readonly (Operation | undefined)[] = [
  undefined,
  "createIssue",
  "createIssue",
  "search",
  "getIssue",
  "addAttachment",
  "putRemoteLink",
  "getCreateMetaFields",
  "getMyself",
];

/** What Jira says no to is not a fault that passes: of a create it waits for an operator, of a chart it is noted. */
const refusal: fc.Arbitrary<Fault> = fc.constantFrom<Fault>(
  { kind: "serverError", status: 400, operation: "createIssue" },
  { kind: "forbidden", operation: "createIssue", times: 2 },
);

const passing: fc.Arbitrary<Fault> = fc
  .record({
    kind: fc.constantFrom(...kinds),
    operation: fc.constantFrom(...operations),
    times: fc.integer({ min: 1, max: 3 }),
    skip: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ kind, operation, times, skip }) => ({
    ...kind,
    times,
    skip,
    ...(operation === undefined ? {} : { operation }),
  }));

const trouble = fc.record({
  faults: fc.array(fc.oneof({ weight: 6, arbitrary: passing }, { weight: 1, arbitrary: refusal }), {
    minLength: 1,
    maxLength: 6,
  }),
  indexLag: fc.constantFrom(0, 2_000, 5_000),
  services: fc.constantFrom<Record<string, number>>({ cart: 1 }, { cart: 1, search: 1 }, { cart: 1, search: 3 }),
  expiredFor: fc.constantFrom(0, 0, 0, 4),
});

for (const deployment of ["cloud", "datacenter"] as const) {
  describe(`whatever goes wrong with Jira ${deployment}`, function () {
    this.timeout(300_000);

    it("there is one issue a problem, with all its parts, once it works again", async () => {
      const property = fc.asyncProperty(trouble, async ({ faults, indexLag, services, expiredFor }) => {
        const world = await FaultWorld.begin({ deployment, services, indexLag });
        try {
          const { jira } = world;
          jira.faults.push(...faults);
          if (expiredFor > 0) jira.expireToken();
          await passTime(world.world, expiredFor * minute);
          if (expiredFor > 0) expect(jira.history, "written as nobody").to.deep.equal([]);
          jira.renewToken();
          await passTime(world.world, 10 * minute);
          jira.faults.clear();
          await passTime(world.world, 10 * minute);
          // What is parked waits for an operator, who asks for it now that all is well.
          await world.retryParked();
          await passTime(world.world, 10 * minute);
          await world.expectWhole();
          expect(jira.violations).to.deep.equal([]);
        } finally {
          await world.end();
        }
      });
      await fc.assert(property, { seed, numRuns: runs / 2 });
    });
  });
}
