import { z } from "zod";
import { modes, severities } from "../../model/rule.ts";
import type { TickRecord } from "../../store/store.ts";
import type { RuleFault, RuleListing, RuleRun } from "../program.ts";
import { counts, instant } from "./common.ts";

const tickCounts = { verdicts: counts, outcomes: counts, notEvaluated: z.number() };

export const ruleView = z.object({
  id: z.string(),
  title: z.string().meta({ description: "The template's text, as written." }),
  why: z.string(),
  runbook: z.string().optional(),
  severity: z.enum(severities),
  owner: z.string(),
  mode: z.enum(modes),
  schedule: z.string(),
  location: z.object({ file: z.string(), line: z.number() }),
  watermark: instant.optional(),
  lastTick: z.object({ tick: instant, ...tickCounts }).optional(),
  failingSince: instant.optional(),
  lastFailure: z.string().optional(),
});

export const ruleFaultView = z.object({
  file: z.string(),
  line: z.number().optional(),
  column: z.number().optional(),
  ruleId: z.string().optional(),
  severity: z.enum(["error", "warning"]),
  message: z.string(),
  fix: z.string().optional(),
});

export const ruleRunView = z.object({
  ruleId: z.string(),
  ticks: z
    .number()
    .meta({ description: "How many of its ticks were due and judged now; 0: the newest was judged before." }),
  tick: instant.optional().meta({ description: "The newest judged tick, which verdicts and outcomes are of." }),
  ...tickCounts,
  findings: z.array(z.string()),
});

export const tickView = z.object({
  schedule: z.string(),
  tick: instant,
  kind: z.enum(["evaluated", "skipped"]),
  startedAt: instant,
  durationMs: z.number(),
  rules: z.number(),
  ...tickCounts,
});

interface Counts {
  readonly verdicts: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly notEvaluated: number;
}

function viewCounts({ verdicts, outcomes, notEvaluated }: Counts) {
  return { verdicts: { ...verdicts }, outcomes: { ...outcomes }, notEvaluated };
}

export function viewRule(rule: RuleListing): z.infer<typeof ruleView> {
  return {
    id: rule.id,
    title: rule.title,
    why: rule.why,
    runbook: rule.runbook,
    severity: rule.severity,
    owner: rule.owner,
    mode: rule.mode,
    schedule: rule.schedule,
    location: { file: rule.location.file, line: rule.location.line },
    watermark: rule.watermark,
    lastTick: rule.lastTick && { tick: rule.lastTick.tick, ...viewCounts(rule.lastTick) },
    failingSince: rule.failingSince,
    lastFailure: rule.lastFailure,
  };
}

export function viewRuleFault(fault: RuleFault): z.infer<typeof ruleFaultView> {
  const { file, line, column, ruleId, severity, message, fix } = fault;
  return { file, line, column, ruleId, severity, message, fix };
}

export function viewRuleRun({ ruleId, ticks, tick, counts, findings }: RuleRun): z.infer<typeof ruleRunView> {
  return { ruleId, ticks, tick, ...viewCounts(counts), findings: [...findings] };
}

export function viewTick(record: TickRecord): z.infer<typeof tickView> {
  const { schedule, tick, kind, startedAt, durationMs, rules, counts } = record;
  return { schedule, tick, kind, startedAt, durationMs, rules, ...viewCounts(counts) };
}
