import type { TicketRef } from "../../model/ticket.ts";
import { BackfeedError } from "../../support/errors.ts";
import type { IssueLink, LinkType } from "./schemas.ts";
import type { Jira } from "./session.ts";

type Kind = "duplicate" | "relates";

// The names of a new site; administrators rename types, and then the words of one direction still tell it.
const names: Readonly<Record<Kind, string>> = { duplicate: "duplicate", relates: "relates" };
const words: Readonly<Record<Kind, string>> = { duplicate: "duplicates", relates: "relates to" };

/**
 * Links an issue to another: `issue duplicates other`. Looks first. A site without links of that type gets "relates to" for a
 * duplicate; one with neither, or with linking switched off, is `unsupported`.
 */
export async function linkTo(
  jira: Jira,
  options: { issueId: string; other: TicketRef; type: Kind; signal: AbortSignal },
): Promise<"created" | "unchanged" | "unsupported"> {
  const { issueId, other, type, signal } = options;
  const { fields } = await jira.client.readIssue(issueId, { fields: "issuelinks" }, signal);
  const links = fields.issuelinks ?? [];
  if (isLinked(links, type, other)) return "unchanged";
  const chosen = chooseType(await linkTypes(jira, signal), type);
  if (chosen === undefined) return "unsupported";
  if (!isKind(chosen, type) && isLinked(links, "relates", other)) return "unchanged";
  // Jira draws the link from its inward issue, on which it then reads "duplicates", to its outward issue.
  const link = { type: { name: chosen.name }, inwardIssue: { id: issueId }, outwardIssue: { id: other.id } };
  await jira.client.linkIssues(issueId, link, signal);
  return "created";
}

/** The issue that another is said to duplicate. Pure. */
export function originalOf(links: readonly IssueLink[]): { id: string; key: string } | undefined {
  return links.find((link) => isKind(link.type, "duplicate") && link.outwardIssue != null)?.outwardIssue ?? undefined;
}

/** The type of link to write: by name, else by its words; for a duplicate, at worst, "relates to". Pure. */
function chooseType(types: readonly LinkType[], kind: Kind): LinkType | undefined {
  const exact = types.find(({ name }) => name.toLowerCase() === names[kind]);
  const found = exact ?? types.find((type) => isKind(type, kind));
  return found ?? (kind === "duplicate" ? chooseType(types, "relates") : undefined);
}

function isKind({ name, outward }: LinkType, kind: Kind): boolean {
  return name.toLowerCase() === names[kind] || outward?.toLowerCase() === words[kind];
}

function isLinked(links: readonly IssueLink[], kind: Kind, other: TicketRef): boolean {
  return links.some((link) => {
    // "Relates to" says the same from both ends.
    const ends = kind === "relates" ? [link.outwardIssue, link.inwardIssue] : [link.outwardIssue];
    return isKind(link.type, kind) && ends.some((end) => end?.id === other.id);
  });
}

async function linkTypes(jira: Jira, signal: AbortSignal): Promise<readonly LinkType[]> {
  try {
    return await jira.client.linkTypes(signal);
  } catch (thrown) {
    // What a site answers where links between issues are switched off.
    if (thrown instanceof BackfeedError && thrown.kind === "not_found") return [];
    throw thrown;
  }
}
