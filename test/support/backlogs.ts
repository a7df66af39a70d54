import { expect } from "chai";
import { plainText } from "../../src/model/document.ts";
import type { Store } from "../../src/store/store.ts";
import type { ManualClock } from "../../src/support/clock.ts";
import { createLocalTracker, type LocalTracker } from "../../src/trackers/local/local-tracker.ts";
import type { Tracker } from "../../src/trackers/tracker.ts";
import { type JiraDouble, startJiraDouble } from "./jira/start-jira-double.ts";
import { jiraTracker } from "./jira-tracker.ts";

/** What a team sees, whichever tracker it uses. */
export interface Ticket {
  readonly key: string;
  readonly summary: string;
  readonly status: string;
  readonly isDone: boolean;
  readonly priority: string;
  /** Each with its marker's first word. */
  readonly comments: readonly string[];
  readonly text: string;
  readonly linkedTo: readonly string[];
}

export interface Backlog {
  readonly project: string | undefined;
  tracker(store: Store, clock: ManualClock): Tracker;
  tickets(store: Store): Promise<readonly Ticket[]>;
  move(key: string, status: string): Promise<void>;
  stop(): Promise<void>;
}

function localBacklog(): Backlog {
  let tracker: LocalTracker;
  return {
    project: undefined,
    tracker: (store, clock) => {
      tracker = createLocalTracker({ name: "local", tickets: store.localTickets, clock });
      return tracker;
    },
    tickets: async (store) =>
      [...(await store.localTickets.list({ limit: 99 })).items].reverse().map((ticket) => ({
        key: ticket.key,
        summary: ticket.summary,
        status: ticket.status,
        isDone: ticket.statusCategory === "done",
        priority: ticket.priority,
        comments: ticket.comments.map(({ marker }) => marker.split(":")[0] ?? ""),
        text: [ticket.document, ...ticket.comments.map(({ document }) => document)].map(plainText).join("\n"),
        linkedTo: (ticket.related ?? []).map(({ key }) => key),
      })),
    move: async (key, status) => void (await tracker.move(key, status, "alice")),
    stop: async () => undefined,
  };
}

async function jiraBacklog(deployment: "cloud" | "datacenter", clock: () => number): Promise<Backlog> {
  const jira: JiraDouble = await startJiraDouble({ deployment, clock });
  const markerOf = (properties: unknown) => {
    const { marker } = (properties as { backfeed?: { marker?: string } }).backfeed ?? {};
    return marker?.split(":")[0] ?? "a person's";
  };
  return {
    project: "OPS",
    tracker: (_store, worldClock) => jiraTracker(jira, { deployment, clock: worldClock }),
    tickets: async () =>
      jira.issues().map((issue) => ({
        key: issue.key,
        summary: String(issue.fields["summary"]),
        status: issue.status,
        isDone: ["Done", "Won't Do"].includes(issue.status),
        priority: String(issue.fields["priority"]),
        comments: issue.comments.map(({ properties }) => markerOf(properties)),
        text: JSON.stringify([issue.fields["description"], issue.comments]),
        linkedTo: issue.links.map(({ other }) => jira.issue(other)?.key ?? ""),
      })),
    move: async (key, status) => jira.person("alice").transition(key, status),
    stop: async () => {
      expect(jira.violations).to.deep.equal([]);
      await jira.stop();
    },
  };
}

/** By how a test names them; `clock` is what the double goes by. */
export const backlogs = {
  "the embedded backlog": async () => localBacklog(),
  "Jira Cloud": (clock: () => number) => jiraBacklog("cloud", clock),
  "Jira Data Center": (clock: () => number) => jiraBacklog("datacenter", clock),
};
