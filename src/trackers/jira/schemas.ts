import { z } from "zod";

/** What we take of Jira's answers, and no more: lenient, since other versions send more or less. */

const named = z.object({ id: z.coerce.string().optional(), name: z.string() });

export const serverInfo = z.object({
  baseUrl: z.string(),
  deploymentType: z.string().optional(),
  version: z.string().optional(),
});

export const account = z.object({
  accountId: z.string().optional(),
  name: z.string().optional(),
  key: z.string().optional(),
  displayName: z.string().optional(),
});
export type Account = z.infer<typeof account>;

export const createdIssue = z.object({
  id: z.string().regex(/^\d{1,19}$/),
  key: z.string().regex(/^\S{1,255}$/),
});

const statusCategory = z.object({ key: z.string() });

const linkType = z.object({
  id: z.coerce.string().optional(),
  name: z.string(),
  inward: z.string().optional(),
  outward: z.string().optional(),
});
export type LinkType = z.infer<typeof linkType>;

export const linkTypes = z.object({ issueLinkTypes: z.array(linkType) });

const linkedIssue = z.object({ id: z.string().regex(/^\d{1,19}$/), key: z.string() });

const issueLink = z.object({ type: linkType, inwardIssue: linkedIssue.nullish(), outwardIssue: linkedIssue.nullish() });
export type IssueLink = z.infer<typeof issueLink>;

// `toString`, which Jira's items have as well, is left where it is.
const changelog = z.object({
  histories: z.array(
    z.object({
      author: account.nullish(),
      created: z.string().nullish(),
      items: z.array(z.object({ fieldId: z.string().nullish(), field: z.string().nullish() })).nullish(),
    }),
  ),
});

export const issue = z.object({
  id: z.string().regex(/^\d{1,19}$/),
  key: z.string(),
  properties: z.record(z.string(), z.unknown()).optional(),
  changelog: changelog.nullish().catch(undefined),
  fields: z.object({
    summary: z.string().nullish(),
    status: z.object({ name: z.string(), statusCategory: statusCategory.optional() }).nullish(),
    resolution: named.nullish(),
    priority: named.nullish(),
    labels: z.array(z.string()).nullish(),
    assignee: account.nullish(),
    creator: account.nullish(),
    project: z.object({ key: z.string() }).nullish(),
    updated: z.string().nullish(),
    description: z.unknown().optional(),
    issuelinks: z.array(issueLink).nullish(),
    attachment: z.array(z.object({ filename: z.string() })).nullish(),
  }),
});

export type Issue = z.infer<typeof issue>;

/** Without `issueErrors`: what is in there is not in `issues` either, and is read by itself. */
export const manyIssues = z.object({ issues: z.array(issue) });

export const foundIssues = z.object({
  issues: z.array(issue.partial({ key: true, fields: true })),
  nextPageToken: z.string().nullish(),
  isLast: z.boolean().nullish(),
  total: z.number().nullish(),
});

/** Our mark on an issue, sent with its create (DESIGN.md section 8). Whoever may edit the issue can write another. */
export const issueMark = z.object({
  instance: z.string().max(200),
  groupKey: z.string().regex(/^[0-9a-f]{16,64}$/),
  generation: z.number().int().min(1).max(1_000_000),
  rules: z.array(z.string().max(200)).max(100),
});

/** Our mark on a comment; the hashes say what we wrote and what Jira then held. */
export const commentMark = z.object({ marker: z.string(), sent: z.string().optional(), held: z.string().optional() });
export type CommentMark = z.infer<typeof commentMark>;

export const comment = z.object({
  id: z.coerce.string().regex(/^\d{1,19}$/),
  author: account.nullish(),
  updateAuthor: account.nullish(),
  body: z.unknown(),
  properties: z.array(z.object({ key: z.string(), value: z.unknown() })).optional(),
});
export type Comment = z.infer<typeof comment>;

export const comments = z.object({ comments: z.array(comment), total: z.number().optional() });

export const property = z.object({ value: z.unknown() });

const field = z.object({
  fieldId: z.string().optional(),
  key: z.string().optional(),
  name: z.string(),
  required: z.boolean(),
  hasDefaultValue: z.boolean().optional(),
  schema: z
    .object({ type: z.string().optional(), system: z.string().optional(), custom: z.string().optional() })
    .optional(),
  allowedValues: z
    .array(z.object({ id: z.coerce.string().optional(), name: z.string().optional(), value: z.string().optional() }))
    .nullish(),
});
export type FieldMeta = z.infer<typeof field>;

const page = { total: z.number().nullish(), isLast: z.boolean().nullish() };

/** Cloud calls the list `issueTypes` or `fields`, Data Center `values` (JIRA.md 2.2). */
export const issueTypePage = z
  .object({ issueTypes: z.array(named).nullish(), values: z.array(named).nullish(), ...page })
  .transform((read) => ({ ...read, items: read.issueTypes ?? read.values ?? [] }));

export const fieldPage = z
  .object({
    fields: z.array(field).nullish(),
    results: z.array(field).nullish(),
    values: z.array(field).nullish(),
    ...page,
  })
  .transform((read) => ({ ...read, items: read.fields ?? read.values ?? read.results ?? [] }));

export const editMeta = z.object({ fields: z.record(z.string(), field) });

export const transitions = z.object({
  transitions: z.array(
    z.object({
      id: z.coerce.string(),
      name: z.string().optional(),
      isAvailable: z.boolean().optional(),
      to: z.object({ name: z.string(), statusCategory: statusCategory.optional() }).optional(),
      fields: z.record(z.string(), field).nullish(),
    }),
  ),
});
export type Transition = z.infer<typeof transitions>["transitions"][number];

export const permissions = z.object({
  permissions: z.record(z.string(), z.object({ havePermission: z.boolean() })),
});

export const project = z.object({ key: z.string() });
