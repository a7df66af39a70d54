import { z } from "zod";
import { type Proof, type SectionEvidence, type SectionRequest, valueUnits } from "../../model/evidence.ts";
import { finite, instant, windowView } from "./common.ts";
import { documentView, viewDocument } from "./document-view.ts";

const chartName = z
  .string()
  .optional()
  .meta({ description: "Its name, for readFindingChart; none where nothing was drawn." });

const sectionMetaView = z.object({
  ruleId: z.string(),
  source: z.string(),
  target: z.string(),
  title: z.string(),
  episodeStartedAt: instant.optional().meta({ description: "When the finding's episode began that this is proof of." }),
  about: documentView.meta({ description: "What a ticket says of the rule; nothing for the one that it opens with." }),
  window: windowView,
  episode: windowView,
  stepMs: z.number(),
  unit: z.enum(valueUnits),
  valueUnit: z
    .enum(valueUnits)
    .meta({ description: "How the alert's own value is written: a burn rate is not charted." }),
  threshold: z.number().optional(),
  sampleCount: z.number(),
  chart: chartName,
  infra: z
    .array(z.object({ title: z.string(), words: z.string(), chart: chartName }))
    .meta({ description: "What the machines under it did in the same time." }),
  missing: z.array(z.string()).meta({ description: "What could not be had, one sentence each." }),
  links: z.array(z.object({ text: z.string(), url: z.string() })),
});

/** What was asked and what could be had, without the data itself. */
export const evidenceMetaView = z.object({
  collectedAt: instant,
  sections: z.array(sectionMetaView).meta({ description: "One for each rule that tells of it, the worst first." }),
  moreRules: z.array(z.string()).meta({ description: "Rules beyond, of which nothing was collected." }),
});

const sectionView = sectionMetaView.extend({
  series: z.array(z.object({ at: instant, value: z.number().optional() })),
  samples: z.array(z.object({ at: instant, fields: z.array(z.tuple([z.string(), z.string()])) })),
});

export const evidenceView = evidenceMetaView.extend({ sections: z.array(sectionView) });

export function viewEvidenceMeta(proof: Proof): z.infer<typeof evidenceMetaView> {
  return { ...viewFrame(proof), sections: pairs(proof).map(([request, found]) => viewSectionMeta(request, found)) };
}

export function viewEvidence(proof: Proof): z.infer<typeof evidenceView> {
  return {
    ...viewFrame(proof),
    sections: pairs(proof).map(([request, found]) => ({
      ...viewSectionMeta(request, found),
      series: found.series.map(({ at, value }) => ({ at, value: finite(value) })),
      samples: found.samples.map(({ at, fields }) => ({ at, fields: fields.map(([name, value]) => [name, value]) })),
    })),
  };
}

function viewFrame({ request, evidence }: Proof) {
  return { collectedAt: evidence.collectedAt, moreRules: [...request.moreRules] };
}

function pairs({ request, evidence }: Proof): readonly (readonly [SectionRequest, SectionEvidence])[] {
  return request.sections.flatMap((section, place) => {
    const found = evidence.sections[place];
    return found === undefined ? [] : [[section, found] as const];
  });
}

function viewSectionMeta(request: SectionRequest, found: SectionEvidence): z.infer<typeof sectionMetaView> {
  const { chart } = request;
  return {
    ruleId: request.ruleId,
    source: request.source,
    target: request.query.target,
    title: chart.title,
    episodeStartedAt: request.episodeStartedAt,
    about: viewDocument(request.about),
    window: { from: chart.window.from, to: chart.window.to },
    episode: { from: chart.episode.from, to: chart.episode.to },
    stepMs: chart.stepMs,
    unit: chart.unit,
    valueUnit: request.valueUnit ?? chart.unit,
    threshold: finite(chart.threshold),
    sampleCount: found.samples.length,
    chart: found.chart?.name,
    infra: found.infra.map(({ title, words, chart: drawn }) => ({ title, words, chart: drawn?.name })),
    missing: [...found.missing],
    links: request.links.map(({ text, url }) => ({ text, url })),
  };
}
