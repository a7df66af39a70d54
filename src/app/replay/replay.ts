import type { ServiceConfig } from "../../config/types.ts";
import type { Rule } from "../../model/rule.ts";
import { systemClock } from "../../support/clock.ts";
import { BackfeedError } from "../../support/errors.ts";
import type { LoadedRules } from "../load-rules.ts";
import type { PastCost } from "../offline/past-source.ts";
import { type ReplayProgress, replayRules } from "../offline/replay-rules.ts";
import { compareReplays, type ReplayDifference } from "./compare-replays.ts";
import { type NoiseFigures, noiseFigures } from "./noise-figures.ts";
import { withPast } from "./past-ground.ts";
import { type NotFiled, type ReplayTicket, TicketTally, type VerdictTotals } from "./ticket-tally.ts";
import { applyTriedChange, type TriedChange } from "./tried-change.ts";

export interface ReplayOptions {
  readonly loaded: LoadedRules & { readonly config: ServiceConfig };
  /** Instants in milliseconds; all ticks in `[from, to]`, and none after now. */
  readonly from: number;
  readonly to: number;
  /** Only these rules; none: all. */
  readonly ruleIds: readonly string[];
  /** In place of the loaded rules of the same id; a rule of another id is added. */
  readonly tryRules?: readonly Rule[];
  /** Another value of one key in the one rule that `ruleIds` names. */
  readonly tryChange?: TriedChange;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: ReplayProgress) => void;
}

/** One set of rules over the range. */
export interface ReplayOutcome {
  readonly rules: readonly { readonly id: string; readonly mode: Rule["mode"]; readonly verdicts: VerdictTotals }[];
  readonly figures: NoiseFigures;
  /** Oldest first. */
  readonly tickets: readonly ReplayTicket[];
  readonly notFiled: readonly NotFiled[];
}

/** A rule that cannot be run over the past, and why. */
export interface NotReplayed {
  readonly rule: string;
  readonly why: string;
}

export interface ReplayReport extends ReplayOutcome {
  readonly from: number;
  /** As asked, or now when that is earlier. */
  readonly to: number;
  /** Instants at which any rule was due. */
  readonly ticks: number;
  readonly notReplayed: readonly NotReplayed[];
  readonly sources: readonly (PastCost & { readonly name: string })[];
  /** With the rules to try, and what is different then. */
  readonly tried: (ReplayOutcome & { readonly difference: ReplayDifference }) | undefined;
}

const noVerdicts: VerdictTotals = { breached: 0, between: 0, clear: 0, no_data: 0, failed: 0 };

/**
 * Which tickets the past would have made: every tick of the range through the code of the live run, each from an empty state, with
 * nobody acting on the tickets. Throws BackfeedError: `invalid_request` for a range or a rule that is none, and what a source says.
 */
export async function replay(options: ReplayOptions): Promise<ReplayReport> {
  const { loaded, ruleIds, signal, onProgress } = options;
  const { from } = options;
  const to = Math.min(options.to, systemClock.now());
  if (to <= from) {
    throw new BackfeedError(
      "invalid_request",
      "the range has no past in it: --from must be before --to and before now",
    );
  }
  const tryRules = await triedRules(options);
  const wanted = [chosen(loaded.state.rules, ruleIds)];
  if (tryRules !== undefined) wanted.push(chosen(withTried(loaded.state.rules, tryRules), ruleIds));
  const variants = wanted.map((rules) => rules.filter(hasPast));
  const notReplayed = withoutPast(wanted.flat());
  if (variants.every((rules) => rules.length === 0)) {
    const [none] = notReplayed;
    throw new BackfeedError("invalid_request", none === undefined ? noRules(ruleIds) : `${none.rule}: ${none.why}`);
  }
  const tallies = variants.map(() => new TicketTally());
  const run = await withPast(loaded, (past) =>
    replayRules({
      ...past,
      variants,
      from,
      to,
      signal,
      onTick: (variant, tick) => tallies[variant]?.add(tick),
      ...(onProgress === undefined ? {} : { onProgress }),
    }),
  );
  const outcomes = tallies.map((tally, variant) => outcomeOf(tally, variants[variant] ?? [], { from, to }));
  const [outcome, tried] = outcomes;
  if (outcome === undefined) throw new BackfeedError("internal", "nothing was replayed");
  return {
    from,
    to,
    ticks: run.instants,
    notReplayed,
    sources: [...run.cost]
      .map(([name, cost]) => ({ name, ...cost }))
      .filter(({ fromBatches, alone }) => fromBatches + alone > 0),
    ...outcome,
    tried: tried === undefined ? undefined : { ...tried, difference: compareReplays(outcome.tickets, tried.tickets) },
  };
}

async function triedRules({
  loaded,
  ruleIds,
  tryRules,
  tryChange,
}: ReplayOptions): Promise<readonly Rule[] | undefined> {
  if (tryChange === undefined) return tryRules;
  const [rule, ...others] = ruleIds.length === 0 ? [] : chosen(loaded.state.rules, ruleIds);
  if (rule === undefined || others.length > 0) {
    throw new BackfeedError("invalid_request", "--try KEY=VALUE changes one rule: name it with --rule ID");
  }
  return [await applyTriedChange(tryChange, rule, loaded.config.baseDirectory, loaded.ruleContext)];
}

function chosen(rules: readonly Rule[], ids: readonly string[]): readonly Rule[] {
  return ids.length === 0 ? rules : rules.filter(({ id }) => ids.includes(id));
}

function hasPast({ signal }: Rule): boolean {
  return signal.measure.kind !== "alerts";
}

function withoutPast(rules: readonly Rule[]): readonly NotReplayed[] {
  const ids = new Set(rules.filter((rule) => !hasPast(rule)).map(({ id }) => id));
  const why = "the alerts it is about were raised by another system, which tells only what fires now";
  return Array.from(ids, (rule) => ({ rule, why }));
}

function noRules(ids: readonly string[]): string {
  return ids.length === 0
    ? "no rule is loaded: there is nothing to replay"
    : `no rule \`${ids.join("`, `")}\` is loaded`;
}

function withTried(rules: readonly Rule[], tried: readonly Rule[]): readonly Rule[] {
  const byId = new Map(tried.map((rule) => [rule.id, rule]));
  const known = new Set(rules.map(({ id }) => id));
  return [...rules.map((rule) => byId.get(rule.id) ?? rule), ...tried.filter(({ id }) => !known.has(id))];
}

function outcomeOf(
  tally: TicketTally,
  rules: readonly Rule[],
  range: { readonly from: number; readonly to: number },
): ReplayOutcome {
  const tickets = tally.tickets();
  const notFiled = tally.notFiled();
  const verdicts = tally.verdicts();
  return {
    rules: rules.map(({ id, mode }) => ({ id, mode, verdicts: verdicts.get(id) ?? noVerdicts })),
    figures: noiseFigures({ tickets, notFiled }, range),
    tickets,
    notFiled,
  };
}
