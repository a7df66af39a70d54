import type { FaultKind } from "../../jira/faults.ts";
import type { Operation } from "../../jira/operation.ts";
import type { Deployment } from "../../jira/options.ts";
import type { Happening } from "./plan.ts";
import type { Random } from "./random.ts";

const faults: readonly FaultKind[] = [
  { kind: "rateLimited", retryAfter: 20 },
  { kind: "rateLimited", retryAfter: null },
  { kind: "htmlError", status: 503 },
  { kind: "htmlError", status: 502, processed: true },
  { kind: "htmlError", status: 503, retryAfter: 45 },
  { kind: "serverError" },
  { kind: "serverError", processed: true },
  { kind: "resetBefore" },
  { kind: "lostAnswer" },
  { kind: "lostAnswer" },
  { kind: "truncatedBody" },
  { kind: "invalidJson" },
  { kind: "redirectToLogin" },
  { kind: "htmlLoginPage" },
  { kind: "expiredToken" },
  { kind: "unauthorized" },
  { kind: "forbidden" },
];

/** Faults of Jira that are injected, by their kind in the double. */
export const jiraFaultKinds = [...new Set<string>([...faults.map(({ kind }) => kind), "hold"])];

const operations: readonly (Operation | undefined)[] = [
  undefined,
  "createIssue",
  "createIssue",
  "createIssue",
  "search",
  "getIssue",
  "addComment",
  "addComment",
  "getComments",
  "updateComment",
  "editIssue",
  "transitionIssue",
  "addAttachment",
  "putRemoteLink",
];

/** Search of Cloud may lag by minutes, that of Data Center by seconds: the tracker looks for a lost create that long (JIRA.md 2.7). */
export const settledAfterSeconds = { cloud: 230, datacenter: 18 };

/** What can go wrong with Jira; what makes each other worse comes together. */
export function trackerTroubles(deployment: Deployment, random: Random): readonly Happening[] {
  const trouble = trackerTrouble(deployment, random);
  if (trouble.kind !== "indexLag" || random.chance(0.3)) return [trouble];
  const fault = { kind: "lostAnswer" } as const;
  return [trouble, { kind: "trackerFault", operation: "createIssue", fault, times: random.int(1, 2), skip: 0 }];
}

function trackerTrouble(deployment: Deployment, random: Random): Happening {
  const kind = random.weighted({
    trackerFault: 12,
    refusedCreate: 1,
    slowAnswer: 4,
    jiraDown: 2,
    storm429: 2,
    tokenExpired: 1,
    indexLag: 3,
    hiddenFromSearch: 1,
  });
  switch (kind) {
    case "trackerFault": {
      const operation = random.pick(operations);
      const fault = { kind, fault: random.pick(faults), times: random.int(1, 3), skip: random.int(0, 2) };
      return operation === undefined ? fault : { ...fault, operation };
    }
    case "refusedCreate":
      return { kind, times: random.int(1, 2) };
    case "slowAnswer": {
      const operation = random.pick([
        "createIssue",
        "createIssue",
        "addComment",
        "search",
        "editIssue",
        "getIssue",
      ] as const);
      const stage = random.pick(["before", "after"] as const);
      // What is done long after its caller gave up is beyond what looking before a repetition can find.
      const most = stage === "after" ? 200 : operation === "createIssue" ? settledAfterSeconds[deployment] / 2 : 19;
      return { kind, operation, stage, seconds: random.int(6, Math.floor(most)) };
    }
    case "jiraDown":
      return { kind, minutes: random.int(1, 90) };
    case "storm429":
      return { kind, minutes: random.int(1, 40), retryAfter: random.pick([null, 0, 5, 60]) };
    case "tokenExpired":
      return { kind, minutes: random.int(1, 60) };
    case "indexLag":
      return { kind, minutes: random.int(10, 120), lagSeconds: random.int(5, settledAfterSeconds[deployment] - 5) };
    case "hiddenFromSearch":
      return { kind, searches: 1 };
  }
}
