import type { Alert } from "../model/alert.ts";
import { type Explained, type Explainer, type Finding, isOngoing } from "../model/finding.ts";
import { type Mode, type Rule, stricterMode } from "../model/rule.ts";
import type { TicketRecord } from "../model/ticket.ts";
import { Inhibitions, rootsOf } from "../triage/inhibition.ts";
import type { TickContext } from "./context.ts";
import { rulesByName } from "./identities.ts";
import { speakingAlerts, type TriageStep } from "./triage-one.ts";

const mostNamed = 20;

/** What else is known when findings are decided. */
export interface TriageFacts {
  /** Every rule, built-in and retired ones included. */
  readonly rules: readonly Rule[];
  /** Every alert that is not inactive, as it is after this tick; read only where a rule explains others. */
  readonly alerts: () => Promise<readonly Alert[]> | readonly Alert[];
}

interface Scored {
  readonly step: TriageStep;
  readonly finding: Finding;
  readonly ticket: TicketRecord | undefined;
}

/** Which finding explains which. */
export interface Explaining {
  /** What explains a finding now; undefined where nothing does. */
  of(groupKey: string): Explainer | undefined;
  /** What it explains itself, the most urgent first. */
  by(groupKey: string): Explained | undefined;
}

const nothing: Explaining = { of: () => undefined, by: () => undefined };

/** Of findings that are scored and not yet decided, and of all others that the store has alerts of. */
export async function explainingOf(
  scored: readonly Scored[],
  { rules, alerts }: TriageFacts,
  context: TickContext,
): Promise<Explaining> {
  if (rules.every(({ inhibits }) => inhibits.length === 0)) return nothing;
  const byName = rulesByName(rules);
  const inhibitions = new Inhibitions({ alerts: await alerts(), ruleOf: (id) => byName.get(id) });
  if (inhibitions.isEmpty) return nothing;
  const here = new Map(scored.map((each) => [each.finding.groupKey, each]));
  const sources = await sourcesOf(inhibitions, here, context);
  const direct = new Map<string, readonly string[]>();
  for (const key of inhibitions.groupKeys) {
    const own = here.get(key);
    const asked = own === undefined ? inhibitions.alertsOf(key) : speakingAlerts(own.step);
    const mode = own?.finding.mode ?? modeOf(asked, byName, context);
    const explainers = inhibitions.explainersOf(key, asked, (source) => mayExplain(sources.get(source)?.finding, mode));
    if (explainers.length > 0) direct.set(key, explainers);
  }
  const roots = rootsOf(direct);
  const explained = await explainedBy(roots, here, context);
  return {
    of(groupKey) {
      const source = sources.get(roots.get(groupKey) ?? "");
      if (source === undefined) return undefined;
      const { id, title, episode } = source.finding;
      return { findingId: id, title, ticketKey: source.ticketKey, since: episode.startedAt };
    },
    by: (groupKey) => explained.get(groupKey),
  };
}

interface SourceFinding {
  readonly finding: Finding;
  readonly ticketKey: string | undefined;
}

async function sourcesOf(
  inhibitions: Inhibitions,
  here: ReadonlyMap<string, Scored>,
  { store }: TickContext,
): Promise<ReadonlyMap<string, SourceFinding>> {
  const stored = await store.state.findings(inhibitions.sources.filter((key) => !here.has(key)));
  const tickets = await store.tickets.ofFindings([...stored.values()].map(({ id }) => id));
  return new Map([
    ...[...here].map(([key, { finding, ticket }]) => [key, { finding, ticketKey: ticket?.ref.key }] as const),
    ...[...stored].map(([key, finding]) => [key, { finding, ticketKey: tickets.get(finding.id)?.ref.key }] as const),
  ]);
}

/**
 * Only what has a ticket, or is worth one, stands for others: else the problem would be on no ticket at all. For the same
 * reason what sends nothing explains nothing of what does.
 */
function mayExplain(source: Finding | undefined, mode: Mode): boolean {
  if (source === undefined || !isOngoing(source)) return false;
  if (stricterMode(source.mode, mode) !== mode) return false;
  return source.memory.createdAt !== undefined || (source.priority ?? { band: "None" }).band !== "None";
}

function modeOf(
  alerts: readonly { readonly ruleId: string }[],
  byName: ReadonlyMap<string, Rule>,
  { voice }: TickContext,
): Mode {
  const rule = byName.get(alerts[0]?.ruleId ?? "");
  return rule === undefined ? "file" : voice.modeOf(rule);
}

/** Named are those of the findings that are decided now; the others were named when they were. */
async function explainedBy(
  roots: ReadonlyMap<string, string>,
  here: ReadonlyMap<string, Scored>,
  { store }: TickContext,
): Promise<ReadonlyMap<string, Explained>> {
  const keys = new Map<string, string[]>();
  for (const [key, root] of roots) {
    if (!here.has(root)) continue;
    const same = keys.get(root);
    if (same === undefined) keys.set(root, [key]);
    else same.push(key);
  }
  const elsewhere = [...keys.values()].flat().filter((key) => !here.has(key));
  const stored = await store.state.findings(elsewhere);
  return new Map(
    [...keys].flatMap(([root, explained]) => {
      const findings = explained.flatMap((key) => here.get(key)?.finding ?? stored.get(key) ?? []);
      if (findings.length === 0) return [];
      const named = findings
        .sort((a, b) => (b.priority?.score ?? 0) - (a.priority?.score ?? 0) || (a.id < b.id ? -1 : 1))
        .slice(0, mostNamed)
        .map(({ id, title }) => ({ id, title }));
      return [[root, { count: findings.length, findings: named }] as const];
    }),
  );
}
