import type { TicketPolicy } from "../model/rule.ts";
import type { TicketRoute } from "../model/ticket.ts";
import { renderText, renderValue, type TemplateContext } from "../rules/templates.ts";
import { BackfeedError } from "../support/errors.ts";
import type { ServiceConfig } from "./types.ts";

/**
 * Where a finding's ticket goes and what stands on it. Rule, then owner, then tracker: the first that says something
 * wins; labels add up; fields are merged by id. An owner that is not in the owners file is the default one.
 * A label or field whose template fails for these values is left out, told in `dropped`: it never stops a ticket.
 */
export function routeFor(
  config: Pick<ServiceConfig, "owners" | "trackers">,
  owner: string,
  ticket: Pick<TicketPolicy, "issueType" | "labels" | "fields">,
  context: TemplateContext,
): { readonly route: TicketRoute; readonly dropped: readonly string[] } {
  const chosen = (Object.hasOwn(config.owners, owner) ? config.owners[owner] : undefined) ?? config.owners["default"];
  if (chosen === undefined) throw new BackfeedError("configuration", "the owners file has no default owner");
  const tracker = config.trackers[chosen.tracker];
  const dropped: string[] = [];
  const attempt = <T>(what: string, render: () => T): T[] => {
    try {
      return [render()];
    } catch (thrown) {
      dropped.push(`${what} is left out: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
      return [];
    }
  };
  const labels = [...chosen.labels, ...ticket.labels].flatMap((label) =>
    attempt(`label ${label}`, () => renderText(label, context).trim().replace(/\s+/g, "-")),
  );
  const fields = Object.entries({ ...chosen.fields, ...ticket.fields }).flatMap(([id, value]) =>
    attempt(`field ${id}`, () => [id, renderValue(value, context)] as const),
  );
  const project = chosen.project ?? tracker?.project;
  const issueType = ticket.issueType ?? chosen.issueType ?? (tracker?.type === "jira" ? tracker.issueType : undefined);
  return {
    route: {
      tracker: chosen.tracker,
      ...(project === undefined ? {} : { project }),
      ...(issueType === undefined ? {} : { issueType }),
      ...(chosen.component === undefined ? {} : { component: chosen.component }),
      ...(chosen.assignee === undefined ? {} : { assignee: chosen.assignee }),
      labels: [...new Set(labels.filter((label) => label !== ""))],
      fields: Object.fromEntries(fields),
    },
    dropped,
  };
}
