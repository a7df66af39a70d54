import type { Project } from "./catalog.ts";
import type { IssueRecord } from "./record.ts";
import type { Site } from "./site.ts";
import { initialStatus } from "./workflow.ts";

/** An issue as it begins: in the workflow's first status, with the middle of its project's priorities where none is given. */
export function newIssue(options: {
  site: Site;
  id: string;
  key: string;
  project: Project;
  issueType: string;
  creator: string;
  fields: Record<string, unknown>;
}): IssueRecord {
  const { site, id, key, project, issueType, creator, fields } = options;
  const now = site.clock();
  const scheme = project.priorities.map(({ name }) => name);
  const priority = scheme.includes("Medium") ? "Medium" : (scheme[Math.floor(scheme.length / 2)] ?? null);
  return {
    id,
    key,
    projectKey: project.key,
    issueType,
    status: initialStatus(project),
    resolution: null,
    created: now,
    updated: now,
    resolved: null,
    creator,
    fields: { priority, ...fields },
    properties: {},
    comments: [],
    remoteLinks: [],
    attachments: [],
    links: [],
    changelog: [],
  };
}
