import { z } from "zod";
import { BackfeedError } from "../../support/errors.ts";
import type { Audit } from "../audit.ts";
import type { ServerProgram } from "../program.ts";
import { type Route, route } from "../route.ts";
import { pageOf, pageQuery, viewPage } from "../views/common.ts";
import {
  ruleFaultView,
  ruleRunView,
  ruleView,
  tickView,
  viewRule,
  viewRuleFault,
  viewRuleRun,
  viewTick,
} from "../views/rule-view.ts";

const rulePageView = pageOf(ruleView).extend({
  faults: z.array(ruleFaultView).meta({ description: "Faults in all rule files, at most 200." }),
  faultCount: z.number(),
});

/** How many faults one answer lists; `faultCount` counts all. */
const faultsShown = 200;

/** How many findings one run of a rule is noted on. */
const findingsNoted = 50;

export function ruleRoutes(program: ServerProgram, audit: Audit): readonly Route[] {
  return [
    route({
      method: "get",
      path: "/api/v1/rules",
      operation: "listRules",
      summary: "Rules by id, with their state, and the faults in rule files.",
      access: "viewer",
      query: pageQuery,
      answer: { kind: "json", name: "RulePage", schema: rulePageView },
      handle: async ({ query: { limit, cursor } }) => {
        const { rules, faults } = await program.rules();
        const after = cursor === undefined ? undefined : decodeCursor(cursor);
        const rest = [...rules]
          .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
          .filter(({ id }) => after === undefined || id > after);
        const items = rest.slice(0, limit);
        const last = rest.length > limit ? items.at(-1) : undefined;
        return {
          ...viewPage({ items, next: last && encodeCursor(last.id) }, viewRule),
          faults: faults.slice(0, faultsShown).map(viewRuleFault),
          faultCount: faults.length,
        };
      },
    }),
    route({
      method: "post",
      path: "/api/v1/rules/{id}/run",
      operation: "runRule",
      summary: "Judges those ticks of one rule that are due, without waiting for its schedule.",
      access: "operator",
      faults: [404, 409, 422, 502, 503, 504],
      params: { id: z.string().min(1).max(200) },
      answer: { kind: "json", name: "RuleRun", schema: ruleRunView },
      handle: async ({ params: { id }, caller, now, signal }) => {
        const run = await program.runRule(id, signal);
        const open = await program.history.findings({ rule: id, state: "open", limit: findingsNoted });
        const concerned = new Set([...run.findings, ...open.items.map((finding) => finding.id)]);
        await audit([...concerned].slice(0, findingsNoted), {
          at: now,
          caller,
          code: "rule_run",
          did: `ran the rule ${id}`,
          facts: { rule: id },
        });
        return viewRuleRun(run);
      },
    }),
    route({
      method: "get",
      path: "/api/v1/ticks",
      operation: "listTicks",
      summary: "Ticks, newest first.",
      access: "viewer",
      query: { ...pageQuery, schedule: z.string().min(1).max(200).optional() },
      answer: { kind: "json", name: "TickPage", schema: pageOf(tickView) },
      handle: async ({ query }) => viewPage(await program.history.ticks(query), viewTick),
    }),
  ];
}

function encodeCursor(id: string): string {
  return Buffer.from(JSON.stringify({ after: id })).toString("base64url");
}

function decodeCursor(cursor: string): string {
  try {
    return z.strictObject({ after: z.string() }).parse(JSON.parse(Buffer.from(cursor, "base64url").toString())).after;
  } catch (cause) {
    throw new BackfeedError("invalid_request", "the cursor is not one that this list gave", {
      facts: { at: "cursor" },
      cause,
    });
  }
}
