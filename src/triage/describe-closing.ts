import { type Block, type Document, link, paragraph, strong } from "../model/document.ts";
import { recentEpisodes } from "../model/finding.ts";
import { compareBands } from "../model/priority.ts";
import { formatInstant } from "../model/time.ts";
import { isBackAfter } from "./closing.ts";
import { deploysSinceDone } from "./describe-deploys.ts";
import { bandText, priorityLine } from "./score.ts";
import { daysText, type Story, worstText } from "./story.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Back after Done. */
export function regressedDocument(story: Story): Document {
  const after = daysText(sinceClosing(story));
  // What Backfeed closed itself, since all was quiet, nobody has called fixed.
  const byUs = story.ticket?.closed?.by === "us";
  return [
    paragraph(
      strong(byUs ? `Back, ${after} after this was closed. ` : `Regressed, ${after} after the fix. `),
      `This ticket was closed as Done at ${closedAt(story)}, and the problem is back: ${worstText(story)}. Episode ${recentEpisodes(story.finding)} in 30 days.`,
    ),
    ...deploysSinceDone(story),
    paragraph(priorityLine(story.priority)),
  ];
}

/** Never gone since Done. */
export function stillHappeningDocument(story: Story): Document {
  return [
    paragraph(
      strong(`Still happening, ${hoursText(story.at - (story.ticket?.closed?.at ?? story.at))} after Done. `),
      `This ticket was closed at ${closedAt(story)}, and the problem has not stopped since: ${worstText(story)}.`,
    ),
    paragraph(priorityLine(story.priority)),
  ];
}

/** What people did not want done has got worse, or was left alone for as long as the rule says. */
export function wontDoOverDocument(story: Story): Document {
  const { priority, rule, ticket } = story;
  const closed = ticket?.closed;
  const worse = closed !== undefined && compareBands(priority.band, closed.band) > 0;
  const goesOn = closed !== undefined && !isBackAfter(story.finding, closed);
  const why = worse
    ? `It was ${bandText(closed.band)} when this ticket was closed, and is ${bandText(priority.band)} now`
    : `This ticket was closed at ${closedAt(story)} as not to be done, that was kept to for ${daysText(rule.ticket.suppressForMs)}, and it ${goesOn ? "still happens" : "happens again"}`;
  return [
    paragraph(
      strong(worse ? "Worse than when this was closed. " : "Asking once more. "),
      `${why}: ${worstText(story)}.`,
    ),
    paragraph(priorityLine(priority)),
  ];
}

/** Instead of a reopening that the workflow does not allow. */
export function notReopened(document: Document): Document {
  const ask =
    "Backfeed would have reopened this ticket, but its workflow has no way back from where it stands. Please reopen it if it is to be worked on.";
  return [...document, paragraph(ask)];
}

export function suppressedDocument(story: Story): Document {
  const { rule, ticket } = story;
  const closed = ticket?.closed;
  const until = formatInstant((closed?.at ?? story.at) + rule.ticket.suppressForMs);
  const band = closed?.band ?? story.priority.band;
  const worse = band === "Highest" ? "" : `it gets worse than ${band}, or `;
  return [
    paragraph(
      strong("Left closed, as you decided. "),
      `The problem still happens (${worstText(story)}). Backfeed says no more about it unless ${worse}it still happens after ${until}.`,
    ),
  ];
}

export function verifiedDocument(story: Story): Document {
  const { verifyForMs, onReturn } = story.rule.ticket;
  const held = daysText(verifyForMs);
  const back = onReturn === "new_linked" ? "a new ticket is filed and linked with this one" : "it will be said here";
  return [
    paragraph(
      strong(`Held for ${held}. `),
      `Since this ticket was closed as Done at ${closedAt(story)} the problem was looked for and not found for ${held}. The fix counts as verified; should it come back all the same, ${back}.`,
    ),
  ];
}

/** On an issue that people put in the place of the ticket. */
export function takesOverDocument(story: Story): Document {
  const { finding, ticket } = story;
  const former = ticket?.formerRefs?.at(-1);
  const before = former === undefined ? [] : [" Before, it was ", link(former.key, former.url), "."];
  return [
    paragraph(
      strong("This issue now stands for a problem that Backfeed watches: "),
      finding.title,
      ".",
      ...before,
      " What there is to say of it will be said here.",
    ),
    paragraph(priorityLine(story.priority)),
  ];
}

/** On a ticket of a further generation: the one before, and why there is a second. Nothing for a first ticket. */
export function followsBlocks({ finding }: Story): readonly Block[] {
  const { follows } = finding.memory;
  if (follows === undefined) return [];
  const why = {
    back_late: "was done so long ago that this counts as a new matter",
    regressed: "was done; the problem is back",
    still_happening: "was done; the problem has not stopped since",
    wont_do_over: "was closed as not to be done; the problem goes on",
    refiled: "was the ticket before; somebody asked for a new one",
  }[follows.because];
  return [paragraph(strong("Follows "), link(follows.ref.key, follows.ref.url), `, which ${why}.`)];
}

/** From the closing to the episode that runs now. */
function sinceClosing({ finding, ticket, at }: Story): number {
  return Math.max(0, finding.episode.startedAt - (ticket?.closed?.at ?? at));
}

function closedAt({ ticket, at }: Story): string {
  return formatInstant(ticket?.closed?.at ?? at);
}

/** `24 h` rather than `1 d`, up to three days. */
function hoursText(ms: number): string {
  if (ms < hourMs || ms >= 3 * dayMs) return daysText(ms);
  return `${Math.floor(ms / hourMs)} h`;
}
