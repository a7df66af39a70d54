import type { SourceChange } from "../../compiled-script.ts";

/** A fault put into a copy of the program's sources, to see whether the simulation would notice it. */
export interface Defect {
  readonly name: string;
  /** What it does, and so what somebody would have broken. */
  readonly says: string;
  /** The first seed that was seen to show it. */
  readonly shownBy: number;
  readonly changes: readonly SourceChange[];
}

export const defects: readonly Defect[] = [
  {
    name: "no-lease",
    says: "entries are claimed although another worker has them",
    shownBy: 0,
    changes: [
      {
        file: "src/store/sql/outbox-claim.ts",
        find: `.where((where) => where.or([where("lease_until", "is", null), where("lease_until", "<=", now)]))`,
        replace: "",
      },
      { file: "src/store/sql/outbox-claim.ts", find: ".where((where) => noneOnItsWay(where, now))", replace: "" },
    ],
  },
  {
    name: "no-settle-window",
    says: "a create whose answer was lost is sent again after one look",
    shownBy: 20,
    changes: [
      {
        file: "src/deliver/outcome.ts",
        find: `if (entry.state !== "unknown") return { next: "send" };`,
        replace: `if (entry.lostCreates < mostLostCreates) return { next: "send" };`,
      },
    ],
  },
  {
    name: "label-only-look-up",
    says: "an issue with the label is taken for the ticket, whatever its generation",
    shownBy: 15,
    changes: [
      {
        file: "src/trackers/jira/find-issues.ts",
        find: "mark?.groupKey === identity.groupKey && mark.generation === identity.generation",
        replace: "mark?.groupKey === identity.groupKey",
      },
    ],
  },
  {
    name: "blind-field-write",
    says: "the priority is written without a look at who set the one that stands there",
    shownBy: 0,
    changes: [
      {
        file: "src/trackers/jira/set-priority.ts",
        find: `if (isTheirs && !always) return { outcome: "kept", priority: current };`,
        replace: "void [isTheirs, always];",
      },
    ],
  },
  {
    name: "watermark-before-commit",
    says: "a tick counts as judged before what it saw is stored",
    shownBy: 0,
    changes: [
      {
        file: "src/app/conclude.ts",
        find: "const { commits, storm } = await triageFindings(",
        replace: `await state.commitTick({
          schedule: request.schedule,
          tick: at,
          rules: judged.map(({ state: own }) => ({
            state: own, alertsChanged: [], alertsEnded: [], labelSetsSeen: [], labelSetsForgotten: [], findings: [],
            counts: { verdicts: {}, outcomes: {}, notEvaluated: 0 },
          })),
        });
        const { commits, storm } = await triageFindings(`,
      },
    ],
  },
  {
    name: "failed-query-is-clear",
    says: "a query that failed reads as one that found nothing",
    shownBy: 19,
    changes: [
      {
        file: "src/detect/observe.ts",
        find: "const answer = await source.answer(plan.batch, signal);",
        replace: `const given = await source.answer(plan.batch, signal);
        const nothing = plan.batch.questions.map(({ query }) => ({
          kind: "answered" as const,
          observations: query.by.length === 0 ? [{ labels: {}, value: 0, events: 0 }] : [],
          notAnswered: 0,
        }));
        const answer = {
          ...given,
          answers: given.answers.map((each, place) => (each.kind === "failed" ? (nothing[place] ?? each) : each)),
          probes: given.probes.map((each) => (each.kind === "failed" ? { kind: "answered" as const, any: true } : each)),
        };`,
      },
    ],
  },
  {
    name: "stale-source-is-clear",
    says: "an ingest that stands still reads as a production without trouble",
    shownBy: 6,
    changes: [
      {
        file: "src/detect/judge.ts",
        find: "return isFalse(answer.probes, planned.freshProbe);",
        replace: "return isFalse(answer.probes, planned.freshProbe) && false;",
      },
    ],
  },
  {
    name: "duplicate-idempotency-key",
    says: "two summaries of one ticket are one intent, so the second is never said",
    shownBy: 0,
    changes: [
      {
        file: "src/triage/intents.ts",
        find: `case "summary":
    case "priority":`,
        replace: `case "summary":
      return "summary";
    case "priority":`,
      },
    ],
  },
  {
    name: "dropped-outbox-entry",
    says: "what meets a rate limit is given up",
    shownBy: 5,
    changes: [
      {
        file: "src/deliver/outcome.ts",
        find: "return { ...stay(entry, later), nextAttemptAt: now + waitMs };",
        replace: `void waitMs;
        return { state: "dropped", attempts, note: error.message };`,
      },
    ],
  },
  {
    name: "comment-without-marker",
    says: "a comment does not say which event it tells, so a repetition cannot find it",
    shownBy: 0,
    changes: [
      {
        file: "src/trackers/jira/comments.ts",
        find: "const comment = await jira.client.addComment(issueId, request, signal);",
        replace: "const comment = await jira.client.addComment(issueId, { body: request.body }, signal);",
      },
    ],
  },
  {
    name: "no-catch-up",
    says: "after downtime only the newest tick is run, and nothing says that others were missed",
    shownBy: 1,
    changes: [
      {
        file: "src/app/run-schedule.ts",
        find: "? [newest] : dueTicks(schedule, reach, until);",
        replace: "? [newest] : dueTicks(schedule, reach, until).slice(-1);",
      },
      {
        file: "src/app/run-schedule.ts",
        find: "if (first !== undefined && Number.isFinite(watermark) && watermark < (gap?.watermark ?? first)) {",
        replace: "if (first !== undefined && until < 0) {",
      },
    ],
  },
  {
    name: "crash-while-sending-forgotten",
    says: "a create that was on the wire when the process died is sent again as if it had never left",
    shownBy: 30,
    changes: [
      {
        file: "src/store/sql/outbox-claim.ts",
        find: `if (entry.state !== "sending") return taken;`,
        replace: `return { ...taken, state: entry.state === "sending" ? ("pending" as const) : entry.state };`,
      },
    ],
  },
  {
    name: "samples-not-redacted",
    says: "log lines reach the ticket as they are",
    shownBy: 0,
    changes: [
      {
        file: "src/triage/collect.ts",
        find: "const together = redact(",
        replace: "const together = String(",
      },
    ],
  },
];
