import type { AlertSummary } from "../model/finding.ts";
import type { Rule } from "../model/rule.ts";
import { renderInfra } from "../rules/infra.ts";
import type { TemplateContext } from "../rules/templates.ts";
import { asBackfeedError } from "../support/errors.ts";
import { measuredSide } from "../support/promql.ts";
import type { SectionInfra } from "../triage/evidence.ts";
import { unitOf } from "../triage/story.ts";
import type { Redact } from "./redaction.ts";

/** What the machines under a rule's signal did, to be asked for one alert; or why it cannot be asked. */
export function sectionInfra(rule: Rule, context: TemplateContext, redact: Redact): readonly SectionInfra[] {
  return rule.evidence.infra.map((infra): SectionInfra => {
    const { source, title, windowMs, ask } = infra;
    const unit = "promql" in ask ? "number" : unitOf(ask.query.measure);
    try {
      return { source, title, windowMs, unit, ask: renderInfra(infra, context) };
    } catch (thrown) {
      return { source, title, windowMs, unit, ask: { refused: redact(asBackfeedError(thrown).message) } };
    }
  });
}

/** What a received alert's own expression measures, where it is known and a source can be asked: all its series, the largest drawn. */
export function raisedInfra({ verdict }: AlertSummary, source: string | undefined): readonly SectionInfra[] {
  const expression = verdict.raised?.expression;
  if (expression === undefined || source === undefined) return [];
  const ask = { promql: measuredSide(expression) };
  return [{ source, title: "What the alert's rule measures", windowMs: undefined, unit: "number", ask }];
}
