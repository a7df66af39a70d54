import {
  type CustomFieldOptions,
  DEFAULT_USERS,
  DEFAULT_WORKFLOW,
  type JiraDoubleOptions,
  type ProjectOptions,
  SITE_PRIORITIES,
  SITE_RESOLUTIONS,
  type StatusCategory,
  SYSTEM_SCREEN,
  type UserOptions,
  type WorkflowOptions,
} from "./options.ts";

export interface Named {
  id: string;
  name: string;
}

interface Status extends Named {
  category: StatusCategory;
  editable: boolean;
}

export interface Project extends Named {
  key: string;
  issueTypes: readonly Named[];
  priorities: readonly Named[];
  components: readonly Named[];
  screen: ReadonlySet<string>;
  customFields: readonly CustomFieldOptions[];
  workflow: WorkflowOptions;
  denied: ReadonlySet<string>;
}

/** All that an administrator set up: fixed while the double runs, ids given in order of appearance. */
export interface Catalog {
  projects: ReadonlyMap<string, Project>;
  priorities: readonly Named[];
  resolutions: readonly Named[];
  statuses: readonly Status[];
  users: ReadonlyMap<string, Required<UserOptions>>;
  customFields: ReadonlyMap<string, CustomFieldOptions>;
  linkTypes: readonly (Named & { inward: string; outward: string })[];
}

const DEFAULT_PROJECT: ProjectOptions = { key: "OPS", name: "Operations", components: ["checkout", "search"] };

const LINK_TYPES = [
  { name: "Blocks", inward: "is blocked by", outward: "blocks" },
  { name: "Cloners", inward: "is cloned by", outward: "clones" },
  { name: "Duplicate", inward: "is duplicated by", outward: "duplicates" },
  { name: "Relates", inward: "relates to", outward: "relates to" },
] as const;

export function createCatalog(options: JiraDoubleOptions): Catalog {
  const projectOptions = options.projects ?? [DEFAULT_PROJECT];
  const priorities = numbered(options.priorities ?? SITE_PRIORITIES, 1);
  const issueTypes = new Map<string, Named>();
  const statuses = new Map<string, Status>();
  const customFields = new Map<string, CustomFieldOptions>();
  let component = 10_000;

  const projects = projectOptions.map((project, index): Project => {
    const workflow = project.workflow ?? DEFAULT_WORKFLOW;
    for (const { name, category, editable = true } of workflow.statuses) {
      const known = statuses.get(name);
      if (known === undefined) statuses.set(name, { id: String(10_000 + statuses.size), name, category, editable });
    }
    const types = (project.issueTypes ?? ["Bug", "Task"]).map((name) => {
      const type = issueTypes.get(name) ?? { id: String(10_001 + issueTypes.size), name };
      issueTypes.set(name, type);
      return type;
    });
    for (const field of project.customFields ?? []) customFields.set(field.id, field);
    return {
      id: String(10_000 + index),
      key: project.key,
      name: project.name ?? project.key,
      issueTypes: types,
      priorities: (project.priorities ?? priorities.map(({ name }) => name)).map((name) => named(priorities, name)),
      components: (project.components ?? []).map((name) => ({ id: String(component++), name })),
      screen: new Set(project.screen ?? SYSTEM_SCREEN),
      customFields: project.customFields ?? [],
      workflow,
      denied: new Set(project.deniedPermissions ?? []),
    };
  });

  return {
    projects: new Map(projects.map((project) => [project.key, project])),
    priorities,
    resolutions: numbered(options.resolutions ?? SITE_RESOLUTIONS, 10_000),
    statuses: [...statuses.values()],
    users: new Map((options.users ?? DEFAULT_USERS).map((user, index) => [user.name, completeUser(user, index)])),
    customFields,
    linkTypes: (options.linkTypes ?? LINK_TYPES).map((type, index) => ({ id: String(10_000 + index), ...type })),
  };
}

function numbered(names: readonly string[], first: number): Named[] {
  return names.map((name, index) => ({ id: String(first + index), name }));
}

function named(list: readonly Named[], name: string): Named {
  const found = list.find((item) => item.name === name);
  if (found === undefined)
    throw new Error(`Jira double: "${name}" is not one of the site's ${list.map((item) => item.name).join(", ")}`);
  return found;
}

function completeUser(user: UserOptions, index: number): Required<UserOptions> {
  return {
    name: user.name,
    displayName: user.displayName ?? user.name,
    email: user.email ?? `${user.name}@example.com`,
    accountId: user.accountId ?? `5b10ac8d82e05b22cc7d${String(4000 + index)}`,
    active: user.active ?? true,
    assignable: user.assignable ?? true,
  };
}

/** By id or by name, as Jira takes references: `{ id }` wins over `{ name }`. */
export function findReference<T extends Named>(list: readonly T[], reference: unknown): T | undefined {
  if (typeof reference !== "object" || reference === null) return undefined;
  const { id, name } = reference as { id?: unknown; name?: unknown };
  if (id !== undefined) return list.find((item) => item.id === id);
  return list.find((item) => item.name === name);
}
