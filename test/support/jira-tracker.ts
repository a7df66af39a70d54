import type { Dispatcher } from "undici";
import type { Clock } from "../../src/support/clock.ts";
import type { Pacer } from "../../src/trackers/jira/pacer.ts";
import { createJiraTracker } from "../../src/trackers/jira/tracker.ts";
import type { Tracker } from "../../src/trackers/tracker.ts";
import type { Deployment } from "./jira/options.ts";
import type { JiraDouble } from "./jira/start-jira-double.ts";

/** Files Bugs into a project of the double, OPS unless another is named; with the pace of production unless another is given. */
export function jiraTracker(
  jira: JiraDouble,
  options: {
    readonly deployment: Deployment;
    readonly clock: Clock;
    readonly project?: string;
    readonly pacer?: Pacer;
    readonly dispatcher?: Dispatcher;
  },
): Tracker {
  const { deployment } = options;
  const auth = jira.login[deployment];
  return createJiraTracker({
    project: "OPS",
    ...options,
    name: "jira",
    url: jira.url,
    auth,
    issueType: "Bug",
    allowHttp: true,
  });
}
