import { type Block, type Document, paragraph, strong } from "../model/document.ts";
import { type Finding, recentEpisodes } from "../model/finding.ts";
import { formatLabels } from "../model/labels.ts";
import { type RaisedWords, senderNames } from "../model/raised-alert.ts";
import { limitsFor } from "../model/rule.ts";
import { formatInstant } from "../model/time.ts";
import { formatDuration } from "../support/duration.ts";
import { bandText, priorityLine } from "./score.ts";
import { daysText, episodeText, labelsOf, type Story, worstText } from "./story.ts";

export function quietDocument(story: Story): Document {
  const { verdict } = story.finding.worst;
  if (verdict.reason === "known" && verdict.events > 0) return knownDocument(story);
  return [
    paragraph(strong("Quiet now. "), `The last episode: ${episodeText(story, story.finding.episode)}.`),
    paragraph(afterQuiet(story)),
  ];
}

/** What was new has been there for so long that it is known: nobody has seen it stop. */
function knownDocument(story: Story): Document {
  const { rule, finding } = story;
  const { when } = limitsFor(rule, finding.worst.labels);
  const settled = when.form === "new" ? `${formatDuration(when.settleMs)} after it was first seen ` : "";
  return [
    paragraph(
      strong("Known now, and still there. "),
      `${settled}it counts as known, so nothing more is said of it. The episode: ${episodeText(story, finding.episode)}.`,
    ),
    paragraph(afterQuiet(story)),
  ];
}

/** What becomes of the ticket now. It is said before it is tried, and a workflow may have no way to Done from where it stands. */
function afterQuiet({ rule: { ticket } }: Story): string {
  if (ticket.onQuiet !== "transition") {
    return "If the cause is known and fixed, this ticket can be closed. Should it come back, it will be said here.";
  }
  const back = {
    reopen: `within ${daysText(ticket.returnWithinMs)}, this ticket is reopened`,
    new_linked: "after that, a new ticket is filed and linked with this one",
    comment: "after that, it will be said here",
  }[ticket.onReturn];
  return `As its rule says, Backfeed closes this ticket now, if its workflow lets it. Should the problem come back ${back}.`;
}

const mostVanishedNamed = 5;

export function vanishedDocument(story: Story): Document {
  return [
    paragraph(strong("No more data. "), `${vanishedText(story)} That is not a recovery: nobody has seen it well.`),
  ];
}

/** Names what ceased: of a ticket of many label sets it may be one, long before the last of the others ended. */
function vanishedText(story: Story): string {
  const { worst, episode } = story.finding;
  const ceased = episode.vanished ?? [worst];
  const one = ceased.length === 1 ? ceased[0] : undefined;
  if (one?.fingerprint === worst.fingerprint) {
    const span = formatDuration(story.rule.keepForMs);
    if (worst.verdict.raised !== undefined) return unheardText(story, worst.verdict.raised);
    return `What this ticket is about (${labelsOf(story)}) has reported nothing for ${span}, so it is no longer watched.`;
  }
  const named = ceased.slice(0, mostVanishedNamed).map(({ labels }) => formatLabels(labels));
  const more = ceased.length - named.length;
  const names = [...named, ...(more > 0 ? [`${more} more`] : [])].join("; ");
  return `A part of what this ticket is about (${names}) ceased to report while it was over its limit, and is no longer watched.`;
}

/** Its sender may have been stopped, silenced, or told not to send here: nobody knows which. */
function unheardText(story: Story, { sender, heardAt }: RaisedWords): string {
  const since = formatInstant(heardAt);
  return `${senderNames[sender]} has said nothing of this alert (${labelsOf(story)}) since ${since}, neither that it fires nor that it is resolved, so it is no longer watched.`;
}

export function ruleChangedDocument(story: Story): Document {
  return [
    paragraph(
      strong("No longer watched. "),
      `The rule ${story.finding.worst.ruleId} was removed or now groups its alerts in another way. Backfeed will not touch this ticket again, unless the rule comes back as it was.`,
    ),
  ];
}

export function backDocument(story: Story): Document {
  const { finding, at } = story;
  return [
    paragraph(
      strong("Back again"),
      `${sinceLast(finding, at)}: ${worstText(story)}. Episode ${recentEpisodes(finding)} in 30 days.`,
    ),
    paragraph(priorityLine(story.priority)),
  ];
}

/** Only what was seen well was quiet. */
function sinceLast({ pastEpisodes: [last] }: Finding, at: number): string {
  if (last?.endedAt === undefined) return "";
  const span = formatDuration(at - last.endedAt);
  if (last.ending === "vanished") return `, ${span} after it was given up for lack of data`;
  if (last.ending === "rule_changed") return `, watched again ${span} after its rule had changed or was gone`;
  return ` after ${span} of quiet`;
}

export function flappingDocument(story: Story): Document {
  return [
    paragraph(
      strong("It comes and goes. "),
      `${labelsOf(story)} changed at least four times between bad and good in the last twenty checks. Backfeed holds it as still happening until it settles, and says so only once.`,
    ),
  ];
}

/** The proof of the rules that joined is set between its two paragraphs. */
export function joinedDocument({ finding }: Story, joining: readonly string[]): Document {
  const others = finding.ruleIds.filter((id) => !joining.includes(id));
  const beside = others.length === 0 ? "" : ` It is the same problem as told by ${others.join(", ")}.`;
  const rules = joining.length === 1 ? `Rule ${joining[0]} fires, too.` : `Rules ${joining.join(", ")} fire, too.`;
  return [
    paragraph(strong("One more sign of this. "), `${rules}${beside}`),
    paragraph("This is told once for each rule. What each of them measures now stands in the summary."),
  ];
}

/** Said instead of writing, when a person's priority stands. */
export function priorityKeptDocument(story: Story): Document {
  return [
    paragraph(
      strong("Priority left as you set it. "),
      `By the numbers it would be ${bandText(story.priority.band)} now: ${priorityLine(story.priority)}`,
    ),
  ];
}

export function silenceOverDocument(story: Story): Document {
  return [...silenceOverBlocks(story), paragraph(priorityLine(story.priority))];
}

/** Who silenced it and why, on the ticket that is told of it now. */
export function silenceOverBlocks({ silenceOver, priority }: Story): readonly Block[] {
  if (silenceOver === undefined) return [];
  const { author, band, reason } = silenceOver;
  const text = `${author} silenced this at ${band} until it gets worse: "${reason}". It is ${priority.band} now.`;
  return [paragraph(strong("Worse than when it was silenced. "), text)];
}
