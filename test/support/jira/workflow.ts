import { isObject } from "./adf.ts";
import { findReference, type Project } from "./catalog.ts";
import { type FieldChanges, readChanges } from "./create-screen.ts";
import type { TransitionOptions } from "./options.ts";
import type { IssueRecord } from "./record.ts";
import { Complaints, refuse } from "./refusal.ts";
import type { Site } from "./site.ts";

export function initialStatus(project: Project): string {
  const first = project.workflow.statuses[0];
  if (first === undefined) throw new Error(`Jira double: project ${project.key} has a workflow without statuses`);
  return first.name;
}

/** What the issue's status offers now. */
export function availableTransitions(site: Site, issue: IssueRecord): TransitionOptions[] {
  const { transitions } = site.projectOf(issue).workflow;
  return transitions.filter(({ from }) => from === "any" || from.includes(issue.status));
}

export function asksForResolution(transition: TransitionOptions): boolean {
  return transition.resolution === "required" || transition.resolution === "optional";
}

export interface TransitionChange extends FieldChanges {
  transition: TransitionOptions;
  /** The resolution after it: a name, null, or undefined for untouched. */
  resolution: string | null | undefined;
}

/** Checks a transition request: the id, the issue's status, and what the transition's screen asks for. */
export function readTransition(site: Site, issue: IssueRecord, body: unknown): TransitionChange {
  const request = isObject(body) ? body : {};
  const id = isObject(request["transition"]) ? request["transition"]["id"] : undefined;
  if (id === undefined) refuse(site.deployment, "transitionMissing");
  const project = site.projectOf(issue);
  if (!project.workflow.transitions.some((one) => one.id === id))
    refuse(site.deployment, "transitionUnknown", String(id));
  const transition = availableTransitions(site, issue).find((one) => one.id === id);
  if (transition === undefined) refuse(site.deployment, "transitionUnavailable", String(id));

  const complaints = new Complaints(site.deployment);
  const { resolution: asked, ...fields } = (isObject(request["fields"]) ? request["fields"] : {}) as Record<
    string,
    unknown
  >;
  const changes = readChanges({ site, project, body: { ...request, fields }, screen: [], current: {}, complaints });
  const resolution = readResolution({ site, transition, asked, complaints });
  complaints.throwIfAny();
  return { ...changes, transition, resolution };
}

function readResolution(options: {
  site: Site;
  transition: TransitionOptions;
  asked: unknown;
  complaints: Complaints;
}): string | null | undefined {
  const { site, transition, asked, complaints } = options;
  if (asked !== undefined && !asksForResolution(transition)) complaints.add("fieldNotOnScreen", "resolution");
  if (transition.resolution === "clear") return null;
  if (typeof transition.resolution === "object") return transition.resolution.set;
  if (asked === undefined || asked === null) {
    if (transition.resolution === "required") complaints.add("resolutionRequired");
    return undefined;
  }
  const resolution = findReference(site.catalog.resolutions, asked);
  if (resolution === undefined) complaints.add("resolutionUnknown");
  return resolution?.name;
}
