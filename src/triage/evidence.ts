import { type Block, type Document, type Inline, link, paragraph, strong, text } from "../model/document.ts";
import {
  type ChartReference,
  type Evidence,
  type EvidenceRequest,
  type InfraRequest,
  mostSections,
  type SectionEvidence,
  type SectionRequest,
} from "../model/evidence.ts";
import type { AlertSummary, Finding } from "../model/finding.ts";
import { formatValue } from "../model/format.ts";
import type { SeriesQuery } from "../model/query.ts";
import { limitsFor, type Rule } from "../model/rule.ts";
import { formatInstant, type Window } from "../model/time.ts";
import { ungrouped } from "./impact.ts";
import { measuredText, unitOf, valueUnit, whereText } from "./story.ts";

/** A chart shows at most this many steps, and at least this many before the episode. */
const mostChartSteps = 240;
const stepsBefore = 24;
const mostSampleLines = 20;
/** Samples are of the episode, and of its last day at most. */
const longestSampleWindowMs = 86_400_000;

/** One rule of a finding, with what only the service's configuration and templates can say of it. */
export interface SectionSubject {
  readonly rule: Rule;
  /** Its worst alert. */
  readonly alert: AlertSummary;
  readonly title: string;
  /** How late its source is. */
  readonly delayMs: number;
  /** How much earlier the value lies that its limit follows; undefined for a limit that is always the same. */
  readonly referenceBackMs?: number | undefined;
  readonly links: SectionRequest["links"];
  /** In the order of the rule's; with the alert's labels in it. */
  readonly infra: readonly SectionInfra[];
}

export interface SectionInfra extends Pick<InfraRequest, "title" | "source" | "unit"> {
  /** Length of a step; undefined: as the rule's window. */
  readonly windowMs: number | undefined;
  readonly ask: SeriesQuery | { readonly refused: string };
}

/**
 * What to collect for a ticket, frozen with the decision: of each rule its worst alert's series around the episode, its
 * newest events and what the machines under it did. The ticket opens with the first of them, unless they join one that
 * is there. Pure.
 */
export function evidenceRequest(
  finding: Finding,
  subjects: readonly SectionSubject[],
  at: number,
  joins = false,
): EvidenceRequest {
  const [first] = subjects;
  const sections = subjects
    .slice(0, mostSections)
    .map((subject) => sectionRequest(finding, subject, at, joins ? undefined : first?.rule));
  const moreRules = subjects.slice(mostSections).map(({ rule }) => rule.id);
  return { sections: withoutRepeated(sections), moreRules, ...(joins ? { joins } : {}) };
}

function sectionRequest(
  finding: Finding,
  subject: SectionSubject,
  at: number,
  opens: Rule | undefined,
): SectionRequest {
  const { rule, alert, title, delayMs, links, infra } = subject;
  const { signal } = rule;
  const to = at - delayMs;
  const startedAt = rule === opens ? finding.episode.startedAt : alert.since;
  const { burn } = alert.verdict;
  // A budget's long window is what the ticket is about: it is shown whole.
  const shownMs = Math.max(0, to - startedAt) + (burn?.longMs ?? 0);
  // A long episode is drawn in coarser steps: the same picture in the same number of points.
  const coarser = Math.max(1, Math.ceil(shownMs / signal.windowMs / (mostChartSteps - stepsBefore)));
  const stepMs = signal.windowMs * coarser;
  const steps = Math.ceil(shownMs / stepMs) + stepsBefore;
  // The first breached tick's own window reaches back before that tick. A ticket can be filed late (over a cap, or when
  // its score rose), so the newest window alone may hold nothing of it.
  const episodeFrom = startedAt - signal.windowMs - delayMs;
  const badFrom = Math.min(episodeFrom, startedAt - (burn?.shortMs ?? 0) - delayMs, to - signal.windowMs);
  const sampleFrom = Math.max(to - longestSampleWindowMs, badFrom);
  const window = { from: to - steps * stepMs, to };
  const unit = unitOf(signal.measure);
  const ownUnit = valueUnit(rule, alert.labels);
  const query = ungrouped(signal.query, alert.labels, alert.subject);
  // Of a pattern without a word of its own no sample could be told from others'.
  const samples = query.containing?.pieces.length === 0 ? 0 : rule.evidence.samples;
  return {
    ruleId: rule.id,
    ...(ownUnit === unit ? {} : { valueUnit: ownUnit }),
    source: signal.source,
    query,
    labels: {},
    episodeStartedAt: finding.episode.startedAt,
    about: rule === opens ? [] : aboutRule(rule, alert, opens),
    samples: {
      window: { from: sampleFrom, to },
      badOnly: signal.measure.kind === "ratio",
      limit: Math.min(samples, mostSampleLines),
      fields: rule.evidence.fields,
    },
    chart: {
      window,
      stepMs,
      title,
      unit,
      threshold: chartLimit(rule, alert),
      ...chartReference(subject, stepMs),
      episode: { from: Math.max(episodeFrom, window.from), to },
    },
    links,
    infra: infra.map(({ windowMs, ...each }) => ({
      ...each,
      ...infraSteps(window, (windowMs ?? signal.windowMs) * coarser),
    })),
  };
}

/** In the unit of what is drawn: of a burn rate, the share of bad events that burns so fast. */
function chartLimit(rule: Rule, { labels, verdict: { threshold } }: AlertSummary): number | undefined {
  const { when } = limitsFor(rule, labels);
  if (when.form !== "burn" || threshold === undefined) return threshold;
  return Number((threshold * (1 - when.objective)).toPrecision(12));
}

/** In coarser steps than the rule's windows, the one before is a step earlier. */
function chartReference(
  { rule, alert, referenceBackMs: backMs }: SectionSubject,
  stepMs: number,
): Pick<SectionRequest["chart"], "reference"> {
  const { when } = limitsFor(rule, alert.labels);
  if (when.form !== "change" || backMs === undefined) return {};
  const limits: ChartReference["limits"] = [
    ...(when.up === undefined ? [] : [{ direction: "above", factor: when.up } as const]),
    ...(when.down === undefined ? [] : [{ direction: "below", factor: 1 - when.down } as const]),
  ];
  return { reference: { backMs: when.versus === "previous" ? stepMs : backMs, limits } };
}

/** Whole steps up to the chart's end, none of them before its beginning. */
function infraSteps({ from, to }: Window, stepMs: number): Pick<InfraRequest, "window" | "stepMs"> {
  const steps = Math.max(1, Math.min(mostChartSteps, Math.floor((to - from) / stepMs)));
  return { window: { from: to - steps * stepMs, to }, stepMs };
}

/** Two rules of one problem often watch the same machines: what an earlier section shows is not shown again. */
function withoutRepeated(sections: readonly SectionRequest[]): readonly SectionRequest[] {
  const shown = new Set<string>();
  return sections.map((section) => ({
    ...section,
    infra: section.infra.filter(({ title, source, ask }) => {
      const key = JSON.stringify([title, source, ask]);
      return !shown.has(key) && shown.add(key);
    }),
  }));
}

/** What a reader must know of a rule that the ticket does not open with. */
function aboutRule(rule: Rule, alert: AlertSummary, opens: Rule | undefined): Document {
  const unit = valueUnit(rule, alert.labels);
  const rows: Inline[][][] = [
    row("Measured", text(measuredText(rule, alert))),
    row("Where", text(whereText(alert))),
    row("Since", text(formatInstant(alert.since))),
  ];
  if (alert.peak !== undefined) {
    rows.push(row("Worst", text(`${formatValue(alert.peak.value, unit)} at ${formatInstant(alert.peak.at)}`)));
  }
  rows.push(row("Rule", text(rule.id)));
  if (rule.runbook !== undefined && rule.runbook !== opens?.runbook) {
    rows.push(row("Runbook", link(rule.runbook, rule.runbook)));
  }
  return [...(rule.why === opens?.why ? [] : [paragraph(rule.why)]), { kind: "table", rows }];
}

function row(name: string, value: Inline): Inline[][] {
  return [[strong(name)], [value]];
}

/** What was collected as blocks for the ticket, appended to the text that was frozen with the decision. Pure. */
export function evidenceDocument({ sections, moreRules, joins }: EvidenceRequest, evidence: Evidence): Document {
  const blocks = sections.flatMap((section, place) => {
    const found = evidence.sections[place];
    const proof = found === undefined ? [] : proofBlocks(section, found);
    const alone = sections.length === 1 && joins !== true;
    if (section.about.length === 0 && proof.length === 0) return [];
    const heading: Block = { kind: "heading", text: alone ? "Evidence" : `Evidence: ${section.chart.title}` };
    return [heading, ...section.about, ...proof];
  });
  if (moreRules.length > 0) {
    blocks.push(paragraph(strong(`${moreRules.length} more of its rules tell of it: `), moreRules.join(", ")));
  }
  return blocks;
}

function proofBlocks(request: SectionRequest, { chart, infra, samples, missing }: SectionEvidence): readonly Block[] {
  const blocks: Block[] = [];
  const { window } = request.chart;
  if (chart !== undefined) {
    const span = `Chart from ${formatInstant(window.from)} to ${formatInstant(window.to)}`;
    blocks.push(paragraph(`${span}: attached as ${chart.name}.`));
  }
  if (infra.length > 0) {
    blocks.push(paragraph("Infrastructure in the same time:"));
    const items = infra.map((each): Inline[] => {
      const attached = each.chart === undefined ? "" : `, attached as ${each.chart.name}`;
      return [strong(each.title), text(`: ${each.words}${attached}`)];
    });
    blocks.push({ kind: "list", items });
  }
  if (samples.length > 0) {
    const newest = samples.length === 1 ? "newest matching event" : `${samples.length} newest matching events`;
    blocks.push(paragraph(`The ${newest}, secrets removed:`));
    blocks.push({ kind: "code", text: samples.map(sampleText).join("\n") });
  }
  if (request.links.length > 0) {
    blocks.push({ kind: "list", items: request.links.map(({ text: label, url }): Inline[] => [link(label, url)]) });
  }
  if (missing.length > 0) {
    blocks.push(paragraph(strong("Could not be had: "), text(missing.join("; "))));
  }
  return blocks;
}

function sampleText(sample: SectionEvidence["samples"][number]): string {
  const fields = sample.fields.map(([name, value]) => `${name}=${value}`).join("  ");
  return fields === "" ? new Date(sample.at).toISOString() : fields;
}
