import type { FixHeld } from "../learn/fix-watch.ts";
import type { Finding } from "../model/finding.ts";
import type { Rule } from "../model/rule.ts";
import type { TicketRecord } from "../model/ticket.ts";
import type { FindingCommit } from "../store/store.ts";
import { canonicalJson } from "../support/hashing.ts";
import { nextAttention } from "../triage/attention.ts";
import { builtInRules } from "./built-in-rules.ts";
import type { ProgramContext } from "./context.ts";
import { rulesByName, withIdentities } from "./identities.ts";
import { toBeLinked } from "./storms.ts";
import { type AttendedFinding, attendFindings, mostWaiting } from "./triage-findings.ts";

/** Findings decided under one lock; the rest follow at once, and a tick that waits gets its turn between. */
const mostAtOnce = 200;

/**
 * Decides those findings again whose ticket changed or whose time came while no alert moved, and those whose fix has held
 * long enough. As a tick's decisions they are made under the lock and stored with their words to the tracker. Gives how many
 * outbox entries there are to deliver. What was told to wait for a cap at `waitingBefore` or later waits for another run.
 */
export async function attend(
  rules: readonly Rule[],
  context: ProgramContext,
  signal: AbortSignal,
  waitingBefore = Number.POSITIVE_INFINITY,
): Promise<{ readonly drafts: number }> {
  let drafts = 0;
  for (let full = true; full && !signal.aborted; ) {
    const round = await context.concludeLock.run(() => attendSome(rules, context, signal));
    drafts += round.drafts;
    full = round.records >= mostAtOnce;
  }
  if (signal.aborted) return { drafts };
  const filed = await context.concludeLock.run(() => attendWaiting(rules, context, waitingBefore, signal));
  return { drafts: drafts + filed };
}

/**
 * Findings that wait for a cap are filed when it frees, those of a storm linked with its ticket when that is there, and what
 * went quiet while it was silenced is told when that is over, whenever their own rules run next.
 */
async function attendWaiting(
  loaded: readonly Rule[],
  context: ProgramContext,
  waitingBefore: number,
  signal: AbortSignal,
): Promise<number> {
  const { store, clock, metrics } = context;
  const overCap = (await store.state.waiting(mostWaiting)).filter(({ decision }) => decision.at < waitingBefore);
  const untold = await store.state.quietUntold(mostWaiting);
  const waiting = distinct([...overCap, ...(await toBeLinked(context)).slice(0, mostAtOnce), ...untold]);
  if (waiting.length === 0) return 0;
  const rules = withIdentities([...loaded, ...builtInRules], await store.state.ruleStates());
  const facts = { rules, alerts: () => store.state.alerts() };
  const attended = withRules(waiting, rulesByName(rules));
  const { commits, storm } = await attendFindings(attended, facts, clock.now(), context, signal);
  if (commits.length > 0 || storm !== undefined) await store.state.commitFindings(commits, storm);
  context.fixWatch.stored(commits.map(({ finding }) => finding));
  for (const { finding } of commits) metrics.recordDecision(finding.decision.action, finding.decision.reason);
  return commits.reduce((sum, { outbox }) => sum + outbox.length, 0);
}

function distinct(findings: readonly Finding[]): readonly Finding[] {
  return [...new Map(findings.map((finding) => [finding.id, finding])).values()];
}

async function attendSome(
  loaded: readonly Rule[],
  context: ProgramContext,
  signal: AbortSignal,
): Promise<{ readonly drafts: number; readonly records: number }> {
  const { store, clock, fixWatch } = context;
  const at = clock.now();
  const records = await store.tickets.due(at, mostAtOnce);
  const rules = withIdentities([...loaded, ...builtInRules], await store.state.ruleStates());
  const ruleOf = rulesByName(rules);
  const held = fixWatch.due((ruleId) => ruleOf.get(ruleId)?.ticket.verifyForMs).slice(0, mostAtOnce);
  if (records.length === 0 && held.length === 0) return { drafts: 0, records: 0 };
  const keys = new Set([...records, ...held].map(({ groupKey }) => groupKey));
  const stored = await store.state.findings([...keys]);
  const findings = [...stored.values()].map((finding) => withClear(finding, held));
  const attended = withRules(findings, ruleOf);
  const facts = { rules, alerts: () => store.state.alerts() };
  const { commits: decided, storm } = await attendFindings(attended, facts, at, context, signal);
  const commits = [...decided, ...onlyCounted(findings, decided, held)];
  if (commits.length > 0 || storm !== undefined) await store.state.commitFindings(commits, storm);
  fixWatch.stored(commits.map(({ finding }) => finding));
  for (const { finding } of decided) context.metrics.recordDecision(finding.decision.action, finding.decision.reason);
  const after = new Map([...findings, ...commits.map(({ finding }) => finding)].map((each) => [each.groupKey, each]));
  for (const record of records) {
    const finding = after.get(record.groupKey);
    const policy = finding === undefined ? undefined : ruleOf.get(finding.worst.ruleId)?.ticket;
    const isCurrent = finding?.generation === record.generation;
    const next = isCurrent && policy !== undefined ? nextAttention({ at, finding, policy, ticket: record }) : undefined;
    await store.tickets.change(record, (current) => seenTo(current, record, next));
  }
  return { drafts: commits.reduce((sum, { outbox }) => sum + outbox.length, 0), records: records.length };
}

/** A rule that is gone ended its episode, and its tickets are not touched again. */
function withRules(findings: readonly Finding[], rules: ReadonlyMap<string, Rule>): readonly AttendedFinding[] {
  return findings.flatMap((finding) => {
    const rule = rules.get(finding.worst.ruleId);
    return rule === undefined ? [] : [{ finding, rule, rules }];
  });
}

/** When to look again. What changed while it was decided is not seen to: then it stays due. */
function seenTo(current: TicketRecord, record: TicketRecord, attendAt: number | undefined) {
  if (canonicalJson(current) !== canonicalJson(record)) return undefined;
  return { record: { ...current, attendAt } };
}

/** The time that its fix has held by now, as it is counted between two times that it is stored. */
function withClear(finding: Finding, held: readonly FixHeld[]): Finding {
  const counted = held.find(({ groupKey }) => groupKey === finding.groupKey);
  if (counted === undefined || finding.state !== "fixed") return finding;
  return { ...finding, memory: { ...finding.memory, clear: counted.clear } };
}

/** Nothing was decided of these: only the count is to be stored. */
function onlyCounted(
  findings: readonly Finding[],
  decided: readonly FindingCommit[],
  held: readonly FixHeld[],
): readonly FindingCommit[] {
  const done = new Set(decided.map(({ finding }) => finding.groupKey));
  const counted = new Set(held.map(({ groupKey }) => groupKey));
  return findings
    .filter(({ groupKey }) => counted.has(groupKey) && !done.has(groupKey))
    .map((finding) => ({ finding, events: [], outbox: [] }));
}
