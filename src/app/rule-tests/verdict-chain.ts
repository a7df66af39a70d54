import type { Evaluation } from "../../detect/judge.ts";
import { formatValue } from "../../model/format.ts";
import { type Labels, labelsKey } from "../../model/labels.ts";
import type { Rule } from "../../model/rule.ts";
import type { Verdict } from "../../model/verdict.ts";
import { formatDuration } from "../../support/duration.ts";
import type { RuleTestRun } from "./run-rule-test.ts";

/** Ticks in a row at which the same was seen of one label set. */
export interface ChainLink {
  readonly from: number;
  readonly to: number;
  readonly ticks: number;
  /** `8.0% > 5.0%`; why there is no comparison, where there is none. */
  readonly seen: string;
  readonly verdict: string;
  readonly state: string;
  /** `create (new_finding) High 57`: what was done with the ticket; undefined when nothing was. */
  readonly done: string | undefined;
}

export interface VerdictChain {
  readonly rule: string;
  readonly labels: Labels;
  readonly links: readonly ChainLink[];
  /** Links that were left out before these. */
  readonly leftOut: number;
}

/** Of one label set; the last are shown. */
const mostLinks = 60;
const mostChains = 10;

/** From observation to ticket, tick by tick and compressed: one chain for each label set, those with most to tell first. */
export function verdictChains({ ticks }: RuleTestRun): readonly VerdictChain[] {
  const chains = new Map<string, { readonly rule: string; readonly labels: Labels; readonly links: ChainLink[] }>();
  for (const { tick, lines } of ticks) {
    for (const { rule, evaluation, action, reason, finding } of lines()) {
      if (rule.signal.source === "backfeed") continue;
      const { labels } = evaluation;
      const key = `${rule.id} ${labelsKey(labels)}`;
      const chain = chains.get(key) ?? { rule: rule.id, labels, links: [] };
      chains.set(key, chain);
      const priority = finding?.priority;
      const scored = priority === undefined ? "" : ` ${priority.band} ${priority.score}`;
      const done = action === "none" ? undefined : `${action} (${reason})${scored}`;
      const link = linkOf(tick, evaluation, rule, done);
      const last = chain.links.at(-1);
      if (last !== undefined && isSame(last, link)) {
        chain.links[chain.links.length - 1] = { ...last, to: tick, ticks: last.ticks + 1 };
      } else chain.links.push(link);
    }
  }
  return [...chains.values()]
    .sort((a, b) => b.links.length - a.links.length)
    .slice(0, mostChains)
    .map(({ rule, labels, links }) => {
      const leftOut = Math.max(0, links.length - mostLinks);
      return { rule, labels, links: links.slice(leftOut), leftOut };
    });
}

function linkOf(
  tick: number,
  { verdict, state, change, ended }: Evaluation,
  rule: Rule,
  done: string | undefined,
): ChainLink {
  const gone = ended !== undefined && state === "inactive" ? `ended (${change})` : state;
  return { from: tick, to: tick, ticks: 1, seen: seenText(verdict, rule), verdict: verdict.kind, state: gone, done };
}

function isSame(one: ChainLink, other: ChainLink): boolean {
  const done = one.done === undefined && other.done === undefined;
  return done && one.seen === other.seen && one.verdict === other.verdict && one.state === other.state;
}

/** The value and the limit it stands against, or the words for why there is none. */
function seenText(verdict: Verdict, rule: Rule): string {
  const { value, threshold, reference, reason, kind } = verdict;
  const kindOfMeasure = rule.signal.query.measure.kind;
  const { burn } = verdict;
  const measured = kindOfMeasure === "ratio" ? "ratio" : kindOfMeasure === "rate" ? "per_second" : "number";
  const unit = burn === undefined ? measured : "times";
  const over = burn === undefined ? "" : ` over ${formatDuration(burn.longMs)} and ${formatDuration(burn.shortMs)}`;
  const usual = verdict.usual === undefined ? "" : `, usual ${formatValue(verdict.usual.median, unit)}`;
  const told = `${over}${usual}${reason === undefined ? "" : ` (${reason})`}`;
  if (value === undefined) return reason ?? kind;
  const against = reference === undefined ? "" : `, earlier ${formatValue(reference, unit)}`;
  if (threshold === undefined) return `${formatValue(value, unit)}${against}${told}`;
  const sign = value > threshold ? ">" : value < threshold ? "<" : "=";
  return `${formatValue(value, unit)} ${sign} ${formatValue(threshold, unit)}${against}${told}`;
}
