import { type Block, type Document, type Inline, link, paragraph, strong, text } from "../model/document.ts";
import { isOngoing } from "../model/finding.ts";
import { formatInstant } from "../model/time.ts";
import { cutCodePoints } from "../support/clean-text.ts";
import { bandText, priorityLine } from "./score.ts";
import type { ListedFinding, SharedLabel, StormDigest } from "./storm-digest.ts";
import type { Story } from "./story.ts";

const longestTitle = 140;
const longestValue = 80;

/** The parent's title: how many, and what most of them share. */
export function stormTitle({ total, shared }: StormDigest): string {
  const common = shared.find(({ count }) => count === total) ?? shared[0];
  return `Storm: ${total} problems at once${common === undefined ? "" : `, ${inCommon(common, total)}`}`;
}

/** The parent's text when it is filed: what they have in common first, then the list. */
export function stormBlocks(story: Story, digest: StormDigest): readonly Block[] {
  const { total, storm } = digest;
  return [
    paragraph(strong(`${total} problems began within ten minutes. `), text(commonText(digest, "In common: "))),
    paragraph(
      `They are told here, and not as ${total} tickets, since so many at once mostly have one cause. The worst get tickets of their own, five at most, which are linked with this one; new ones are added here until ${formatInstant(storm.takesUntil)}. The list is kept up to date in the comment below.`,
    ),
    paragraph(strong("Priority of the worst of them: "), text(priorityLine(story.priority))),
    ...list(digest),
    ...pageLink(story),
  ];
}

/** The parent's summary block, edited in place. */
export function stormSummary(story: Story, digest: StormDigest): Document {
  const { at, finding } = story;
  const { total, bad, read, storm } = digest;
  const takes = at < storm.takesUntil ? `takes new ones until ${formatInstant(storm.takesUntil)}` : "takes no new ones";
  const state = isOngoing(finding) ? `${bad} of ${total} still bad` : "all quiet";
  const rows: Inline[][][] = [
    row("State", `${state}${read < total ? ` (of the ${read} worst)` : ""}, ${takes}`),
    row("Since", formatInstant(storm.openedAt)),
    row("In common", commonText(digest, "")),
    row("Priority of the worst", priorityLine(story.priority)),
  ];
  return [
    paragraph(strong(`Summary by Backfeed, as of ${formatInstant(at)}`)),
    { kind: "table", rows },
    ...list(digest),
    ...pageLink(story),
  ];
}

function list({ listed, total }: StormDigest): readonly Block[] {
  const items = listed.map(item);
  const more = total - listed.length;
  if (more > 0) items.push([text(`and ${more} more, none of them worse`)]);
  const heading = more > 0 ? `The worst ${listed.length} of ${total}` : `All ${total}, the worst first`;
  return [
    { kind: "heading", text: heading },
    { kind: "list", items },
  ];
}

function item({ score, band, title, page, isBad, ticket }: ListedFinding): Inline[] {
  const short = cutCodePoints(title, longestTitle);
  return [
    strong(`${score} ${bandText(band)} `),
    page === undefined ? text(short) : link(short, page),
    text(isBad ? "" : " (quiet)"),
    ...ticketOf(ticket),
  ].filter((part) => part.text !== "");
}

function ticketOf(ticket: ListedFinding["ticket"]): readonly Inline[] {
  if (ticket === undefined) return [];
  if (ticket === "on_its_way") return [text(", ticket of its own")];
  return [text(", ticket "), link(ticket.key, ticket.url)];
}

function commonText({ shared, read }: StormDigest, before: string): string {
  if (shared.length === 0) return "No label has the same value for most of them.";
  return `${before}${shared.map((each) => inCommon(each, read)).join("; ")}.`;
}

function inCommon({ name, value, count }: SharedLabel, of: number): string {
  const what = `${cutCodePoints(name, longestValue)}=${cutCodePoints(value, longestValue)}`;
  return count === of ? `all with ${what}` : `${count} of ${of} with ${what}`;
}

function pageLink({ page }: Story): readonly Block[] {
  return page === undefined ? [] : [paragraph(link("This storm in Backfeed, with all of its findings", page))];
}

function row(name: string, value: string): Inline[][] {
  return [[strong(name)], [text(value)]];
}
