import Table from "cli-table3";
import { createColors } from "picocolors";
import { formatValue } from "../model/format.ts";
import { formatInstant } from "../model/time.ts";
import { cleanText } from "../support/clean-text.ts";
import { formatDuration } from "../support/duration.ts";
import type { KnobSuggestions, LimitOutcome, SuggestReport } from "./ports.ts";
import { plural } from "./print-faults.ts";

/** A table of limits and what each would have made, and what to write for them. */
export function printSuggestions(report: SuggestReport, colours: boolean): string {
  const paint = createColors(colours);
  const { rule, from, to, ticks, labelSets, requests, knobs, caveats } = report;
  const name = cleanText(rule, { maxLength: 100, singleLine: true });
  const count = (value: number, noun: string) => `${formatValue(value, "number")} ${noun}${value === 1 ? "" : "s"}`;
  const head = [
    `${paint.bold(name)}, ${formatInstant(from)} to ${formatInstant(to)} (${formatDuration(to - from)}):`,
    `${count(ticks, "tick")}, ${count(labelSets, "label set")}, ${plural(requests, "request")} to read them`,
  ];
  const blocks = [head.join(" "), ...knobs.map(knobText), [...caveats, ...words].map((line) => `- ${line}`).join("\n")];
  return `${blocks.join("\n\n")}\n`;
}

const words = [
  "a month counts tickets and returns: with nobody closing it a finding has one ticket, and every later episode would be told on it",
  "limits are strict: a value equal to one is not over it",
  "`backfeed replay --try` shows the tickets that other limits would have made",
];

function knobText({ name, unit, measured, now, suggestions }: KnobSuggestions): string {
  const head = ["a month", name, "made", "tickets", "returns", "episodes", "under 10 min", "of the time"];
  const table = new Table({ head, style: { head: [], border: [] } });
  const row = (label: string, outcome: LimitOutcome | undefined) =>
    outcome === undefined
      ? [label, "none", "", "", "", "", "", ""]
      : [
          label,
          limitText(outcome.limit, unit),
          rate(outcome.perMonth),
          String(outcome.tickets),
          String(outcome.returns),
          String(outcome.episodes),
          outcome.shortShare === undefined ? "" : formatValue(outcome.shortShare, "ratio"),
          formatValue(outcome.lastedShare, "ratio"),
        ];
  table.push(row("now", now));
  for (const { perMonth, outcome } of suggestions) table.push(row(`${perMonth}`, outcome));
  // Of no value the caveats tell.
  const none =
    measured > 0 && suggestions.some(({ outcome }) => outcome === undefined)
      ? "\nnone: even the worst that was measured is over it too often"
      : "";
  return `${table.toString()}${none}${untilText(suggestions, unit)}`;
}

/** Where the rule says how its episodes end, that goes with the limit. */
function untilText(suggestions: KnobSuggestions["suggestions"], unit: KnobSuggestions["unit"]): string {
  const lines = suggestions.flatMap(({ outcome }) => {
    const { above, below } = outcome?.until ?? {};
    if (outcome === undefined || (above === undefined && below === undefined)) return [];
    const parts = [
      ...(above === undefined ? [] : [`above: ${limitText(above, unit)}`]),
      ...(below === undefined ? [] : [`below: ${limitText(below, unit)}`]),
    ];
    return [`with ${limitText(outcome.limit, unit)}: until: { ${parts.join(", ")} }`];
  });
  return lines.length === 0 ? "" : `\n${[...new Set(lines)].join("\n")}`;
}

/** As it is written in a rule: all digits, since that is what was tried. */
function limitText(limit: number, unit: KnobSuggestions["unit"]): string {
  const digits = (value: number) => String(Number(value.toPrecision(6)));
  if (unit === "ratio") return `${digits(limit * 100)}%`;
  return unit === "times" ? `${digits(limit)}x` : digits(limit);
}

function rate(perMonth: number): string {
  return perMonth < 10 ? perMonth.toFixed(1) : String(Math.round(perMonth));
}
