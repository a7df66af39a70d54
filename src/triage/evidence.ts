import { type Block, type Document, type Inline, link, paragraph, strong, text } from "../model/document.ts";
import type { Evidence, EvidenceRequest } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import type { Rule } from "../model/rule.ts";
import { formatInstant } from "../model/time.ts";
import { ungrouped } from "./impact.ts";
import { unitOf } from "./story.ts";

/** A chart shows at most this many steps, and at least this many before the episode. */
const mostChartSteps = 240;
const stepsBefore = 24;
const mostSampleLines = 20;
/** Samples are of the episode, and of its last day at most. */
const longestSampleWindowMs = 86_400_000;

/**
 * What to collect for a ticket, frozen with the decision: the worst alert's series around the episode, and its newest
 * events. Pure.
 */
export function evidenceRequest(
  finding: Finding,
  rule: Rule,
  at: number,
  delayMs: number,
  links: EvidenceRequest["links"],
): EvidenceRequest {
  const { signal } = rule;
  const to = at - delayMs;
  const { episode, worst } = finding;
  const lastedMs = Math.max(0, to - episode.startedAt);
  // A long episode is drawn in coarser steps: the same picture in the same number of points.
  const stepMs = signal.windowMs * Math.max(1, Math.ceil(lastedMs / signal.windowMs / (mostChartSteps - stepsBefore)));
  const steps = Math.ceil(lastedMs / stepMs) + stepsBefore;
  // The first breached tick's own window reaches back before that tick. A ticket can be filed late (over a cap, or when
  // its score rose), so the newest window alone may hold nothing of it.
  const episodeFrom = episode.startedAt - signal.windowMs - delayMs;
  const sampleFrom = Math.max(to - longestSampleWindowMs, Math.min(episodeFrom, to - signal.windowMs));
  return {
    source: signal.source,
    query: ungrouped(signal.query, worst.labels),
    labels: {},
    samples: {
      window: { from: sampleFrom, to },
      badOnly: signal.measure.kind === "ratio",
      limit: Math.min(rule.evidence.samples, mostSampleLines),
      fields: rule.evidence.fields,
    },
    chart: {
      window: { from: to - steps * stepMs, to },
      stepMs,
      title: finding.title,
      unit: unitOf(signal.measure),
      threshold: worst.verdict.threshold,
      episode: { from: Math.max(episodeFrom, to - steps * stepMs), to },
    },
    links,
  };
}

/** What was collected as blocks for the ticket, appended to the text that was frozen with the decision. Pure. */
export function evidenceDocument(
  request: EvidenceRequest,
  evidence: Evidence,
  chartName: string | undefined,
): Document {
  const blocks: Block[] = [{ kind: "heading", text: "Evidence" }];
  const { window } = request.chart;
  if (chartName !== undefined) {
    blocks.push(
      paragraph(`Chart from ${formatInstant(window.from)} to ${formatInstant(window.to)}: attached as ${chartName}.`),
    );
  }
  if (evidence.samples.length > 0) {
    blocks.push(paragraph(`The ${evidence.samples.length} newest matching events, secrets removed:`));
    blocks.push({ kind: "code", text: evidence.samples.map(sampleText).join("\n") });
  }
  if (request.links.length > 0) {
    blocks.push({ kind: "list", items: request.links.map(({ text: label, url }): Inline[] => [link(label, url)]) });
  }
  if (evidence.missing.length > 0) {
    blocks.push(paragraph(strong("Could not be had: "), text(evidence.missing.join("; "))));
  }
  return blocks.length === 1 ? [] : blocks;
}

function sampleText(sample: Evidence["samples"][number]): string {
  const fields = sample.fields.map(([name, value]) => `${name}=${value}`).join("  ");
  return fields === "" ? formatInstant(sample.at) : fields;
}
