import type { TicketRef, TicketRoute } from "../../src/model/ticket.ts";
import { ManualClock } from "../../src/support/clock.ts";
import { createJiraTracker, type JiraTrackerOptions } from "../../src/trackers/jira/tracker.ts";
import type { Tracker } from "../../src/trackers/tracker.ts";
import { freePacer } from "../support/free-pacer.ts";
import { adfText } from "../support/jira/adf.ts";
import { DEFAULT_LOGIN, type Deployment, defaultCredentials, type JiraDoubleOptions } from "../support/jira/options.ts";
import { type JiraDouble, startJiraDouble } from "../support/jira/start-jira-double.ts";
import type { LifeUnderTest } from "./ticket-life.contract.ts";
import type { TrackerUnderTest } from "./tracker.contract.ts";

export interface JiraUnderTest {
  readonly jira: JiraDouble;
  readonly tracker: Tracker;
  readonly clock: ManualClock;
  readonly options: JiraTrackerOptions;
  /** Edits through the API as alice, who is not us. */
  asAlice(method: string, path: string, body?: unknown): Promise<void>;
  stop(): Promise<void>;
}

export const bugRoute: TicketRoute = { tracker: "jira", project: "OPS", issueType: "Bug", labels: [], fields: {} };

/** A double with alice's credentials beside ours, and a tracker on it. */
export async function startJira(
  wanted: Partial<JiraDoubleOptions> & { deployment: Deployment; tracker?: Partial<JiraTrackerOptions> },
): Promise<JiraUnderTest> {
  const { tracker: changes, ...doubleOptions } = wanted;
  const { deployment } = doubleOptions;
  const clock = new ManualClock("2026-01-05T10:00:00Z");
  const alice =
    deployment === "cloud"
      ? ({ kind: "basic", username: "alice@example.com", secret: "alice-token", user: "alice" } as const)
      : ({ kind: "bearer", token: "alice-token", user: "alice" } as const);
  const jira = await startJiraDouble({
    clock: () => clock.now(),
    credentials: [...defaultCredentials(deployment), alice],
    ...doubleOptions,
  });
  const options: JiraTrackerOptions = {
    name: "jira",
    url: jira.url,
    auth: deployment === "cloud" ? DEFAULT_LOGIN.cloud : { token: DEFAULT_LOGIN.datacenter.token },
    project: "OPS",
    clock,
    pacer: freePacer,
    ...changes,
  };
  const tracker = createJiraTracker(options);
  const asAlice = async (method: string, path: string, body?: unknown) => {
    const authorization =
      deployment === "cloud"
        ? `Basic ${Buffer.from("alice@example.com:alice-token").toString("base64")}`
        : "Bearer alice-token";
    const response = await fetch(`${jira.url}/rest/api/${deployment === "cloud" ? 3 : 2}${path}`, {
      method,
      headers: { authorization, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`alice: ${response.status} ${await response.text()}`);
    await response.arrayBuffer();
  };
  const stop = async () => {
    await tracker.close();
    await jira.stop();
    if (jira.violations.length > 0) throw new Error(`violations: ${JSON.stringify(jira.violations)}`);
  };
  return { jira, tracker, clock, options, asAlice, stop };
}

// The double numbers its users in the order of DEFAULT_USERS.
const accountIds = ["5b10ac8d82e05b22cc7d4001", "5b10ac8d82e05b22cc7d4002"];

/** The double and the tracker as the port's suite wants them. */
export async function jiraSubject(deployment: Deployment): Promise<TrackerUnderTest & LifeUnderTest> {
  const { jira, tracker, clock, asAlice, stop } = await startJira({ deployment });
  const alice = jira.person("alice");
  const refOf = (key: string): TicketRef => {
    const found = jira.issue(key);
    if (found === undefined) throw new Error(`no issue ${key}`);
    return { id: found.id, key: found.key, url: `${jira.url}/browse/${found.key}` };
  };
  // What a snapshot calls a user, and what the double calls them.
  const users = new Map(
    ["alice", "bob"].map((name, index) => [deployment === "cloud" ? accountIds[index]! : name, name]),
  );
  const issue = (ref: TicketRef) => {
    const found = jira.issue(ref.id);
    if (found === undefined) throw new Error(`no issue ${ref.key}`);
    return found;
  };
  const pathOf = (ref: TicketRef, marker: string): string => {
    const comment = issue(ref).comments.find(
      (one) => (one.properties["backfeed"] as { marker?: string } | undefined)?.marker === marker,
    );
    if (comment === undefined) throw new Error(`no comment ${marker} on ${ref.key}`);
    return `/issue/${ref.id}/comment/${comment.id}`;
  };
  const textOf = (body: unknown): string => (typeof body === "string" ? body : adfText(body));
  const edited =
    deployment === "cloud"
      ? {
          type: "doc",
          version: 1,
          content: [{ type: "paragraph", content: [{ type: "text", text: "a person's words" }] }],
        }
      : "a person's words";
  return {
    tracker,
    labelPrefix: "backfeed",
    route: bugRoute,
    issues: async () => jira.issues().length,
    comments: async (ref) => issue(ref).comments.map((one) => textOf(one.body)),
    attachments: async (ref) => issue(ref).attachments.map((one) => one.filename),
    links: async (ref) => issue(ref).remoteLinks.map((one) => String(one.globalId)),
    person: {
      setPriority: async (ref, name) => alice.edit(ref.id, { priority: name }),
      editComment: (ref, marker) => asAlice("PUT", pathOf(ref, marker), { body: edited }),
      deleteComment: (ref, marker) => asAlice("DELETE", pathOf(ref, marker)),
      deleteTicket: async (ref) => alice.delete(ref.id),
      setField: async (ref, field, value) => alice.edit(ref.id, { [field]: users.get(value) ?? value }),
      addLabel: async (ref, label) => alice.addLabel(ref.id, label),
      close: async (ref) => alice.transition(ref.id, "Done"),
      linkAsDuplicate: async (ref, original) => alice.linkAsDuplicate(ref.id, original.id),
      file: async () => refOf(alice.file("OPS", "checkout is slow")),
      clone: async (ref) => refOf(alice.clone(ref.id)),
    },
    users: [...users.keys()] as [string, string],
    now: () => clock.now(),
    pass: (ms) => clock.advance(ms),
    stop,
  };
}
