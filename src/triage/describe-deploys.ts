import type { Deploy, SuspectDeploy, SuspectDeploys, VersionBefore } from "../model/deploy.ts";
import { type Block, type Document, type Inline, link, paragraph, strong, text } from "../model/document.ts";
import type { EvidenceRequest } from "../model/evidence.ts";
import { formatInstant } from "../model/time.ts";
import { day, formatDuration, hour } from "../support/duration.ts";
import type { Story } from "./story.ts";

/** Of a name on a chart, in characters: marks stand close to each other. */
const longestMark = 24;

/** On the ticket: what went out shortly before it began. Nothing where no deploy of its service is known. */
export function suspectBlocks({ deploys }: Pick<Story, "deploys">): readonly Block[] {
  if (deploys === undefined) return [];
  const { suspects, more, windowMs } = deploys;
  if (suspects.length === 0) return [paragraph(strong("Deploys: "), ...noneText(deploys))];
  const items = suspects.map((suspect) => suspectItem(suspect, "it began"));
  if (more > 0) items.push([text(`and ${more} more before these`)]);
  return [
    { kind: "heading", text: "Suspect deploys" },
    paragraph(
      `What went out within ${hoursText(windowMs)} before it began, newest first. That it came before does not prove that it is the cause.`,
    ),
    { kind: "list", items },
  ];
}

/** On the finding's page, which has a heading of its own. */
export function suspectText(deploys: SuspectDeploys): Document {
  return [...suspectBlocks({ deploys }).filter(({ kind }) => kind !== "heading"), ...deploysSinceDone({ deploys })];
}

/** A row of the summary block: what became known of deploys after the ticket was filed stands there. */
export function suspectRows({ deploys }: Pick<Story, "deploys">): readonly Inline[][][] {
  const { suspects = [], more = 0 } = deploys ?? {};
  if (suspects.length === 0) return [];
  const names = suspects.flatMap((suspect, place): Inline[] => [
    ...(place === 0 ? [] : [text("; ")]),
    ...deployName(suspect.deploy),
    text(` ${whenText(suspect, "it began")}`),
  ]);
  return [[[strong("Suspect deploys")], more > 0 ? [...names, text(`; and ${more} more`)] : names]];
}

/** In the comment that it is back after Done: what went out in between. */
export function deploysSinceDone({ deploys }: Pick<Story, "deploys">): readonly Block[] {
  const since = deploys?.sinceDone;
  if (deploys === undefined || since === undefined) return [];
  if (since.deploys.length === 0) {
    return [paragraph(`No deploy of ${servicesText(deploys)} is known between Done and its return.`)];
  }
  const items = since.deploys.map((suspect) => suspectItem(suspect, "it came back"));
  if (since.more > 0) items.push([text(`and ${since.more} more before these`)]);
  return [paragraph(strong("Deployed since Done, "), "newest first:"), { kind: "list", items }];
}

/** One line a suspect as plain text, for `explain`. */
export function suspectLines(deploys: SuspectDeploys): readonly string[] {
  const inline = (content: readonly Inline[]) => content.map((part) => part.text).join("");
  if (deploys.suspects.length === 0) return [inline(noneText(deploys))];
  return deploys.suspects.map((suspect) => inline(suspectItem(suspect, "it began")));
}

/** The same request, with a mark on each rule's chart for each suspect that lies in it. */
export function withDeployMarks(request: EvidenceRequest, deploys: SuspectDeploys | undefined): EvidenceRequest {
  const marks = (deploys?.suspects ?? []).map(({ deploy, underWay }) => ({
    at: underWay ? (deploy.startedAt ?? deploy.at) : deploy.at,
    label: cut(deploy.version, longestMark),
  }));
  if (marks.length === 0) return request;
  const sections = request.sections.map((section) => {
    const { from, to } = section.chart.window;
    const inside = marks.filter(({ at }) => at >= from && at <= to);
    return inside.length === 0 ? section : { ...section, chart: { ...section.chart, marks: inside } };
  });
  return { ...request, sections };
}

/** The keys of the suspects, to know which were told. */
export function suspectKeys(deploys: SuspectDeploys | undefined): readonly string[] {
  return deploys?.suspects.map(({ deploy }) => deploy.key) ?? [];
}

function suspectItem(suspect: SuspectDeploy, what: string): Inline[] {
  const { deploy, before, again } = suspect;
  const { at, author, commit, outcome } = deploy;
  const told = [
    ...(author === undefined ? [] : [`by ${author}`]),
    ...(commit === undefined || commit.startsWith(deploy.version) ? [] : [`commit ${commit.slice(0, 12)}`]),
    formatInstant(at),
  ].join(", ");
  const ended = { succeeded: "", failed: " It failed.", started: " How it ended is not known yet." }[outcome];
  const rollback = again ? ` ${deploy.version} ran before that already: this may be a rollback.` : "";
  return [
    ...deployName(deploy),
    text(` ${whenText(suspect, what)} (${told}).${ended} ${beforeText(before)}${rollback}`),
  ];
}

/** `1.4.2 of checkout to production`, with a link where there is one. */
function deployName({ version, url, service, environment }: Deploy): readonly Inline[] {
  const place = environment === undefined ? "" : ` to ${environment}`;
  return [url === undefined ? strong(version) : link(version, url), text(` of ${service}${place}`)];
}

function whenText({ beforeMs, underWay }: SuspectDeploy, what: string): string {
  if (underWay) return `was under way when ${what}, begun ${spanText(beforeMs)} before`;
  if (beforeMs < 0) return `${spanText(-beforeMs)} after ${what}, within what two clocks may differ`;
  return beforeMs < 1_000 ? `just when ${what}` : `${spanText(beforeMs)} before ${what}`;
}

/** Whether the version before showed the problem, as far as it was watched. */
function beforeText(before: VersionBefore | undefined): string {
  if (before === undefined)
    return "Whether the version before showed this is not known: no deploy before that is known.";
  const { version, ranMs, watchedMs, episodes, same } = before;
  const ran = spanText(ranMs);
  const name = same ? `The same version, ${version},` : version;
  if (episodes > 0) {
    return `${name} showed it too: ${episodes === 1 ? "1 episode" : `${episodes} episodes`} in the ${ran} before.`;
  }
  if (watchedMs < 1_000)
    return `${name} ran for ${ran} before; whether it showed this is not known, since this was not watched.`;
  // What was watched but for a moment was watched.
  if (watchedMs < ranMs * 0.95)
    return `${name} ran for ${ran} before; not seen in the ${spanText(watchedMs)} that were watched.`;
  return `${name} ran for ${ran} before without it.`;
}

function noneText(deploys: SuspectDeploys): readonly Inline[] {
  const { windowMs, last } = deploys;
  const none = text(`none of ${servicesText(deploys)} is known within ${hoursText(windowMs)} before it began`);
  if (last === undefined) return [none, text(".")];
  return [none, text("; the last one was "), ...deployName(last.deploy), text(`, ${spanText(last.beforeMs)} before.`)];
}

function servicesText({ services }: SuspectDeploys): string {
  const shown = services.slice(0, 3).join(", ");
  return services.length > 3 ? `${shown} and ${services.length - 3} more` : shown;
}

/** At most two units, and no milliseconds. */
function spanText(ms: number): string {
  return ms < 1_000 ? "a moment" : formatDuration(ms);
}

/** `24 h` rather than `1 d`, up to three days. */
function hoursText(ms: number): string {
  return ms >= hour && ms <= 3 * day && ms % hour === 0 ? `${ms / hour} h` : formatDuration(ms);
}

function cut(value: string, most: number): string {
  const points = [...value];
  return points.length <= most ? value : `${points.slice(0, most - 1).join("")}…`;
}
