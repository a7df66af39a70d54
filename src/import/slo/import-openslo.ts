import { z } from "zod";
import { severityNamed } from "../../model/severity-words.ts";
import { cleanText } from "../../support/clean-text.ts";
import { day } from "../../support/duration.ts";
import { isMapping } from "../../support/mapping.ts";
import type { YamlDocument } from "../../support/yaml/document.ts";
import type { Path } from "../../support/yaml/fault.ts";
import { shown } from "../../support/yaml/shape.ts";
import { readPart } from "../foreign.ts";
import { type ImportContext, type Imported, type ImportedRule, type ImportNote, NoteTaker } from "../imported.ts";
import { durationText } from "../words.ts";
import { budgetOf, burnRule, burnRules, type Objective } from "./burn-rules.ts";
import { errorShareOf, indicator, type Lookup, objectiveShape } from "./indicator.ts";
import { shorthand } from "./window.ts";

const named = z.looseObject({ name: z.string().min(1), displayName: z.string().nullish() });
const slo = z.looseObject({
  metadata: named,
  spec: z.looseObject({
    description: z.string().nullish(),
    service: z.string().nullish(),
    indicator: z.looseObject({ spec: z.unknown() }).nullish(),
    indicatorRef: z.string().nullish(),
    timeWindow: z
      .array(
        z.looseObject({ duration: z.string(), isRolling: z.boolean().nullish(), calendar: z.unknown().optional() }),
      )
      .nullish(),
    budgetingMethod: z.enum(["Occurrences", "Timeslices", "RatioTimeslices"]),
    objectives: z.array(objectiveShape).min(1),
    alertPolicies: z.array(z.unknown()).nullish(),
  }),
});
const policy = z.looseObject({
  spec: z.looseObject({ alertWhenBreaching: z.boolean().nullish(), conditions: z.array(z.unknown()).min(1) }),
});
const condition = z.looseObject({
  metadata: named.nullish(),
  spec: z.looseObject({
    severity: z.union([z.string(), z.number()]).transform(String).nullish(),
    condition: z.looseObject({
      kind: z.string().nullish(),
      op: z.enum(["gt", "gte", "lt", "lte"]).nullish(),
      threshold: z.number(),
      lookbackWindow: z.string(),
      alertAfter: z.string().nullish(),
    }),
  }),
});

type Slo = z.output<typeof slo>;
const usualPeriodMs = 30 * day;

/** SLOs of OpenSLO (`openslo/v1`) as rules about their burn rates. `taken` are ids that are in use. */
export function importOpenslo(
  documents: readonly YamlDocument[],
  context: ImportContext,
  taken: Set<string>,
): Imported {
  const rules: ImportedRule[] = [];
  const notes: ImportNote[] = [];
  const lookup: Lookup = (kind, name) =>
    documents
      .map(({ value }) => value)
      .find(
        (value) =>
          isMapping(value) &&
          value["kind"] === kind &&
          isMapping(value["metadata"]) &&
          value["metadata"]["name"] === name,
      );
  for (const document of documents) {
    const value = isMapping(document.value) ? document.value : {};
    const name =
      isMapping(value["metadata"]) && typeof value["metadata"]["name"] === "string"
        ? value["metadata"]["name"]
        : undefined;
    const taker = new NoteTaker(document, [], name);
    if (value["apiVersion"] !== "openslo/v1") {
      taker.refuse(["apiVersion"], `\`apiVersion\` cannot be ${shown(value["apiVersion"])}: \`openslo/v1\` is read`);
    } else if (value["kind"] === "SLO") {
      const read = readPart(slo, value, [], taker);
      const made = read === undefined ? [] : convert(read, { document, taker, context, taken, lookup });
      const [first] = made;
      notes.push(...taker.notes.map((note) => (first === undefined ? note : { ...note, ruleId: first.id })));
      rules.push(...made);
      continue;
    } else if (["SLI", "DataSource", "AlertPolicy", "AlertCondition", "Service"].includes(String(value["kind"]))) {
      taker.exact(["kind"], `${String(value["kind"])}: read for the SLOs of this file that name it`);
    } else if (value["kind"] === "AlertNotificationTarget") {
      taker.differs(["kind"], "a notification target: the owner says who gets the ticket");
    } else taker.refuse(["kind"], `there is no kind ${shown(value["kind"])} in openslo/v1`);
    notes.push(...taker.notes);
  }
  return { rules, notes };
}

interface Converting {
  readonly document: YamlDocument;
  readonly taker: NoteTaker;
  readonly context: ImportContext;
  readonly taken: Set<string>;
  readonly lookup: Lookup;
}

function convert(given: Slo, converting: Converting): readonly ImportedRule[] {
  const { document, taker, context, taken } = converting;
  const { spec, metadata } = given;
  const sli = indicatorOf(given, converting);
  const periodMs = periodOf(given, taker);
  if (sli === undefined || periodMs === undefined) return [];
  const label = metadata.displayName ?? [spec.service, metadata.name].filter(Boolean).join(" ");
  const why = cleanText(spec.description ?? "", { maxLength: 2_000 }).trim();
  const owner = context.owner ?? (spec.service != null && context.owners.has(spec.service) ? spec.service : undefined);
  return spec.objectives.flatMap((own, position) => {
    const at: Path = ["spec", "objectives", position];
    const target =
      own.target ?? (own.targetPercent == null ? undefined : Number((own.targetPercent / 100).toPrecision(15)));
    if (target === undefined) taker.refuse(at, "neither `target` nor `targetPercent` says what must be good");
    const share = errorShareOf(sli, {
      objective: own,
      method: spec.budgetingMethod,
      at,
      taker,
      lookup: converting.lookup,
    });
    if (target === undefined || share === undefined || taker.refused) return [];
    const many = spec.objectives.length > 1;
    const objective: Objective = {
      name: many ? `${label} ${own.displayName ?? `${target * 100}%`}` : label,
      target,
      periodMs,
      why: why === "" ? `The objective ${label} is being missed.` : why,
      runbook: undefined,
      owner,
      labels: [],
      errorRatio: share.ratio,
      events: share.events,
      severities: { page: "critical", ticket: "warning" },
    };
    const place = { file: document.file, ...document.locate([], "value") };
    const options = { objective, context, taken, notes: taker, place, at };
    if (spec.alertPolicies == null || spec.alertPolicies.length === 0) {
      taker.differs(["spec"], "it has no alert policy: its rules are the four tiers of the SRE Workbook");
      return burnRules(options);
    }
    return spec.alertPolicies.flatMap((raw, index) =>
      policyRules(raw, ["spec", "alertPolicies", index], options, converting),
    );
  });
}

function indicatorOf({ spec }: Slo, { taker, lookup }: Converting) {
  const at: Path = spec.indicator == null ? ["spec", "indicatorRef"] : ["spec", "indicator"];
  const found = spec.indicator ?? (spec.indicatorRef == null ? undefined : lookup("SLI", spec.indicatorRef));
  if (found === undefined) {
    taker.refuse(
      spec.indicatorRef == null ? ["spec"] : at,
      spec.indicatorRef == null
        ? "neither `indicator` nor `indicatorRef` says what is measured"
        : `there is no SLI ${shown(spec.indicatorRef)} in this file: put it there as a document of its own`,
    );
    return undefined;
  }
  const own: Path = spec.indicator == null ? at : [...at, "spec"];
  return readPart(indicator, isMapping(found) ? found["spec"] : undefined, own, taker);
}

function periodOf({ spec }: Slo, taker: NoteTaker): number | undefined {
  const [window] = spec.timeWindow ?? [];
  const at: Path = ["spec", "timeWindow", 0];
  if (window === undefined) {
    taker.differs(["spec"], "it has no `timeWindow`: 30 days");
    return usualPeriodMs;
  }
  const ms = shorthand(window.duration);
  if (ms === undefined || ms < day)
    taker.refuse(
      [...at, "duration"],
      `\`duration\` cannot be ${shown(window.duration)}: write at least a day, such as \`28d\``,
    );
  if (window.isRolling !== true)
    taker.differs(at, "the window follows the calendar; burn rates are those of a window of that length that rolls");
  return ms === undefined || ms < day ? undefined : ms;
}

function policyRules(
  raw: unknown,
  at: Path,
  options: Parameters<typeof burnRule>[0],
  { taker, lookup }: Converting,
): readonly ImportedRule[] {
  const reference =
    isMapping(raw) && typeof raw["alertPolicyRef"] === "string"
      ? raw["alertPolicyRef"]
      : typeof raw === "string"
        ? raw
        : undefined;
  const found = reference === undefined ? raw : lookup("AlertPolicy", reference);
  if (found === undefined) {
    taker.refuse(at, `there is no AlertPolicy ${shown(reference)} in this file: put it there as a document of its own`);
    return [];
  }
  const read = readPart(policy, found, at, taker);
  if (read === undefined) return [];
  if (read.spec.alertWhenBreaching === false) {
    taker.differs(at, "the policy does not alert when it is breached: there is no rule");
    return [];
  }
  return read.spec.conditions.flatMap((each) => conditionRule(each, at, options, lookup));
}

function conditionRule(
  raw: unknown,
  at: Path,
  options: Parameters<typeof burnRule>[0],
  lookup: Lookup,
): readonly ImportedRule[] {
  const { objective, notes } = options;
  const reference = isMapping(raw) && typeof raw["conditionRef"] === "string" ? raw["conditionRef"] : undefined;
  const found = reference === undefined ? raw : lookup("AlertCondition", reference);
  if (found === undefined) {
    notes.refuse(
      at,
      `there is no AlertCondition ${shown(reference)} in this file: put it there as a document of its own`,
    );
    return [];
  }
  const read = readPart(condition, found, at, notes);
  if (read === undefined) return [];
  const { kind, op, threshold, lookbackWindow, alertAfter } = read.spec.condition;
  const windowMs = shorthand(lookbackWindow);
  const forMs = alertAfter == null ? 0 : shorthand(alertAfter);
  if (kind != null && kind.toLowerCase() !== "burnrate")
    notes.refuse(at, `a condition of kind ${shown(kind)} is not known: \`burnrate\` is`);
  if (windowMs === undefined || windowMs === 0)
    notes.refuse(at, `\`lookbackWindow\` cannot be ${shown(lookbackWindow)}: write for example \`1h\``);
  if (forMs === undefined) notes.refuse(at, `\`alertAfter\` cannot be ${shown(alertAfter)}: write for example \`5m\``);
  const budget = budgetOf(objective);
  if (threshold * budget >= 1)
    notes.refuse(at, `a burn rate over ${threshold} is never reached: not more than everything is bad`);
  if (windowMs === undefined || forMs === undefined || notes.refused) return [];
  const window = durationText(windowMs);
  const promql = `(\n  ${objective.errorRatio(window).replaceAll("\n", "\n  ")}\n) / ${budget}`;
  const severity = severityNamed(read.spec.severity ?? "") ?? "warning";
  if (severityNamed(read.spec.severity ?? "") === undefined)
    notes.differs(at, `its severity ${shown(read.spec.severity)} is not known here: warning`);
  if (op != null && op !== "gt")
    notes.differs(
      at,
      `\`op: ${op}\` is taken for over, as a budget that burns is meant: a burn rate of just ${threshold} is none yet`,
    );
  notes.exact(at, `burn rate over ${threshold} in ${window}`);
  return [burnRule(options, { name: `burn-${window}`, promql, factor: threshold, severity, forMs })];
}
