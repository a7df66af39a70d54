export type Deployment = "cloud" | "datacenter";
export type StatusCategory = "new" | "indeterminate" | "done";

interface StatusOptions {
  name: string;
  category: StatusCategory;
  /** false: the workflow carries `jira.issue.editable=false` here, so fields cannot be edited. */
  editable?: boolean;
}

export interface TransitionOptions {
  id: string;
  name: string;
  /** Names of the statuses it leaves from. */
  from: readonly string[] | "any";
  to: string;
  /** What happens to the resolution: asked for on the screen, set or cleared by a post function, or untouched. */
  resolution?: "required" | "optional" | "clear" | { set: string };
}

export interface WorkflowOptions {
  statuses: readonly StatusOptions[];
  transitions: readonly TransitionOptions[];
}

export interface CustomFieldOptions {
  /** `customfield_<number>`. */
  id: string;
  name: string;
  kind: "textfield" | "textarea" | "select" | "multiselect" | "number" | "date";
  options?: readonly string[];
  required?: boolean;
  /** Default: both screens. `[]` is a field that exists and is on no screen. */
  screens?: readonly ("create" | "edit")[];
}

export interface ProjectOptions {
  key: string;
  name?: string;
  /** Default Bug, Task. */
  issueTypes?: readonly string[];
  /** Names of the priority scheme, in order. Default: all of the site. */
  priorities?: readonly string[];
  components?: readonly string[];
  /** System fields on the create and edit screens besides project, issuetype and summary. */
  screen?: readonly string[];
  customFields?: readonly CustomFieldOptions[];
  workflow?: WorkflowOptions;
  /** Permission keys which API users lack here, for example CREATE_ISSUES. */
  deniedPermissions?: readonly string[];
}

export interface UserOptions {
  /** Short name: Data Center's user name, and how `person(name)` finds them. */
  name: string;
  displayName?: string;
  email?: string;
  accountId?: string;
  active?: boolean;
  assignable?: boolean;
}

export type Credential =
  | { kind: "basic"; username: string; secret: string; user: string }
  | { kind: "bearer"; token: string; user: string };

export interface RateLimitOptions {
  /** Writes to one issue; more are answered 429 `jira-per-issue-on-write`. Example: JIRA.md 2.4, 20 per 2 s, 100 per 30 s. */
  perIssueWrites?: readonly { writes: number; perMs: number }[];
  /** Requests of one operation in a window; each answer then carries X-RateLimit headers. */
  burst?: { requests: number; perMs: number };
}

export interface JiraDoubleOptions {
  deployment: Deployment;
  /** Milliseconds since 1970; index lag, Retry-After windows and time stamps go by it. Default Date.now. */
  clock?: () => number;
  projects?: readonly ProjectOptions[];
  users?: readonly UserOptions[];
  credentials?: readonly Credential[];
  /** Names of the site's priorities, highest first. */
  priorities?: readonly string[];
  resolutions?: readonly string[];
  /** Types of links between issues. Default: a new site's four; none is linking switched off. */
  linkTypes?: readonly { name: string; inward: string; outward: string }[];
  /** Milliseconds until search sees a write. Default 0; change it any time through `double.index.lag`. */
  indexLag?: number;
  limits?: RateLimitOptions;
  /** Bytes of one attachment. Default 10 MiB. */
  attachmentLimit?: number;
  /** Characters of a text field; Cloud counts the serialized ADF. Default 32,767. */
  textLimit?: number;
  /** Path under which Jira is mounted, for example "/jira" or "/ex/jira/<cloudId>". */
  contextPath?: string;
  /** What browse links start with, when it differs from the API's address. */
  siteUrl?: string;
  /** Directory of Atlassian's OpenAPI files. Default $JIRA_OPENAPI_DIR, then ../shared/jira beside the repository. */
  openapiDirectory?: string;
  /** Off: no port is opened, and requests come through `double.dispatcher` alone. Default on. */
  listens?: boolean;
  /** Off: Atlassian's documents are not asked, which takes half the time. Default on. */
  validates?: boolean;
  /** Where webhooks are sent by `double.webhooks.deliver()`. */
  webhook?: { url: string; secret?: string };
}

export const SITE_PRIORITIES = ["Highest", "High", "Medium", "Low", "Lowest"] as const;
export const SITE_RESOLUTIONS = ["Done", "Won't Do", "Duplicate", "Cannot Reproduce", "Declined", "Won't Fix"] as const;
export const SYSTEM_SCREEN = ["description", "priority", "labels", "components", "assignee", "environment"] as const;

/** To Do, In Progress, Done, Won't Do. Done asks for a resolution on its screen; Won't Do sets it by a post function; Reopen clears it. */
export const DEFAULT_WORKFLOW: WorkflowOptions = {
  statuses: [
    { name: "To Do", category: "new" },
    { name: "In Progress", category: "indeterminate" },
    { name: "Done", category: "done" },
    { name: "Won't Do", category: "done" },
  ],
  transitions: [
    { id: "11", name: "Start progress", from: ["To Do"], to: "In Progress" },
    { id: "21", name: "Stop progress", from: ["In Progress"], to: "To Do" },
    { id: "31", name: "Resolve", from: ["To Do", "In Progress"], to: "Done", resolution: "required" },
    { id: "41", name: "Decline", from: ["To Do", "In Progress"], to: "Won't Do", resolution: { set: "Won't Do" } },
    { id: "51", name: "Reopen", from: ["Done", "Won't Do"], to: "To Do", resolution: "clear" },
  ],
};

/** What the default site accepts. */
export const DEFAULT_LOGIN = {
  cloud: { email: "backfeed@example.com", token: "cloud-api-token-1" },
  datacenter: { token: "dc-personal-access-token-1", user: "backfeed", password: "dc-password-1" },
} as const;

export const DEFAULT_USERS: readonly UserOptions[] = [
  { name: "backfeed", displayName: "Backfeed", email: DEFAULT_LOGIN.cloud.email },
  { name: "alice", displayName: "Alice Archer" },
  { name: "bob", displayName: "Bob Baker" },
  { name: "former", displayName: "Former Colleague", active: false, assignable: false },
];

export function defaultCredentials(deployment: Deployment): Credential[] {
  const { cloud, datacenter } = DEFAULT_LOGIN;
  if (deployment === "cloud") {
    return [{ kind: "basic", username: cloud.email, secret: cloud.token, user: "backfeed" }];
  }
  return [
    { kind: "bearer", token: datacenter.token, user: "backfeed" },
    { kind: "basic", username: datacenter.user, secret: datacenter.password, user: "backfeed" },
  ];
}
