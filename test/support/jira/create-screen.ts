import { isObject } from "./adf.ts";
import { findReference, type Project } from "./catalog.ts";
import { readCommentBody } from "./comment-body.ts";
import { readValue } from "./field-values.ts";
import { type Field, screenFields } from "./fields.ts";
import { Complaints } from "./refusal.ts";
import type { Site } from "./site.ts";

/** A create or edit after all checks: what the issue becomes. */
export interface FieldChanges {
  fields: Record<string, unknown>;
  issueType: string | undefined;
  properties: Record<string, unknown>;
  /** Comments that came as `update.comment[].add`. */
  comments: { body: unknown }[];
}

type Body = {
  fields?: Record<string, unknown>;
  update?: Record<string, Record<string, unknown>[]>;
  properties?: { key?: unknown; value?: unknown }[];
};

/** Project and issue type come first: without them no screen is known, so nothing else is reported, as in Jira. */
export function readCreate(site: Site, body: unknown): FieldChanges & { project: Project; issueType: string } {
  const fields = (isObject(body) && isObject(body["fields"]) ? body["fields"] : {}) as Record<string, unknown>;
  const complaints = new Complaints(site.deployment);
  const project = isObject(fields["project"]) ? findProject(site, fields["project"]) : undefined;
  if (project === undefined) complaints.add(fields["project"] === undefined ? "projectMissing" : "projectUnknown");
  const type = project === undefined ? undefined : findReference(project.issueTypes, fields["issuetype"]);
  if (fields["issuetype"] === undefined) complaints.add("issueTypeMissing");
  else if (project !== undefined && type === undefined) complaints.add("issueTypeUnknown");
  complaints.throwIfAny();
  if (project === undefined || type === undefined) throw new Error("unreachable");

  const rest = Object.fromEntries(Object.entries(fields).filter(([id]) => id !== "project" && id !== "issuetype"));
  const request = { ...(body as Body), fields: rest };
  const changes = readChanges({
    site,
    project,
    body: request,
    screen: screenFields(project, "create"),
    current: {},
    complaints,
  });
  for (const field of screenFields(project, "create")) {
    if (!field.required || field.id === "project" || field.id === "issuetype") continue;
    if (changes.fields[field.id] !== undefined) continue;
    if (field.id === "summary") complaints.add("summaryMissing");
    else complaints.add("fieldRequired", field.id, field.name);
  }
  complaints.throwIfAny();
  return { ...changes, project, issueType: type.name };
}

function findProject(site: Site, reference: Record<string, unknown>): Project | undefined {
  const projects = [...site.catalog.projects.values()];
  const { id, key } = reference;
  return id === undefined ? projects.find((one) => one.key === key) : projects.find((one) => one.id === id);
}

/**
 * Checks `fields`, `update` and `properties` of a request against a screen. `current` holds the stored values that list
 * operations start from. Complaints are collected; the caller throws them.
 */
export function readChanges(options: {
  site: Site;
  project: Project;
  body: Body;
  screen: readonly Field[];
  current: Record<string, unknown>;
  complaints: Complaints;
}): FieldChanges {
  const { site, project, body, screen, current, complaints } = options;
  const changes: FieldChanges = { fields: {}, issueType: undefined, properties: {}, comments: [] };
  const set = (field: Field, value: unknown) => {
    if (field.kind === "issuetype") changes.issueType = value as string;
    else changes.fields[field.id] = value;
  };
  const find = (id: string): Field | undefined => {
    const field = screen.find((one) => one.id === id);
    if (field === undefined) complaints.add("fieldNotOnScreen", id);
    return field;
  };

  for (const [id, value] of Object.entries(body.fields ?? {})) {
    if (body.update !== undefined && Object.hasOwn(body.update, id)) {
      complaints.add("fieldTwice", id);
      continue;
    }
    const field = find(id);
    if (field !== undefined) set(field, readValue({ site, project, field, value, complaints }));
  }
  for (const [id, operations] of Object.entries(body.update ?? {})) {
    if (body.fields !== undefined && Object.hasOwn(body.fields, id)) continue;
    if (id === "comment") {
      for (const { add } of operations)
        changes.comments.push({ body: readCommentBody(site, isObject(add) ? add["body"] : undefined) });
      continue;
    }
    const field = find(id);
    if (field !== undefined)
      set(field, readOperations({ site, project, field, operations, current: current[id], complaints }));
  }
  changes.properties = readProperties(body.properties, complaints);
  return changes;
}

function readOperations(options: {
  site: Site;
  project: Project;
  field: Field;
  operations: readonly Record<string, unknown>[];
  current: unknown;
  complaints: Complaints;
}): unknown {
  const { site, project, field, operations, complaints } = options;
  const read = (value: unknown) => readValue({ site, project, field, value, complaints });
  let value: unknown = options.current ?? null;
  for (const operation of operations) {
    for (const [verb, argument] of Object.entries(operation)) {
      if (verb === "set") value = read(argument);
      else if (field.operations.includes(verb)) {
        const items = read([argument]) as string[];
        const list = (value ?? []) as string[];
        value =
          verb === "add" ? [...new Set([...list, ...items])].sort() : list.filter((item) => !items.includes(item));
      } else complaints.add("operationUnknown", field.id, verb);
    }
  }
  return value;
}

export const PROPERTY_LIMIT = 32_768;

export function readProperties(properties: Body["properties"], complaints: Complaints): Record<string, unknown> {
  const read: Record<string, unknown> = {};
  for (const { key, value } of properties ?? []) {
    if (typeof key !== "string" || key === "" || key.length > 255) {
      complaints.add("propertyKeyLength");
      continue;
    }
    if (JSON.stringify(value ?? null).length > PROPERTY_LIMIT) complaints.add("propertyTooLong");
    read[key] = value ?? null;
  }
  return read;
}
