import { type Block, type Document, paragraph, strong } from "../model/document.ts";
import { formatDuration } from "../support/duration.ts";
import { bandText, priorityLine } from "./score.ts";
import { episodeText, labelsOf, type Story, worstText } from "./story.ts";

export function quietDocument(story: Story): Document {
  return [
    paragraph(strong("Quiet now. "), `The last episode: ${episodeText(story, story.finding.episode)}.`),
    paragraph("If the cause is known and fixed, this ticket can be closed. Should it come back, it will be said here."),
  ];
}

export function vanishedDocument(story: Story): Document {
  return [
    paragraph(
      strong("No more data. "),
      `What this ticket is about (${labelsOf(story)}) has reported nothing for ${formatDuration(story.rule.keepForMs)}, so it is no longer watched. That is not a recovery: nobody has seen it well.`,
    ),
  ];
}

export function ruleChangedDocument(story: Story): Document {
  return [
    paragraph(
      strong("No longer watched. "),
      `The rule ${story.finding.worst.ruleId} was removed or now groups its alerts in another way. Backfeed will not touch this ticket again.`,
    ),
  ];
}

export function backDocument(story: Story): Document {
  const { finding, at } = story;
  const quietSince = finding.pastEpisodes[0]?.endedAt;
  const after = quietSince === undefined ? "" : ` after ${formatDuration(at - quietSince)} of quiet`;
  return [
    paragraph(
      strong("Back again"),
      `${after}: ${worstText(story)}. Episode ${1 + finding.pastEpisodes.length} in 30 days.`,
    ),
    paragraph(priorityLine(story.priority)),
  ];
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
