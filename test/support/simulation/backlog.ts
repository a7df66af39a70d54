import type { Store } from "../../../src/store/store.ts";
import type { ManualClock } from "../../../src/support/clock.ts";
import { createJiraTracker } from "../../../src/trackers/jira/tracker.ts";
import { createLocalTracker } from "../../../src/trackers/local/local-tracker.ts";
import type { Tracker } from "../../../src/trackers/tracker.ts";
import { freePacer } from "../free-pacer.ts";
import type { Deployment } from "../jira/options.ts";

export type Backlog = Deployment | "local";

/** One process's tracker. `url` is where the double is, when it is not in this process. */
export function trackerFor(backlog: Backlog, url: string | undefined, store: Store, clock: ManualClock): Tracker {
  if (backlog === "local") return createLocalTracker({ name: "local", tickets: store.localTickets, clock });
  return createJiraTracker({
    name: "jira",
    url: url ?? "",
    deployment: backlog,
    auth: logins[backlog],
    project: "OPS",
    issueType: "Bug",
    allowHttp: true,
    clock,
    pacer: freePacer,
  });
}

const logins = {
  cloud: { email: "backfeed@example.com", token: "cloud-api-token-1" },
  datacenter: { token: "dc-personal-access-token-1" },
} as const;
