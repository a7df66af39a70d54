import { compileJql } from "../jql.ts";
import type { Call, Reply, Route } from "../operation.ts";
import type { IssueRecord } from "../record.ts";
import { refuse } from "../refusal.ts";
import { type IssueView, renderIssue } from "../render-issue.ts";
import type { Site } from "../site.ts";
import { list } from "./query.ts";

export function searchRoutes(site: Site): Route[] {
  const path = site.cloud ? "/search/jql" : "/search";
  const search = site.cloud ? cloudSearch : dataCenterSearch;
  return [
    { operation: "search", method: "post", path, handler: (call) => search(site, call, call.body as SearchBody) },
    { operation: "search", method: "get", path, handler: (call) => search(site, call, fromQuery(call.query)) },
  ];
}

interface SearchBody {
  jql?: string;
  fields?: string[];
  maxResults?: number;
  startAt?: number;
  nextPageToken?: string;
  expand?: string | string[];
  properties?: string[];
  reconcileIssues?: number[];
  validateQuery?: boolean;
}

function fromQuery(query: URLSearchParams): SearchBody {
  const body: SearchBody = {};
  const jql = query.get("jql");
  if (jql !== null) body.jql = jql;
  for (const name of ["maxResults", "startAt"] as const) if (query.has(name)) body[name] = Number(query.get(name));
  for (const name of ["fields", "properties", "expand"] as const) if (query.has(name)) body[name] = list(query, name);
  if (query.has("reconcileIssues")) body.reconcileIssues = list(query, "reconcileIssues").map(Number);
  if (query.has("validateQuery")) body.validateQuery = query.get("validateQuery") === "true";
  const token = query.get("nextPageToken");
  if (token !== null) body.nextPageToken = token;
  return body;
}

function view(body: SearchBody, fields: readonly string[]): IssueView {
  const expand = typeof body.expand === "string" ? body.expand.split(",") : (body.expand ?? []);
  return { fields, expand: new Set(expand), properties: body.properties ?? [] };
}

/** The index's answer; issues to reconcile are judged by their present state instead. An anonymous caller sees nothing. */
function find(options: { site: Site; call: Call; jql: string; reconcile: readonly string[]; strict: boolean }): {
  found: IssueRecord[];
  bounded: boolean;
} {
  const { site, call, jql, reconcile, strict } = options;
  const { matches, compare, bounded } = compileJql({ site, jql, user: call.user, strict });
  const indexed = site.index.view().filter((issue) => !reconcile.includes(issue.id));
  const present = reconcile.flatMap((id) => site.issues.get(id) ?? []);
  const visible = [...indexed, ...present].filter((issue) => !site.projectOf(issue).denied.has("BROWSE_PROJECTS"));
  return { found: call.user === undefined ? [] : visible.filter(matches).sort(compare), bounded };
}

const TOKEN_LIFE_MS = 7 * 24 * 3_600_000;
/** With fields asked for, Cloud returns smaller pages than were asked for; a client must follow nextPageToken. */
const CLOUD_PAGE_WITH_FIELDS = 100;

function cloudSearch(site: Site, call: Call, body: SearchBody): Reply {
  const { jql = "", fields = ["id"], maxResults = 50, nextPageToken, reconcileIssues = [], properties = [] } = body;
  if (maxResults < 1 || maxResults > 5000) refuse(site.deployment, "maxResults", "1", 5000);
  if (reconcileIssues.length > 50) refuse(site.deployment, "reconcileTooMany");
  if (properties.length > 5) refuse(site.deployment, "searchPropertiesTooMany");
  const { found, bounded } = find({ site, call, jql, reconcile: reconcileIssues.map(String), strict: true });
  if (!bounded) refuse(site.deployment, "jqlUnbounded");
  const startAt = nextPageToken === undefined ? 0 : readToken(site, jql, nextPageToken);
  const onlyIds = fields.every((field) => field === "id" || field === "key") && properties.length === 0;
  const size = onlyIds ? maxResults : Math.min(maxResults, CLOUD_PAGE_WITH_FIELDS);
  const shown = found.slice(startAt, startAt + size);
  const isLast = startAt + size >= found.length;
  const bare = fields.length === 1 && fields[0] === "id" && properties.length === 0 && body.expand === undefined;
  const issues = shown.map((issue) => (bare ? { id: issue.id } : renderIssue(site, issue, view(body, fields))));
  return {
    status: 200,
    body: { issues, isLast, ...(isLast ? {} : { nextPageToken: writeToken(site, jql, startAt + size) }) },
  };
}

function writeToken(site: Site, jql: string, startAt: number): string {
  return Buffer.from(JSON.stringify({ jql, startAt, until: site.clock() + TOKEN_LIFE_MS })).toString("base64url");
}

/** A token belongs to its query and lives seven days. */
function readToken(site: Site, jql: string, token: string): number {
  try {
    const read = JSON.parse(Buffer.from(token, "base64url").toString()) as {
      jql: string;
      startAt: number;
      until: number;
    };
    if (read.jql === jql && read.until >= site.clock()) return read.startAt;
  } catch {
    // Falls through to the refusal: not one of ours.
  }
  return refuse(site.deployment, "pageToken");
}

const DATA_CENTER_LIMIT = 1000;

function dataCenterSearch(site: Site, call: Call, body: SearchBody): Reply {
  const { jql = "", fields = ["*navigable"], maxResults = 50, startAt = 0, validateQuery = true } = body;
  if (startAt < 0) refuse(site.deployment, "startAt");
  const { found } = find({ site, call, jql, reconcile: [], strict: validateQuery });
  // Data Center caps silently (jira.search.views.default.max) and says so in maxResults; negative means the cap.
  const size = maxResults < 0 ? DATA_CENTER_LIMIT : Math.min(maxResults, DATA_CENTER_LIMIT);
  const issues = found.slice(startAt, startAt + size).map((issue) => renderIssue(site, issue, view(body, fields)));
  return { status: 200, body: { expand: "names,schema", startAt, maxResults: size, total: found.length, issues } };
}
