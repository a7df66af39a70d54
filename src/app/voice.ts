import { routeFor } from "../config/route.ts";
import type { ServiceConfig } from "../config/types.ts";
import type { SectionRequest } from "../model/evidence.ts";
import type { AlertSummary } from "../model/finding.ts";
import type { Labels } from "../model/labels.ts";
import type { Query } from "../model/query.ts";
import { type Rule, stricterMode } from "../model/rule.ts";
import { fixedPieces } from "../model/template.ts";
import type { TicketRoute } from "../model/ticket.ts";
import { renderLink, renderTitle, type TemplateContext } from "../rules/templates.ts";
import type { Logger } from "../support/logging.ts";
import { overWindow } from "../support/promql.ts";
import type { EpisodeSpan, Voice } from "./context.ts";
import type { Redact } from "./redaction.ts";
import { raisedInfra, sectionInfra } from "./section-infra.ts";

/** How many faults of templates are remembered as told; beyond, they are told anew. */
const mostTold = 1_000;

/** How findings are titled, routed and linked under one service configuration. */
export function createVoice(
  config: ServiceConfig,
  logger: Logger,
  redact: Redact,
): Voice & {
  /** Where a ticket of this rule would go for an owner and label values that may never occur. */
  exampleRoute(rule: Rule, owner: string, labels: Labels): TicketRoute;
} {
  const told = new Set<string>();
  return {
    modeOf: (rule) => stricterMode(rule.mode, config.mode),
    titleOf: (rule, worst, episode) => redact(renderTitle(rule.title, templateContext(rule, worst, episode))),
    routeOf(rule, finding) {
      const context = templateContext(rule, finding.worst, finding.episode);
      const { route, dropped } = routeFor(config, finding.owner, rule.ticket, context);
      for (const problem of dropped) {
        // A finding is put into words at every tick of its life.
        if (told.has(`${rule.id} ${problem}`)) continue;
        if (told.size >= mostTold) told.clear();
        told.add(`${rule.id} ${problem}`);
        logger.warn("TICKET_FIELD_DROPPED", "a ticket goes without a label or field whose template fails", {
          rule: rule.id,
          problem,
        });
      }
      return route;
    },
    exampleRoute(rule, owner, labels) {
      const context: TemplateContext = {
        labels,
        value: 1,
        threshold: 1,
        windowMs: rule.signal.windowMs,
        rule: { id: rule.id, severity: rule.limits.severity, owner, why: rule.why },
        episode: { startedAt: 0, durationMs: 0, peak: 1 },
      };
      return routeFor(config, owner, rule.ticket, context).route;
    },
    pageOf: (findingId) =>
      config.server.publicUrl === undefined ? undefined : `${config.server.publicUrl}/findings/${findingId}`,
    infraOf: (rule, alert, episode) => [
      ...raisedInfra(alert, config.server.webhooks.alertmanager?.charts),
      ...sectionInfra(rule, templateContext(rule, alert, episode), redact),
    ],
    linksOf(rule, alert, episode, at) {
      const context = {
        labels: alert.labels,
        rule: { id: rule.id },
        source: rule.signal.source,
        from: episode.startedAt - rule.signal.windowMs,
        to: at,
        target: rule.signal.target,
        query: queryText(linkedQuery(rule, alert), rule.signal.windowMs),
      };
      return Object.entries(config.links).flatMap(([text, template]): SectionRequest["links"] => {
        try {
          const url = renderLink(template, context);
          return url === "" ? [] : [{ text, url }];
        } catch (thrown) {
          logger.warn(
            "LINK_NOT_BUILT",
            "a link of the configuration cannot be built",
            { link: text, rule: rule.id },
            thrown,
          );
          return [];
        }
      });
    },
  };
}

/** What templates of a rule may name, for one of its alerts. */
export function templateContext(rule: Rule, worst: AlertSummary, episode: EpisodeSpan): TemplateContext {
  const { raised } = worst.verdict;
  return {
    labels: worst.labels,
    pattern: worst.subject,
    value: worst.verdict.value,
    threshold: worst.verdict.threshold,
    windowMs: rule.signal.windowMs,
    rule: { id: rule.id, severity: rule.limits.severity, owner: rule.limits.owner, why: rule.why },
    ...(raised === undefined ? {} : { alert: { summary: raised.summary, description: raised.description } }),
    episode: {
      startedAt: episode.startedAt,
      durationMs: episode.lastBreachAt - episode.startedAt,
      peak: episode.peak?.value,
    },
  };
}

/** A link's template names the labels itself; what a pattern's messages say it could not. */
function linkedQuery({ signal: { query } }: Rule, { subject = "" }: AlertSummary): Query {
  const { containing } = query;
  return containing === undefined ? query : { ...query, containing: { ...containing, pieces: fixedPieces(subject) } };
}

/** The expression, or the query as Lucene text, as Kibana's Discover reads it; parts in another language are left out. */
function queryText(query: Query, windowMs: number): string {
  if (query.measure.kind === "promql") return query.measure.expression;
  if (query.measure.kind === "alerts") return "";
  if (query.measure.kind === "ratio" && query.measure.whole !== undefined) {
    const { bad, whole } = query.measure;
    return overWindow(`(${bad}) / (${whole})`, windowMs);
  }
  const exact = Object.entries(query.where).map(([field, values]) => {
    const any = values.map((value) => (typeof value === "string" ? quote(value) : String(value)));
    return any.length === 1 ? `${field}:${any[0]}` : `${field}:(${any.join(" OR ")})`;
  });
  const filters = query.filters.flatMap((filter) => (typeof filter === "string" ? `(${filter})` : []));
  const { field = "", pieces = [] } = query.containing ?? {};
  const said = pieces.map((piece) => `${field}:${quote(piece)}`);
  const bad = query.measure.kind === "ratio" && typeof query.measure.bad === "string" ? [`(${query.measure.bad})`] : [];
  return [...exact, ...filters, ...said, ...bad].join(" AND ");
}

function quote(value: string): string {
  return `"${value.replace(/[\\"]/g, "\\$&")}"`;
}
