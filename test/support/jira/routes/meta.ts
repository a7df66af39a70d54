import type { Project } from "../catalog.ts";
import { customField, type Field, KEPT_FIELDS, SYSTEM_FIELDS, screenFields } from "../fields.ts";
import type { Call, Reply, Route } from "../operation.ts";
import { PERMISSIONS } from "../permissions.ts";
import { notFound, Refusal } from "../refusal.ts";
import {
  renderFieldMeta,
  renderIssueType,
  renderPriority,
  renderProject,
  renderResolution,
  renderStatus,
  renderUser,
  time,
} from "../render.ts";
import type { Site } from "../site.ts";
import { list, page } from "./query.ts";

/** What a client reads about the site before it writes. */
export function metaRoutes(site: Site): Route[] {
  const ok = (body: () => unknown) => (): Reply => ({ status: 200, body: body() });
  const types = "/issue/createmeta/{projectIdOrKey}/issuetypes";
  const { catalog } = site;
  const shared: Route[] = [
    {
      operation: "getCreateMetaIssueTypes",
      method: "get",
      path: types,
      handler: (call) => createMetaTypes(site, call),
    },
    {
      operation: "getCreateMetaFields",
      method: "get",
      path: `${types}/{issueTypeId}`,
      handler: (call) => createMetaFields(site, call),
    },
    {
      operation: "getPriorities",
      method: "get",
      path: "/priority",
      handler: ok(() => catalog.priorities.map(({ name }) => renderPriority(site, name))),
    },
    {
      operation: "getResolutions",
      method: "get",
      path: "/resolution",
      handler: ok(() => catalog.resolutions.map(({ name }) => renderResolution(site, name))),
    },
    {
      operation: "getStatuses",
      method: "get",
      path: "/status",
      handler: ok(() => catalog.statuses.map(({ name }) => renderStatus(site, name))),
    },
    { operation: "getFields", method: "get", path: "/field", handler: ok(() => allFields(site)) },
    { operation: "getServerInfo", method: "get", path: "/serverInfo", handler: ok(() => serverInfo(site)) },
    {
      operation: "getMyself",
      method: "get",
      path: "/myself",
      handler: (call) => ({ status: 200, body: renderUser(site, call.user) }),
    },
    {
      operation: "getMyPermissions",
      method: "get",
      path: "/mypermissions",
      handler: (call) => myPermissions(site, call),
    },
    {
      operation: "getProject",
      method: "get",
      path: "/project/{projectIdOrKey}",
      handler: (call) => getProject(site, call),
    },
    {
      operation: "findAssignableUsers",
      method: "get",
      path: "/user/assignable/search",
      handler: (call) => assignable(site, call),
    },
  ];
  if (!site.cloud) return shared;
  return [
    ...shared,
    {
      operation: "searchPriorities",
      method: "get",
      path: "/priority/search",
      handler: (call) => searchPriorities(site, call),
    },
  ];
}

function findProject(site: Site, idOrKey: string | undefined): Project | undefined {
  const project = [...site.catalog.projects.values()].find(({ id, key }) => id === idOrKey || key === idOrKey);
  return project?.denied.has("BROWSE_PROJECTS") ? undefined : project;
}

/** Cloud names the list after its content and refuses pages over 200; Data Center calls it `values` (JIRA.md 2.2). */
function metaPage(options: { site: Site; call: Call; name: string; all: unknown[] }): Reply {
  const { site, call, name, all } = options;
  const { startAt, maxResults } = page(site, call.query, { size: 50, limit: 200 });
  const items = all.slice(startAt, startAt + maxResults);
  const total = all.length;
  if (site.cloud) return { status: 200, body: { maxResults, startAt, total, [name]: items } };
  return { status: 200, body: { maxResults, startAt, total, isLast: startAt + maxResults >= total, values: items } };
}

/** Without the right to create (or without login, on Cloud) the list is empty, not an error. */
function createMetaTypes(site: Site, call: Call): Reply {
  const project = creatable(site, call);
  const all = project?.issueTypes.map((type) => renderIssueType(site, type)) ?? [];
  return metaPage({ site, call, name: "issueTypes", all });
}

function creatable(site: Site, call: Call): Project | undefined {
  const project = findProject(site, call.params["projectIdOrKey"]);
  if (project === undefined && call.user !== undefined) {
    throw new Refusal({
      status: 400,
      errorMessages: [`No project could be found with key or id '${call.params["projectIdOrKey"]}'.`],
    });
  }
  return call.user === undefined || project?.denied.has("CREATE_ISSUES") ? undefined : project;
}

function createMetaFields(site: Site, call: Call): Reply {
  const project = creatable(site, call);
  const known = project?.issueTypes.some(({ id }) => id === call.params["issueTypeId"]) ?? true;
  if (!known)
    throw new Refusal({
      status: 400,
      errorMessages: [`The issue type '${call.params["issueTypeId"]}' is not valid in the project.`],
    });
  const all =
    project === undefined ? [] : screenFields(project, "create").map((field) => renderFieldMeta(site, project, field));
  return metaPage({ site, call, name: "fields", all });
}

function allFields(site: Site): unknown[] {
  const written = [...SYSTEM_FIELDS, ...[...site.catalog.customFields.values()].map(customField)];
  const describe = (id: string, name: string, schema: Field["schema"]) => ({
    id,
    ...(site.cloud ? { key: id } : {}),
    name,
    custom: id.startsWith("customfield_"),
    orderable: true,
    navigable: true,
    searchable: true,
    clauseNames: id.startsWith("customfield_") ? [`cf[${schema.customId}]`, name] : [id],
    schema,
  });
  const kept = KEPT_FIELDS.map(([id, name, type]) => describe(id, name, { type, system: id }));
  return [...written.map(({ id, name, schema }) => describe(id, name, schema)), ...kept];
}

function serverInfo(site: Site): unknown {
  const versionNumbers = site.cloud ? [1001, 0, 0] : [10, 3, 24];
  return {
    baseUrl: site.browseUrl,
    version: site.cloud ? "1001.0.0-SNAPSHOT" : versionNumbers.join("."),
    versionNumbers,
    deploymentType: site.cloud ? "Cloud" : "Server",
    buildNumber: site.cloud ? 100_298 : 10_030_024,
    buildDate: "2026-04-20T00:00:00.000+0000",
    serverTime: time(site.clock()),
    scmInfo: "0000000000000000000000000000000000000000",
    serverTitle: "Jira",
    ...(site.cloud ? { displayUrl: site.browseUrl } : {}),
  };
}

function myPermissions(site: Site, call: Call): Reply {
  const asked = list(call.query, "permissions");
  if (site.cloud && asked.length === 0) {
    throw new Refusal({ status: 400, errorMessages: ["The permissions query parameter is required."] });
  }
  const unknown = asked.filter((key) => !(PERMISSIONS as readonly string[]).includes(key));
  if (site.cloud && unknown.length > 0) {
    throw new Refusal({
      status: 400,
      errorMessages: [`Unrecognized permission${unknown.length > 1 ? "s" : ""}: ${unknown.join(", ")}`],
    });
  }
  const project = scope(site, call);
  const keys = site.cloud ? asked : PERMISSIONS;
  const permissions = Object.fromEntries(
    keys.map((key, index) => {
      const havePermission = call.user !== undefined && !(project?.denied.has(key) ?? false);
      return [key, { id: String(10 + index), key, name: key, type: "PROJECT", description: "", havePermission }];
    }),
  );
  return { status: 200, body: { permissions } };
}

function scope(site: Site, call: Call): Project | undefined {
  const issue = call.query.get("issueKey") ?? call.query.get("issueId");
  if (issue !== null) return site.projectOf(site.issue(issue));
  const idOrKey = call.query.get("projectKey") ?? call.query.get("projectId");
  if (idOrKey === null) return undefined;
  const project = [...site.catalog.projects.values()].find(({ id, key }) => id === idOrKey || key === idOrKey);
  if (project === undefined) throw notFound(`No project could be found with key '${idOrKey}'.`);
  return project;
}

function getProject(site: Site, call: Call): Reply {
  const project = findProject(site, call.params["projectIdOrKey"]);
  if (project === undefined || call.user === undefined)
    throw notFound(`No project could be found with key '${call.params["projectIdOrKey"]}'.`);
  const issueTypes = project.issueTypes.map((type) => renderIssueType(site, type));
  const components = project.components.map(({ id, name }) => ({ id, name, self: `${site.api}/component/${id}` }));
  return { status: 200, body: { ...renderProject(site, project), issueTypes, components } };
}

function assignable(site: Site, call: Call): Reply {
  const query = call.query.get(site.cloud ? "query" : "username") ?? "";
  const accountId = call.query.get("accountId");
  const users = [...site.catalog.users.values()]
    .filter(({ active, assignable }) => active && assignable)
    .filter((user) => accountId === null || user.accountId === accountId)
    .filter(({ name, displayName, email }) =>
      [name, displayName, email].some((text) => text.toLowerCase().startsWith(query.toLowerCase())),
    );
  return { status: 200, body: users.map(({ name }) => renderUser(site, name)) };
}

function searchPriorities(site: Site, call: Call): Reply {
  const { startAt, maxResults } = page(site, call.query, { size: 50, limit: 1000 });
  const projectIds = list(call.query, "projectId");
  const projects = [...site.catalog.projects.values()].filter(({ id }) => projectIds.includes(id));
  const scheme = projects.length === 0 ? site.catalog.priorities : projects.flatMap(({ priorities }) => priorities);
  const all = [...new Set(scheme.map(({ name }) => name))];
  const values = all.slice(startAt, startAt + maxResults).map((name) => renderPriority(site, name));
  return {
    status: 200,
    body: { startAt, maxResults, total: all.length, isLast: startAt + maxResults >= all.length, values },
  };
}
