import { adfFault, isObject } from "./adf.ts";
import { findReference, type Project } from "./catalog.ts";
import type { Field } from "./fields.ts";
import type { Complaints } from "./refusal.ts";
import type { Site } from "./site.ts";

/** Reads one field value of a request into what is stored; what is wrong with it goes to `complaints`. */
export function readValue(options: {
  site: Site;
  project: Project;
  field: Field;
  value: unknown;
  complaints: Complaints;
}): unknown {
  const { site, project, field, value, complaints } = options;
  if (value === null && field.required)
    complaints.add("fieldRequired", field.id === "summary" ? "Summary" : field.name);
  if (value === null || value === undefined) return null;
  switch (field.kind) {
    case "summary":
      return readSummary(value, complaints);
    case "text":
    case "textarea":
      return readText({ site, field: field.id, value, complaints });
    case "textfield":
      return readTextField(field, value, complaints);
    case "labels":
      return readLabels(value, complaints);
    case "priority":
      return readPriority(project, value, complaints);
    case "components":
      return readComponents(project, value, complaints);
    case "user":
      return readUser({ site, field, value, complaints });
    case "select":
      return readOption({ site, field, value, complaints });
    case "multiselect":
      if (Array.isArray(value)) return value.map((item) => readOption({ site, field, value: item, complaints }));
      complaints.add("notAnArray", field.id);
      return null;
    case "number":
      if (typeof value !== "number") complaints.add("valueInvalid", field.id);
      return value;
    case "date":
      if (typeof value !== "string" || !/^\d{4}-\d{2}-\d{2}$/.test(value)) complaints.add("valueInvalid", field.id);
      return value;
    case "issuetype": {
      const type = findReference(project.issueTypes, value);
      if (type === undefined) complaints.add("issueTypeUnknown");
      return type?.name ?? null;
    }
    case "project":
      complaints.add("fieldNotOnScreen", "project");
      return null;
  }
}

function readSummary(value: unknown, complaints: Complaints): string {
  if (typeof value !== "string") {
    complaints.add("notAString", "summary");
    return "";
  }
  if (value.trim() === "") complaints.add("summaryMissing");
  else if (/[\n\r]/.test(value)) complaints.add("summaryNewline");
  else if (value.length > 255) complaints.add("summaryTooLong");
  if (/\p{Surrogate}/u.test(value)) complaints.add("unicode");
  return value.trim();
}

/** Rich text: an ADF document on Cloud v3, a string of wiki markup on Data Center. */
export function readText(options: { site: Site; field: string; value: unknown; complaints: Complaints }): unknown {
  const { site, field, value, complaints } = options;
  let length: number;
  if (site.cloud) {
    if (!isObject(value)) {
      complaints.add("adfString", field);
      return null;
    }
    const fault = adfFault(value);
    if (fault !== undefined) complaints.add("adfMalformed", field, fault);
    length = JSON.stringify(value).length;
  } else {
    if (typeof value !== "string") {
      complaints.add(isObject(value) ? "adfOnDataCenter" : "notAString", field);
      return null;
    }
    if (/\p{Surrogate}/u.test(value)) complaints.add("unicode");
    length = value.length;
  }
  if (length > site.textLimit) {
    const row = site.textLimit.toLocaleString("en-US");
    complaints.add("textTooLong", field, row);
  }
  return value;
}

function readTextField(field: Field, value: unknown, complaints: Complaints): unknown {
  if (typeof value !== "string") complaints.add("notAString", field.id);
  else if (value.length > 255 || /[\n\r]/.test(value)) complaints.add("valueInvalid", field.id);
  return value;
}

function readLabels(value: unknown, complaints: Complaints): string[] {
  if (!Array.isArray(value)) {
    complaints.add("notAnArray", "labels");
    return [];
  }
  for (const label of value) {
    if (typeof label !== "string" || label === "") complaints.add("labelNotString");
    else if (/\s/.test(label)) complaints.add("labelSpaces", label);
    else if (label.length > 255) complaints.add("labelTooLong", label);
  }
  return [...new Set(value as string[])].sort();
}

function readPriority(project: Project, value: unknown, complaints: Complaints): string | null {
  const priority = findReference(project.priorities, value);
  if (priority === undefined) complaints.add("priorityInvalid");
  return priority?.name ?? null;
}

function readComponents(project: Project, value: unknown, complaints: Complaints): string[] {
  if (!Array.isArray(value)) {
    complaints.add("notAnArray", "components");
    return [];
  }
  const found = value.map((reference) => {
    const component = findReference(project.components, reference);
    const { id, name } = (isObject(reference) ? reference : {}) as { id?: unknown; name?: unknown };
    if (component === undefined) complaints.add("componentUnknown", id === undefined ? `name '${name}'` : `id '${id}'`);
    return component?.name ?? "";
  });
  return [...new Set(found)].sort();
}

function readUser(options: { site: Site; field: Field; value: unknown; complaints: Complaints }): string | null {
  const { site, field, value, complaints } = options;
  const reference = isObject(value) ? value : {};
  const given = site.cloud ? (reference["accountId"] ?? reference["id"]) : reference["name"];
  if (given === null) return null;
  if (given === undefined) {
    complaints.add("valueInvalid", field.id);
    return null;
  }
  const user = [...site.catalog.users.values()].find((one) => (site.cloud ? one.accountId : one.name) === given);
  if (user === undefined) complaints.add("userUnknown", field.id, String(given));
  else if (field.id === "assignee" && !(user.active && user.assignable)) {
    complaints.add("userNotAssignable", "assignee", String(given));
  }
  return user?.name ?? null;
}

function readOption(options: { site: Site; field: Field; value: unknown; complaints: Complaints }): string | null {
  const { site, field, value, complaints } = options;
  const names = site.catalog.customFields.get(field.id)?.options ?? [];
  const { id, value: name } = (isObject(value) ? value : {}) as { id?: unknown; value?: unknown };
  const found =
    id === undefined ? names.find((one) => one === name) : names.find((one) => optionId(field.id, names, one) === id);
  if (found === undefined) complaints.add("optionUnknown", field.id, String(id ?? name ?? value));
  return found ?? null;
}

/** Stable and unlike another field's: the field's number, then the option's place. */
export function optionId(fieldId: string, options: readonly string[], option: string): string {
  const place = String(options.indexOf(option)).padStart(3, "0");
  return `${fieldId.replace("customfield_", "")}${place}`;
}
