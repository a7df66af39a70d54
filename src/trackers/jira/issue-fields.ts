import { paragraph } from "../../model/document.ts";
import { ticketLabel } from "../../model/identity.ts";
import type { TicketDraft } from "../../model/ticket.ts";
import { BackfeedError } from "../../support/errors.ts";
import type { Flavour } from "./client.ts";
import type { CreateScreen } from "./create-screen.ts";
import type { Markup } from "./markup.ts";
import { priorityOf } from "./priority.ts";
import type { FieldMeta } from "./schemas.ts";
import { cleanLabel, cleanLine, shorten, summaryLine } from "./text.ts";

/** The body of a create, and what had to be left out of it. */
export interface IssueBody {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly priority: string | undefined;
  readonly dropped: readonly string[];
}

export interface IssueBodyOptions {
  readonly draft: TicketDraft;
  readonly screen: CreateScreen;
  readonly flavour: Flavour;
  readonly markup: Markup;
  readonly labelPrefix: string;
  /** Fields that Jira has just refused by name. */
  readonly refused: ReadonlySet<string>;
}

const writtenByUs = new Set(["project", "issuetype", "summary", "description", "labels", "priority"]);
// Jira fills these in: the project and type are always sent, the reporter is whoever creates.
const filledByJira = new Set(["project", "issuetype", "reporter"]);

/**
 * The fields of a create, of those on its screen. What is optional and cannot be had is left out and said in `dropped`.
 * Throws `refused` where no ticket of ours can be made: labels are not on the screen, or a required field is given by nobody.
 */
export function issueBody(options: IssueBodyOptions): IssueBody {
  const { draft, screen, markup, refused } = options;
  const { project, issueType } = screen;
  const dropped: string[] = [];
  const fields: Record<string, unknown> = {
    project: { key: project },
    issuetype: { id: issueType.id },
    summary: summaryLine(draft.summary),
  };
  const allowed = screen.fields.get("priority")?.allowedValues ?? [];
  const priority = refused.has("priority") ? undefined : priorityOf(draft.band, allowed);
  if (priority !== undefined)
    fields["priority"] = priority.id === undefined ? { name: priority.name } : { id: priority.id };
  if (refused.has("priority")) dropped.push("the priority was refused by Jira and stands in a label");

  fields["labels"] = labels(options, priority === undefined);
  if (screen.fields.has("description")) {
    const first = priority === undefined ? [paragraph(`Priority: ${draft.band}`)] : [];
    const isRefused = refused.has("description");
    fields["description"] = markup.document([...first, ...draft.document], isRefused ? 0.25 : 1);
    if (isRefused) dropped.push("the description was refused by Jira and has been shortened");
  } else {
    dropped.push(`the description is not on the create screen of ${issueType.name} in ${project}`);
  }
  addComponent(options, fields, dropped);
  addAssignee(options, fields, dropped);
  addCustomFields(options, fields, dropped);
  throwIfIncomplete(screen, fields);
  return { fields, priority: priority?.name, dropped };
}

function labels({ draft, screen, labelPrefix, refused }: IssueBodyOptions, isBandLabel: boolean): string[] {
  if (!screen.fields.has("labels")) {
    throw new BackfeedError(
      "refused",
      `Labels are not on the create screen of ${screen.issueType.name} in ${screen.project}: without its label a ticket ` +
        "could not be found again. Add the field Labels to that screen",
      { facts: { project: screen.project, fields: "labels" } },
    );
  }
  const own = ticketLabel(labelPrefix, draft.identity.groupKey);
  const band = isBandLabel ? [`${labelPrefix}-priority-${draft.band.toLowerCase()}`] : [];
  const wished = refused.has("labels")
    ? []
    : draft.route.labels.slice(0, 50).flatMap((label) => cleanLabel(label) ?? []);
  return [...new Set([own, ...band, ...wished])];
}

function addComponent(
  { draft, screen, refused }: IssueBodyOptions,
  fields: Record<string, unknown>,
  dropped: string[],
): void {
  const wish = draft.route.component;
  if (wish === undefined) return;
  const named = `component ${quoted(wish)}`;
  const meta = screen.fields.get("components");
  const found = meta?.allowedValues?.find((one) => one.name?.toLowerCase() === wish.toLowerCase());
  if (meta === undefined) dropped.push(`${named}: components are not on the create screen`);
  else if (refused.has("components")) dropped.push(`${named} was refused by Jira`);
  else if (found?.id === undefined) dropped.push(`${named} is unknown in ${screen.project}`);
  else fields["components"] = [{ id: found.id }];
}

function addAssignee(
  { draft, screen, flavour, refused }: IssueBodyOptions,
  fields: Record<string, unknown>,
  dropped: string[],
): void {
  const wish = draft.route.assignee;
  if (wish === undefined) return;
  if (!screen.fields.has("assignee")) dropped.push(`assignee ${quoted(wish)}: the field is not on the create screen`);
  else if (refused.has("assignee")) dropped.push(`assignee ${quoted(wish)} is unknown or may not be assigned`);
  else fields["assignee"] = flavour === "cloud" ? { accountId: wish } : { name: wish };
}

function addCustomFields(options: IssueBodyOptions, fields: Record<string, unknown>, dropped: string[]): void {
  const { draft, screen, refused } = options;
  for (const [id, value] of Object.entries(draft.route.fields).slice(0, 100)) {
    const meta = screen.fields.get(id);
    if (writtenByUs.has(id)) dropped.push(`field ${quoted(id)} is written by Backfeed itself`);
    else if (meta === undefined) dropped.push(`field ${quoted(id)} is not on the create screen`);
    else if (Object.hasOwn(fields, id)) dropped.push(`field ${quoted(id)} is given twice`);
    else if (refused.has(id)) dropped.push(`field ${quoted(meta.name)} (${id}): its value was refused by Jira`);
    else fields[id] = fieldValue(options, meta, value);
  }
}

/** Texts of several lines have the form of a description; all else is sent as it was written. */
function fieldValue({ markup, flavour }: IssueBodyOptions, meta: FieldMeta, value: unknown): unknown {
  const isLongText = meta.schema?.custom?.endsWith(":textarea") === true || meta.schema?.system === "environment";
  return typeof value === "string" && isLongText && flavour === "cloud" ? markup.text(value) : value;
}

function throwIfIncomplete(screen: CreateScreen, fields: Readonly<Record<string, unknown>>): void {
  const missing = missingFields(screen, new Set(Object.keys(fields)));
  if (missing.length === 0) return;
  throw new BackfeedError("refused", missing.map(({ sentence }) => sentence).join(" "), {
    facts: { project: screen.project, fields: missing.map(({ id }) => id).join(",") },
  });
}

/** The fields that a create must give, and nobody gives: with what to write in owners.yaml. */
export function missingFields(screen: CreateScreen, given: ReadonlySet<string>): { id: string; sentence: string }[] {
  return [...screen.fields]
    .filter(([id, meta]) => meta.required && meta.hasDefaultValue !== true && !given.has(id) && !filledByJira.has(id))
    .map(([id, meta]) => ({
      id,
      sentence:
        `${screen.issueType.name} in ${screen.project} requires ${quoted(meta.name)}: ` +
        `write ${example(id, meta)} for its owner in owners.yaml.`,
    }));
}

function example(id: string, meta: FieldMeta): string {
  const first = meta.allowedValues?.[0];
  if (id === "components") return `component: ${first?.name ?? "<name>"}`;
  if (id === "assignee") return "assignee: <account id>";
  return `fields: { ${id}: ${exampleValue(meta)} }`;
}

function exampleValue({ schema, allowedValues }: FieldMeta): string {
  const first = allowedValues?.[0];
  const option =
    first?.value === undefined ? `{ name: ${quoted(first?.name ?? "…")} }` : `{ value: ${quoted(first.value)} }`;
  switch (schema?.type) {
    case "number":
      return "1";
    case "date":
      return '"2026-01-31"';
    case "array":
      return first === undefined ? '["…"]' : `[${option}]`;
    default:
      return first === undefined ? '"…"' : option;
  }
}

function quoted(text: string): string {
  return `"${shorten(cleanLine(text), 80)}"`;
}
