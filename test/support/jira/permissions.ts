import type { Project } from "./catalog.ts";
import { issueNotFound, Refusal } from "./refusal.ts";

/** The permission keys the double knows; all are held unless a project denies them. */
export const PERMISSIONS = [
  "BROWSE_PROJECTS",
  "CREATE_ISSUES",
  "EDIT_ISSUES",
  "TRANSITION_ISSUES",
  "ADD_COMMENTS",
  "CREATE_ATTACHMENTS",
  "LINK_ISSUES",
  "DELETE_ISSUES",
  "ASSIGN_ISSUES",
  "RESOLVE_ISSUES",
  "CLOSE_ISSUES",
] as const;

export type Permission = (typeof PERMISSIONS)[number];

/** Jira hides what may not be browsed (404) and forbids the rest (403). */
export function requirePermission(project: Project, permission: Permission): void {
  if (project.denied.has("BROWSE_PROJECTS")) throw issueNotFound();
  if (!project.denied.has(permission)) return;
  throw new Refusal({
    status: 403,
    errorMessages: [`You do not have the permission ${permission} in project ${project.key}.`],
  });
}
