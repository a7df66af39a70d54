import { PROPERTY_LIMIT } from "../create-screen.ts";
import type { Call, Reply, Route } from "../operation.ts";
import { requirePermission } from "../permissions.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Site } from "../site.ts";
import { target } from "./issue.ts";
import { actor } from "./query.ts";

export function propertyRoutes(site: Site): Route[] {
  const path = "/issue/{issueIdOrKey}/properties";
  const one = `${path}/{propertyKey}`;
  return [
    { operation: "getPropertyKeys", method: "get", path, handler: (call) => getKeys(site, call) },
    { operation: "getProperty", method: "get", path: one, handler: (call) => getProperty(site, call) },
    { operation: "setProperty", method: "put", path: one, handler: (call) => setProperty(site, call) },
    { operation: "deleteProperty", method: "delete", path: one, handler: (call) => deleteProperty(site, call) },
  ];
}

function getKeys(site: Site, call: Call): Reply {
  const issue = target(site, call);
  const keys = Object.keys(issue.properties).map((key) => ({
    key,
    self: `${site.api}/issue/${issue.id}/properties/${encodeURIComponent(key)}`,
  }));
  return { status: 200, body: { keys } };
}

function getProperty(site: Site, call: Call): Reply {
  const key = call.params["propertyKey"] ?? "";
  const issue = target(site, call);
  if (!Object.hasOwn(issue.properties, key)) throw notFound(`The property with key '${key}' does not exist.`);
  return { status: 200, body: { key, value: issue.properties[key] } };
}

function setProperty(site: Site, call: Call): Reply {
  const issue = target(site, call);
  requirePermission(site.projectOf(issue), "EDIT_ISSUES");
  const key = call.params["propertyKey"] ?? "";
  if (key.length > 255) refuse(site.deployment, "propertyKeyLength");
  if (JSON.stringify(call.body).length > PROPERTY_LIMIT) refuse(site.deployment, "propertyTooLong");
  const isNew = !Object.hasOwn(issue.properties, key);
  const apply = () => {
    issue.properties[key] = call.body;
  };
  site.commit({ issue, operation: "setProperty", actor: actor(call), change: { key, value: call.body }, apply });
  return { status: isNew ? 201 : 200 };
}

function deleteProperty(site: Site, call: Call): Reply {
  const issue = target(site, call);
  const key = call.params["propertyKey"] ?? "";
  if (!Object.hasOwn(issue.properties, key)) throw notFound(`The property with key '${key}' does not exist.`);
  const apply = () => {
    delete issue.properties[key];
  };
  site.commit({ issue, operation: "deleteProperty", actor: actor(call), change: { key }, apply });
  return { status: 204 };
}
