import { expect } from "chai";
import { plainText } from "../../src/model/document.ts";
import type { Store } from "../../src/store/store.ts";
import type { Clock } from "../../src/support/clock.ts";
import { createLocalTracker } from "../../src/trackers/local/local-tracker.ts";
import type { Tracker } from "../../src/trackers/tracker.ts";
import { freePacer } from "./free-pacer.ts";
import { adfText } from "./jira/adf.ts";
import { startJiraDouble } from "./jira/start-jira-double.ts";
import { jiraTracker } from "./jira-tracker.ts";

/** A ticket as a person reads it, in whatever tracker. */
export interface ReadTicket {
  readonly key: string;
  readonly summary: string;
  readonly text: string;
  readonly comments: readonly { readonly marker: string; readonly text: string }[];
  /** Keys. */
  readonly linkedTo: readonly string[];
}

/** A tracker that a storm is filed into, for scenarios on a manual clock. */
export interface StormBacklog {
  readonly project: string | undefined;
  tracker(store: Store, clock: Clock): Tracker;
  /** In the order in which they were filed. */
  tickets(store: Store): Promise<readonly ReadTicket[]>;
  close(key: string, store: Store): Promise<void>;
  stop(): Promise<void>;
}

function localBacklog(): StormBacklog {
  let tracker: ReturnType<typeof createLocalTracker>;
  return {
    project: undefined,
    tracker: (store, clock) => {
      tracker = createLocalTracker({ name: "local", tickets: store.localTickets, clock });
      return tracker;
    },
    tickets: async (store) => {
      const { items } = await store.localTickets.list({ limit: 200 });
      return [...items].reverse().map((ticket) => ({
        key: ticket.key,
        summary: ticket.summary,
        text: plainText(ticket.document),
        comments: ticket.comments.map(({ marker, document }) => ({ marker, text: plainText(document) })),
        linkedTo: (ticket.related ?? []).map(({ key }) => key),
      }));
    },
    close: async (key) => void (await tracker.move(key, "Done", "alice")),
    stop: async () => undefined,
  };
}

async function jiraBacklog(deployment: "cloud" | "datacenter", clock: () => number): Promise<StormBacklog> {
  const jira = await startJiraDouble({ deployment, clock });
  // Wiki markup without the backslashes that keep its characters plain.
  const textOf = (body: unknown) => (typeof body === "string" ? body.replace(/\\(.)/g, "$1") : adfText(body));
  return {
    project: "OPS",
    tracker: (_store, worldClock) => jiraTracker(jira, { deployment, clock: worldClock, pacer: freePacer }),
    tickets: async () =>
      jira.issues().map((issue) => ({
        key: issue.key,
        summary: String(issue.fields["summary"]),
        text: textOf(issue.fields["description"]),
        comments: issue.comments.map(({ properties, body }) => ({
          marker: (properties["backfeed"] as { marker?: string } | undefined)?.marker ?? "a person's",
          text: textOf(body),
        })),
        linkedTo: issue.links.map(({ other }) => jira.issue(other)?.key ?? ""),
      })),
    close: async (key) => jira.person("alice").transition(key, "Done"),
    stop: async () => {
      expect(jira.violations).to.deep.equal([]);
      await jira.stop();
    },
  };
}

export const stormBacklogs: Readonly<Record<string, (clock: () => number) => Promise<StormBacklog>>> = {
  "the embedded backlog": async () => localBacklog(),
  "Jira Cloud": (clock) => jiraBacklog("cloud", clock),
  "Jira Data Center": (clock) => jiraBacklog("datacenter", clock),
};
