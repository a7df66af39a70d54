import { z } from "zod";
import type { Evidence, EvidenceRequest } from "../../model/evidence.ts";
import { finite, instant, windowView } from "./common.ts";

/** What was asked and what could be had, without the data itself. */
export const evidenceMetaView = z.object({
  collectedAt: instant,
  source: z.string(),
  target: z.string(),
  title: z.string(),
  window: windowView,
  episode: windowView,
  stepMs: z.number(),
  unit: z.enum(["ratio", "number", "per_second"]),
  threshold: z.number().optional(),
  sampleCount: z.number(),
  hasChart: z.boolean(),
  missing: z.array(z.string()).meta({ description: "What could not be had, one sentence each." }),
  links: z.array(z.object({ text: z.string(), url: z.string() })),
});

export const evidenceView = evidenceMetaView.extend({
  series: z.array(z.object({ at: instant, value: z.number().optional() })),
  samples: z.array(z.object({ at: instant, fields: z.array(z.tuple([z.string(), z.string()])) })),
});

interface Collected {
  readonly request: EvidenceRequest;
  readonly evidence: Evidence;
}

export function viewEvidenceMeta({ request, evidence }: Collected): z.infer<typeof evidenceMetaView> {
  const { chart } = request;
  return {
    collectedAt: evidence.collectedAt,
    source: request.source,
    target: request.query.target,
    title: chart.title,
    window: { from: chart.window.from, to: chart.window.to },
    episode: { from: chart.episode.from, to: chart.episode.to },
    stepMs: chart.stepMs,
    unit: chart.unit,
    threshold: finite(chart.threshold),
    sampleCount: evidence.samples.length,
    hasChart: evidence.chart !== undefined,
    missing: [...evidence.missing],
    links: request.links.map(({ text, url }) => ({ text, url })),
  };
}

export function viewEvidence(collected: Collected): z.infer<typeof evidenceView> {
  const { series, samples } = collected.evidence;
  return {
    ...viewEvidenceMeta(collected),
    series: series.map(({ at, value }) => ({ at, value: finite(value) })),
    samples: samples.map(({ at, fields }) => ({ at, fields: fields.map(([name, value]) => [name, value]) })),
  };
}
