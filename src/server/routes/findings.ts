import { z } from "zod";
import { decisionReasons } from "../../model/decision.ts";
import { chartsOf } from "../../model/evidence.ts";
import { findingStates } from "../../model/finding.ts";
import { bands } from "../../model/priority.ts";
import { BackfeedError } from "../../support/errors.ts";
import type { Logger } from "../../support/logging.ts";
import type { ServerProgram } from "../program.ts";
import { type Route, route } from "../route.ts";
import { pageOf, pageQuery, viewPage } from "../views/common.ts";
import { suspectDeploysView, viewSuspectDeploys } from "../views/deploy-view.ts";
import { evidenceMetaView, evidenceView, viewEvidence, viewEvidenceMeta } from "../views/evidence-view.ts";
import {
  findingEventView,
  findingSummaryView,
  findingView,
  viewFinding,
  viewFindingEvent,
  viewFindingSummary,
  waitingView,
} from "../views/finding-view.ts";
import { outboxEntryView, viewOutboxEntry } from "../views/outbox-view.ts";
import { ticketRecordView, viewTicketRecord } from "../views/ticket-view.ts";

const findingId = z.string().regex(/^[0-9a-f]{16}$/, "16 hexadecimal digits");

/** As evidence names its charts, by their content. */
const chartName = z.string().regex(/^backfeed-[0-9a-f]{16}\.png$/, "a chart's name");

const findingDetailView = z.object({
  finding: findingView,
  events: z.array(findingEventView).meta({ description: "The newest 500, oldest first." }),
  evidence: evidenceMetaView.optional(),
  deploys: suspectDeploysView
    .optional()
    .meta({ description: "What went out before it began; missing where no deploy of its service is known." }),
  ticket: ticketRecordView.optional(),
  outbox: z.array(outboxEntryView),
  rules: z
    .array(z.object({ id: z.string(), why: z.string(), runbook: z.string().optional() }))
    .meta({ description: "Those of its rules that are still loaded." }),
});

/** How many outbox entries of one finding are shown. */
const outboxShown = 50;

/** How much of a timeline is shown, the newest of it. */
const eventsShown = 500;

export function findingRoutes(program: ServerProgram, logger: Pick<Logger, "info">): readonly Route[] {
  const { history, evidence, tickets } = program;
  const existing = async (id: string) => {
    const finding = await history.finding(id);
    if (finding === undefined) throw new BackfeedError("not_found", "there is no such finding", { facts: { id } });
    return finding;
  };
  const collected = async (id: string) => {
    const newest = await evidence.newest(id);
    if (newest !== undefined) return newest;
    await existing(id);
    throw new BackfeedError("not_found", "no evidence has been collected for this finding yet", { facts: { id } });
  };

  return [
    route({
      method: "get",
      path: "/api/v1/findings",
      operation: "listFindings",
      summary: "Findings, the worst first.",
      access: "viewer",
      query: {
        ...pageQuery,
        state: z.enum(findingStates).optional(),
        band: z.enum(bands).optional(),
        rule: z.string().min(1).max(200).optional(),
        reason: z
          .enum(decisionReasons)
          .optional()
          .meta({ description: "Why the last decision said nothing: `over_cap` waits for a ticket." }),
        storm: z
          .string()
          .min(1)
          .max(40)
          .optional()
          .meta({ description: "Id of a storm: the findings that are in it." }),
      },
      answer: { kind: "json", name: "FindingPage", schema: pageOf(findingSummaryView) },
      handle: async ({ query }) => {
        const page = await history.findings(query);
        const records = await tickets.ofFindings(page.items.map(({ id }) => id));
        return viewPage(page, (finding) => viewFindingSummary(finding, records.get(finding.id)));
      },
    }),
    route({
      method: "get",
      path: "/api/v1/waiting",
      operation: "countWaiting",
      summary: "How many findings are worth a ticket and have none, by why.",
      access: "viewer",
      answer: { kind: "json", name: "Waiting", schema: waitingView },
      handle: async () => {
        const counted = await history.countByReason(["over_cap", "storm"]);
        return { overCap: counted.get("over_cap") ?? 0, storm: counted.get("storm") ?? 0 };
      },
    }),
    route({
      method: "get",
      path: "/api/v1/findings/{id}",
      operation: "readFinding",
      summary: "One finding with its timeline, ticket, delivery and what was collected as evidence.",
      access: "viewer",
      faults: [404],
      params: { id: findingId },
      answer: { kind: "json", name: "FindingDetail", schema: findingDetailView },
      handle: async ({ params: { id } }) => {
        const finding = await existing(id);
        const [events, newest, record, outbox, catalogue, deploys] = await Promise.all([
          history.events(id),
          evidence.newest(id),
          tickets.ofFinding(id),
          history.outbox({ finding: id, limit: outboxShown }),
          program.rules(),
          program.deploysOf(finding),
        ]);
        return {
          finding: viewFinding(finding),
          events: [...events]
            .sort((a, b) => a.at - b.at)
            .slice(-eventsShown)
            .map(viewFindingEvent),
          evidence: newest && viewEvidenceMeta(newest),
          deploys: deploys && viewSuspectDeploys(deploys),
          ticket: record && viewTicketRecord(record),
          outbox: outbox.items.map(viewOutboxEntry),
          rules: catalogue.rules
            .filter((rule) => finding.ruleIds.includes(rule.id))
            .map(({ id: rule, why, runbook }) => ({ id: rule, why, runbook })),
        };
      },
    }),
    route({
      method: "get",
      path: "/api/v1/findings/{id}/chart.png",
      operation: "readChart",
      summary: "The chart of the worst rule, of the newest evidence.",
      access: "viewer",
      faults: [304, 404],
      params: { id: findingId },
      answer: { kind: "bytes", contentTypes: ["image/png"] },
      handle: async ({ params: { id } }) => {
        const chart = (await collected(id)).evidence.sections[0]?.chart;
        if (chart === undefined) throw new BackfeedError("not_found", "there was nothing to draw", { facts: { id } });
        return { contentType: "image/png", bytes: chart.png };
      },
    }),
    route({
      method: "get",
      path: "/api/v1/findings/{id}/charts/{name}",
      operation: "readFindingChart",
      summary: "One chart of the newest evidence, by the name that the evidence has for it.",
      access: "viewer",
      faults: [304, 404],
      params: { id: findingId, name: chartName },
      answer: { kind: "bytes", contentTypes: ["image/png"] },
      handle: async ({ params: { id, name } }) => {
        const chart = chartsOf((await collected(id)).evidence).find((each) => each.name === name);
        if (chart === undefined)
          throw new BackfeedError("not_found", "there is no such chart", { facts: { id, name } });
        return { contentType: "image/png", bytes: chart.png };
      },
    }),
    route({
      method: "post",
      path: "/api/v1/findings/{id}/refile",
      operation: "refileFinding",
      summary: "Gives up the finding's ticket: its next tick files it anew. The old ticket is not touched.",
      access: "operator",
      faults: [404, 409],
      params: { id: findingId },
      answer: { kind: "json", name: "FindingRefiled", schema: findingView },
      handle: async ({ params: { id }, caller, now }) => {
        const finding = await program.refile(id, { by: caller.name, at: now });
        logger.info("an operator acted", { code: "finding_refiled", by: caller.name, finding: id });
        return viewFinding(finding);
      },
    }),
    route({
      method: "get",
      path: "/api/v1/findings/{id}/evidence",
      operation: "readEvidence",
      summary: "The newest evidence: series and redacted samples.",
      access: "viewer",
      faults: [404],
      params: { id: findingId },
      answer: { kind: "json", name: "Evidence", schema: evidenceView },
      handle: async ({ params: { id } }) => viewEvidence(await collected(id)),
    }),
  ];
}
