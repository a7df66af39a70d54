import type { Deployment, ProjectOptions } from "../../../support/jira/options.ts";
import type { RefusalId } from "../../../support/jira/refusals.ts";
import { doc, MINIMAL, paragraph, text } from "./client.ts";

/** One bad request that Atlassian's document lets through. OPS-1 and OPS-2 exist, OPS-3 is closed and not editable. */
export interface RefusalCase {
  id: RefusalId;
  name: string;
  on?: Deployment;
  method: string;
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
}

export const PROJECTS: readonly ProjectOptions[] = [
  {
    key: "OPS",
    components: ["checkout"],
    priorities: ["High", "Low"],
    customFields: [
      { id: "customfield_10010", name: "Severity", kind: "select", options: ["red", "green"] },
      { id: "customfield_10011", name: "Runbook", kind: "textarea" },
      { id: "customfield_10012", name: "Host", kind: "textfield" },
      { id: "customfield_10013", name: "Elsewhere", kind: "textfield", screens: [] },
      { id: "customfield_10014", name: "Cost", kind: "number" },
    ],
    workflow: {
      statuses: [
        { name: "To Do", category: "new" },
        { name: "Done", category: "done" },
        { name: "Closed", category: "done", editable: false },
      ],
      transitions: [
        { id: "31", name: "Resolve", from: ["To Do"], to: "Done", resolution: "required" },
        { id: "41", name: "Close", from: ["To Do", "Done"], to: "Closed", resolution: { set: "Done" } },
        { id: "51", name: "Reopen", from: ["Done"], to: "To Do", resolution: "clear" },
      ],
    },
  },
  {
    key: "REQ",
    screen: ["labels"],
    customFields: [{ id: "customfield_10020", name: "Team", kind: "textfield", required: true }],
  },
];

const create = (
  id: RefusalId,
  name: string,
  fields: Record<string, unknown>,
  more: Partial<RefusalCase> = {},
): RefusalCase => ({
  id,
  name,
  method: "POST",
  path: "/issue",
  body: { fields: { ...MINIMAL, ...fields } },
  ...more,
});

const post = (
  id: RefusalId,
  name: string,
  path: string,
  body: unknown,
  more: Partial<RefusalCase> = {},
): RefusalCase => ({
  id,
  name,
  method: "POST",
  path,
  body,
  ...more,
});

const put = (id: RefusalId, name: string, path: string, body: unknown): RefusalCase => ({
  id,
  name,
  method: "PUT",
  path,
  body,
});
const jql = (id: RefusalId, name: string, query: string): RefusalCase =>
  post(id, name, "/search/jql", { jql: query }, { on: "cloud" });
const adf = (name: string, ...content: unknown[]): RefusalCase =>
  create("adfMalformed", name, { description: doc(...content) }, { on: "cloud" });

const without = (...keys: string[]) =>
  Object.fromEntries(Object.entries(MINIMAL).filter(([key]) => !keys.includes(key)));
const cloud = { on: "cloud" } as const;
const datacenter = { on: "datacenter" } as const;

const CREATES: readonly RefusalCase[] = [
  post("projectMissing", "{}", "/issue", {}),
  post("projectMissing", "{fields:{}}", "/issue", { fields: {} }),
  post("projectMissing", "feilds, misspelt", "/issue", { feilds: MINIMAL }),
  create("projectUnknown", "an unknown project", { project: { key: "NOPE" } }),
  post("issueTypeMissing", "no issue type", "/issue", { fields: without("issuetype") }),
  create("issueTypeUnknown", "an unknown issue type", { issuetype: { name: "Incident" } }),
  post("summaryMissing", "no summary", "/issue", { fields: without("summary") }),
  create("summaryMissing", "a blank summary", { summary: "   " }),
  create("summaryNewline", "a newline in the summary", { summary: "first\nsecond" }),
  create("summaryTooLong", "256 characters of summary", { summary: "x".repeat(256) }),
  create("notAString", "a number as summary", { summary: 5 }),
  create("unicode", "half an emoji in the summary", { summary: "broken \ud83d" }),
  create("labelSpaces", "a label with a space", { labels: ["two words"] }),
  create("labelTooLong", "a label of 256 characters", { labels: ["x".repeat(256)] }),
  create("labelNotString", "an empty label", { labels: [""] }),
  create("notAnArray", "labels as one string", { labels: "backfeed" }),
  create("priorityInvalid", "a priority outside the project's scheme", { priority: { name: "Highest" } }),
  create("priorityInvalid", "a priority that does not exist", { priority: { id: "99" } }),
  create("componentUnknown", "an unknown component", { components: [{ name: "nowhere" }] }),
  create(
    "userUnknown",
    "an assignee who does not exist",
    { assignee: { accountId: "5b10ffffffffffffffffffff" } },
    cloud,
  ),
  create("userUnknown", "an assignee who does not exist", { assignee: { name: "nobody" } }, datacenter),
  create("valueInvalid", "a user name on Cloud", { assignee: { name: "alice" } }, cloud),
  create("userNotAssignable", "a former colleague as assignee", { assignee: { name: "former" } }, datacenter),
  create("optionUnknown", "an option the field lacks", { customfield_10010: { value: "blue" } }),
  create("valueInvalid", "a number field given text", { customfield_10014: "12" }),
  create("fieldNotOnScreen", "a field that exists nowhere", { customfield_99999: "x" }),
  create("fieldNotOnScreen", "a custom field on no screen", { customfield_10013: "x" }),
  create("fieldNotOnScreen", "a priority where no screen has one", {
    project: { key: "REQ" },
    customfield_10020: "a",
    priority: { id: "1" },
  }),
  create("fieldNotOnScreen", "a status at creation", { status: { name: "Done" } }),
  create("fieldRequired", "a required custom field left out", { project: { key: "REQ" } }),
  post("fieldTwice", "labels in fields and in update", "/issue", {
    fields: { ...MINIMAL, labels: ["a"] },
    update: { labels: [{ add: "b" }] },
  }),
  post("propertyKeyLength", "a property key of 256 characters", "/issue", {
    fields: MINIMAL,
    properties: [{ key: "k".repeat(256), value: 1 }],
  }),
  post("propertyTooLong", "a property of 32,769 characters", "/issue", {
    fields: MINIMAL,
    properties: [{ key: "backfeed", value: "x".repeat(32_767) }],
  }),
];

const TEXTS: readonly RefusalCase[] = [
  create("adfString", "a plain string as ADF", { description: "plain" }, cloud),
  create("adfString", "a plain string in a text area", { customfield_10011: "plain" }, cloud),
  create("notAString", "ADF in a single-line field", { customfield_10012: doc(paragraph(text("x"))) }, cloud),
  adf("an empty text node", paragraph(text(""))),
  adf("an unknown node", { type: "banner", content: [] }),
  adf("an unknown mark", paragraph(text("x", { type: "blink" }))),
  adf("a mark in a code block", { type: "codeBlock", content: [text("x", { type: "strong" })] }),
  adf("a javascript: link", paragraph(text("x", { type: "link", attrs: { href: "javascript:alert(1)" } }))),
  adf("a control character", paragraph(text("bell \u0007"))),
  adf("a lone surrogate", paragraph(text("broken \ud83d"))),
  adf("text straight in the document", text("x")),
  create("adfMalformed", "a document without version", { description: { type: "doc", content: [] } }, cloud),
  create(
    "textTooLong",
    "over 32,767 characters of ADF",
    { description: doc(paragraph(text("x".repeat(32_700)))) },
    cloud,
  ),
  create("textTooLong", "over 32,767 characters of markup", { description: "x".repeat(32_768) }, datacenter),
  create("adfOnDataCenter", "ADF on Data Center", { description: doc(paragraph(text("x"))) }, datacenter),
  post("adfString", "a plain string as comment", "/issue/OPS-1/comment", { body: "plain" }, cloud),
  post("commentEmpty", "a comment without body", "/issue/OPS-1/comment", {}),
  post("commentEmpty", "a comment of an empty document", "/issue/OPS-1/comment", { body: doc() }, cloud),
  post("commentEmpty", "an empty comment", "/issue/OPS-1/comment", { body: "" }, datacenter),
  post(
    "visibilityUnknown",
    "a comment for an unknown role",
    "/issue/OPS-1/comment",
    { body: "x", visibility: { type: "role", value: "Kings" } },
    datacenter,
  ),
];

const EDITS: readonly RefusalCase[] = [
  put("nothingToEdit", "an edit of nothing", "/issue/OPS-1", {}),
  put("fieldNotOnScreen", "a resolution set by edit", "/issue/OPS-1", { fields: { resolution: { name: "Done" } } }),
  put("fieldNotOnScreen", "a status set by edit", "/issue/OPS-1", { fields: { status: { name: "Done" } } }),
  put("fieldNotOnScreen", "a project set by edit", "/issue/OPS-1", { fields: { project: { key: "REQ" } } }),
  put("notEditable", "an edit where the workflow forbids it", "/issue/OPS-3", { fields: { summary: "new" } }),
  put("fieldRequired", "a summary taken away", "/issue/OPS-1", { fields: { summary: null } }),
  put("operationUnknown", "an add to a single value", "/issue/OPS-1", { update: { summary: [{ add: "x" }] } }),
  post("transitionMissing", "a transition without id", "/issue/OPS-1/transitions", { fields: {} }),
  post("transitionUnknown", "an unknown transition", "/issue/OPS-1/transitions", { transition: { id: "999" } }),
  post("transitionUnavailable", "a transition of another status", "/issue/OPS-1/transitions", {
    transition: { id: "51" },
  }),
  post("resolutionRequired", "a transition without its resolution", "/issue/OPS-1/transitions", {
    transition: { id: "31" },
  }),
  post("resolutionUnknown", "a resolution that does not exist", "/issue/OPS-1/transitions", {
    transition: { id: "31" },
    fields: { resolution: { name: "Whatever" } },
  }),
  post("fieldNotOnScreen", "a field the transition's screen lacks", "/issue/OPS-1/transitions", {
    transition: { id: "41" },
    fields: { summary: "x" },
  }),
  put("propertyTooLong", "a property of 32,769 characters", "/issue/OPS-1/properties/big", { x: "x".repeat(32_761) }),
  {
    ...put("propertyKeyLength", "a property key of 256 characters", `/issue/OPS-1/properties/${"k".repeat(256)}`, 1),
    on: "cloud",
  },
  post("remoteLinkObject", "a remote link without object", "/issue/OPS-1/remotelink", { globalId: "a" }, datacenter),
  post("remoteLinkTitle", "a remote link with an empty title", "/issue/OPS-1/remotelink", {
    object: { url: "https://a.example", title: "" },
  }),
  post("remoteLinkUrl", "a remote link that is no web address", "/issue/OPS-1/remotelink", {
    object: { url: "ftp://a.example", title: "a" },
  }),
  post("globalIdTooLong", "a globalId of 256 characters", "/issue/OPS-1/remotelink", {
    globalId: "g".repeat(256),
    object: { url: "https://a.example", title: "a" },
  }),
  post("linkTypeUnknown", "an unknown link type", "/issueLink", {
    type: { name: "Annoys" },
    inwardIssue: { key: "OPS-1" },
    outwardIssue: { key: "OPS-2" },
  }),
  post("linkToItself", "an issue linked to itself", "/issueLink", {
    type: { name: "Duplicate" },
    inwardIssue: { key: "OPS-1" },
    outwardIssue: { key: "OPS-1" },
  }),
];

const form = (name: string, size: number, files = 1): FormData => {
  const data = new FormData();
  for (let index = 0; index < files; index++) data.append(name, new Blob(["x".repeat(size)]), `log-${index}.txt`);
  return data;
};
const attach = (id: RefusalId, name: string, body: FormData, token = "no-check"): RefusalCase =>
  post(id, name, "/issue/OPS-1/attachments", body, { headers: { "x-atlassian-token": token } });

const ATTACHMENTS: readonly RefusalCase[] = [
  attach("xsrf", "an attachment with the deprecated nocheck", form("file", 5), "nocheck"),
  attach("attachmentPart", "an attachment under another part name", form("attachment", 5)),
  attach("attachmentTooBig", "an attachment over the limit", form("file", 1025)),
  attach("attachmentsTooMany", "61 attachments at once", form("file", 1, 61)),
];

const SEARCHES: readonly RefusalCase[] = [
  jql("jqlUnbounded", "no JQL at all", ""),
  jql("jqlUnbounded", "an order without a restriction", "ORDER BY created"),
  jql("jqlSyntax", "an open quote", 'labels = "x'),
  jql("jqlSyntax", "a clause without operator", "project OPS"),
  jql("jqlSyntax", "a reserved character", "labels = a@b"),
  jql("jqlField", "an unknown field", 'fingerprint = "x"'),
  jql("jqlField", "an issue property no app declares", 'issue.property[backfeed].groupKey = "x"'),
  jql("jqlFunction", "an unknown function", "created > lastTuesday()"),
  jql("jqlOperator", "an operator the field lacks", "labels > a"),
  jql("jqlValue", "an unknown project", "project = NOPE"),
  jql("jqlValue", "a key that no issue has", "key = OPS-999"),
  jql("jqlDate", "a date that is none", 'created > "yesterday"'),
  jql("jqlOrder", "an order by an unknown field", "project = OPS ORDER BY rank2"),
  post("maxResults", "5,001 results", "/search/jql", { jql: "project = OPS", maxResults: 5001 }, cloud),
  post(
    "reconcileTooMany",
    "51 issues to reconcile",
    "/search/jql",
    { jql: "project = OPS", reconcileIssues: Array.from({ length: 51 }, (_, i) => i) },
    cloud,
  ),
  post(
    "searchPropertiesTooMany",
    "six properties",
    "/search/jql",
    { jql: "project = OPS", properties: ["a", "b", "c", "d", "e", "f"] },
    cloud,
  ),
  post("pageToken", "a made-up page token", "/search/jql", { jql: "project = OPS", nextPageToken: "abc" }, cloud),
  post("startAt", "a negative start", "/search", { jql: "project = OPS", startAt: -1 }, datacenter),
  post(
    "bulkFetchTooMany",
    "101 issues at once",
    "/issue/bulkfetch",
    { issueIdsOrKeys: Array.from({ length: 101 }, (_, i) => String(i)) },
    cloud,
  ),
];

export const REFUSAL_CASES: readonly RefusalCase[] = [...CREATES, ...TEXTS, ...EDITS, ...ATTACHMENTS, ...SEARCHES];
