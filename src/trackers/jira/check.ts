import { bands } from "../../model/priority.ts";
import type { TicketRoute } from "../../model/ticket.ts";
import { asBackfeedError, type BackfeedError } from "../../support/errors.ts";
import type { TrackerFault } from "../tracker.ts";
import type { CreateScreen, CreateScreens } from "./create-screen.ts";
import { missingFields } from "./issue-fields.ts";
import { priorityOf } from "./priority.ts";
import type { Jira } from "./session.ts";
import { chooseMove } from "./transition.ts";

export interface CheckOptions {
  readonly jira: Jira;
  readonly screens: CreateScreens;
  readonly routes: readonly { readonly route: TicketRoute; readonly project: string; readonly issueType: string }[];
  readonly wontDo: readonly string[];
  readonly signal: AbortSignal;
}

/** What each permission is for, and whether tickets are possible without it. */
const needed: readonly { key: string; name: string; severity: TrackerFault["severity"]; without: string }[] = [
  { key: "BROWSE_PROJECTS", name: "Browse projects", severity: "error", without: "tickets cannot be found again" },
  { key: "CREATE_ISSUES", name: "Create issues", severity: "error", without: "no ticket can be filed" },
  { key: "ADD_COMMENTS", name: "Add comments", severity: "error", without: "nothing can be said on a ticket" },
  { key: "EDIT_ISSUES", name: "Edit issues", severity: "warning", without: "priorities are not raised or lowered" },
  {
    key: "TRANSITION_ISSUES",
    name: "Transition issues",
    severity: "warning",
    without: "tickets are not closed or reopened",
  },
  { key: "CREATE_ATTACHMENTS", name: "Create attachments", severity: "warning", without: "charts are not attached" },
  { key: "LINK_ISSUES", name: "Link issues", severity: "warning", without: "tickets have no link back to the finding" },
];

/** Everything that would stop or spoil a ticket of these routes, each with what to do. */
export async function checkRoutes(options: CheckOptions): Promise<readonly TrackerFault[]> {
  const faults: TrackerFault[] = [];
  const seen = new Set<string>();
  for (const { route, project, issueType } of options.routes) {
    const found = (more: readonly TrackerFault[]) => faults.push(...more.map((fault) => ({ ...fault, route })));
    if (!seen.has(project)) found(await checkProject(options, project));
    const isBroken = faults.some((fault) => fault.severity === "error" && fault.message.startsWith(`${project}:`));
    if (!isBroken) {
      const key = `${project} ${issueType}`;
      found(await checkScreen(options, { route, project, issueType, isNew: !seen.has(key) }));
      seen.add(key);
    }
    seen.add(project);
  }
  return faults;
}

async function checkProject({ jira, signal }: CheckOptions, project: string): Promise<TrackerFault[]> {
  try {
    await jira.client.project(project, signal);
    const held = await jira.client.permissions(
      project,
      needed.map(({ key }) => key),
      signal,
    );
    return needed
      .filter(({ key }) => held[key]?.havePermission !== true)
      .map(({ name, severity, without }) => ({
        severity,
        message: `${project}: we lack the permission "${name}": ${without}`,
        fix: `give the account "${name}" in the permission scheme of ${project}`,
      }));
  } catch (thrown) {
    const error = asBackfeedError(thrown);
    if (error.kind !== "not_found") return [faultOf(error, project)];
    const fix = "check the key under project, and that the account may browse the project";
    return [{ severity: "error", message: `${project}: there is no such project, or we may not see it`, fix }];
  }
}

async function checkScreen(
  options: CheckOptions,
  where: { route: TicketRoute; project: string; issueType: string; isNew: boolean },
): Promise<TrackerFault[]> {
  const { jira, screens, signal, wontDo } = options;
  const { project, issueType, route } = where;
  try {
    screens.forget(where);
    const screen = await screens.get(jira.client, where, signal);
    const faults = routeFaults(screen, route);
    if (!where.isNew) return faults;
    return [...screenFaults(screen), ...faults, ...(await transitionFaults({ jira, screen, wontDo, signal }))];
  } catch (thrown) {
    return [faultOf(asBackfeedError(thrown), `${project} ${issueType}`)];
  }
}

/** What is wrong with a create screen whatever a route wants. Pure. */
function screenFaults(screen: CreateScreen): TrackerFault[] {
  const where = `${screen.project}: ${screen.issueType.name}`;
  const add = (field: string) =>
    `add the field ${field} to the create screen of ${screen.issueType.name} in ${screen.project}`;
  const faults: TrackerFault[] = [];
  if (!screen.fields.has("labels")) {
    faults.push({
      severity: "error",
      message: `${where}: labels are not on the create screen, so tickets could not be found again`,
      fix: add("Labels"),
    });
  }
  if (!screen.fields.has("description")) {
    faults.push({
      severity: "warning",
      message: `${where}: the description is not on the create screen, so tickets carry no evidence`,
      fix: add("Description"),
    });
  }
  const allowed = screen.fields.get("priority")?.allowedValues ?? [];
  if (allowed.length === 0) {
    faults.push({
      severity: "warning",
      message: `${where}: priority is not on the create screen: the band becomes a label and the first line`,
      fix: add("Priority"),
    });
  }
  const byPosition = [...bands].reverse().flatMap((band) => {
    const priority = band === "None" ? undefined : priorityOf(band, allowed);
    return priority === undefined || priority.name?.toLowerCase() === band.toLowerCase()
      ? []
      : [`${band} becomes ${priority.name}`];
  });
  if (byPosition.length > 0)
    faults.push({ severity: "warning", message: `${where}: priorities by position: ${byPosition.join(", ")}` });
  return faults;
}

/** What of a route's wishes the screen does not take. Pure. */
function routeFaults(screen: CreateScreen, route: TicketRoute): TrackerFault[] {
  const where = `${screen.project}: ${screen.issueType.name}`;
  const given = new Set([
    ...Object.keys(route.fields),
    "project",
    "issuetype",
    "summary",
    "description",
    "labels",
    "priority",
  ]);
  if (route.component !== undefined) given.add("components");
  if (route.assignee !== undefined) given.add("assignee");
  const faults: TrackerFault[] = missingFields(screen, given).map(({ sentence }) => ({
    severity: "error",
    message: `${where}: ${sentence}`,
  }));
  const unplaced = Object.keys(route.fields).filter((id) => !screen.fields.has(id));
  for (const id of unplaced) {
    faults.push({
      severity: "warning",
      message: `${where}: field ${id} of owners.yaml is not on the create screen and is left out`,
      fix: `add the field to the screen, or take it out of owners.yaml`,
    });
  }
  const components = screen.fields.get("components")?.allowedValues ?? [];
  const wish = route.component?.toLowerCase();
  if (wish !== undefined && !components.some((one) => one.name?.toLowerCase() === wish)) {
    const names = components.flatMap((one) => one.name ?? []).slice(0, 20);
    faults.push({
      severity: "warning",
      message: `${where}: component "${route.component}" is unknown; tickets are filed without`,
      fix: names.length === 0 ? "create the component in the project" : `write one of ${names.join(", ")}`,
    });
  }
  return faults;
}

/** Transitions show only on an issue, so the newest of the project's is asked; none, or one that is done, tells nothing. */
async function transitionFaults(options: {
  jira: Jira;
  screen: CreateScreen;
  wontDo: readonly string[];
  signal: AbortSignal;
}): Promise<TrackerFault[]> {
  const { jira, screen, wontDo, signal } = options;
  const jql = `project = "${screen.project}" AND issuetype = ${screen.issueType.id} AND statusCategory != Done ORDER BY created DESC`;
  if (!/^\d{1,19}$/.test(screen.issueType.id)) return [];
  const { issues } = await jira.client.search({ jql, after: undefined, size: 1 }, signal);
  const id = issues[0]?.id;
  if (id === undefined) return [];
  const transitions = await jira.client.transitions(id, signal);
  if (chooseMove(transitions, { category: "done", wontDo }) !== undefined) return [];
  return [
    {
      severity: "warning",
      message: `${screen.project}: ${screen.issueType.name}: no transition that we could make leads to a done status: tickets are not closed by us`,
      fix: "give the workflow a transition to a done status that asks for nothing but a resolution",
    },
  ];
}

/** A failure to ask, as a finding of the check; what tells nothing of the configuration is thrown: stopped, or no answer now. */
export function faultOf(error: BackfeedError, where: string): TrackerFault {
  if (error.kind === "aborted" || error.retryable) throw error;
  const fixes: Partial<Record<BackfeedError["kind"], string>> = {
    unauthorized:
      "check the account, its token and their expiry; a scoped token needs url https://api.atlassian.com/ex/jira/<cloudId>",
    refused: "see docs/jira.md",
  };
  const fix = fixes[error.kind];
  return { severity: "error", message: `${where}: ${error.message}`, ...(fix === undefined ? {} : { fix }) };
}
