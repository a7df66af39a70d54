import { historySlots, leastSeasons, leastValues, mostMeasuredValues, seasonMs } from "../model/baseline.ts";
import { formatDuration } from "../support/duration.ts";
import type { Path, Report } from "../support/yaml/fault.ts";
import type { RuleParts } from "./checks.ts";
import { baselineDefaults, ruleDefaults } from "./compile.ts";
import type { WhenInput } from "./schema.ts";

/** A `baseline` that can come to know what is usual, and whose values fit into memory. */
export function checkBaseline({ baseline }: WhenInput, path: Path, signal: RuleParts["signal"], report: Report): void {
  if (baseline === undefined) return;
  const own = [...path, "baseline"];
  const historyMs = baseline.history ?? baselineDefaults.historyMs;
  const at = (key: "history" | "season") => (baseline[key] === undefined ? own : [...own, key]);
  const season = baseline.season ?? baselineDefaults.season;
  const isTooShort = season !== "none" && historyMs < leastSeasons * seasonMs[season];
  if (season !== "none" && isTooShort) {
    report(at("history"), {
      message: `a history of ${formatDuration(historyMs)} never has ${leastValues} values at the same time of the ${season}`,
      fix: `write \`history: ${leastSeasons}${season === "week" ? "w" : "d"}\` or more, or a shorter season: ${season === "week" ? "`season: day`" : "`season: none`"}`,
    });
  }
  const windowMs = signal?.window;
  if (windowMs === undefined) return;
  const { slots } = historySlots(windowMs, historyMs);
  if (!isTooShort && historyMs < leastValues * windowMs) {
    report(at("history"), {
      message: `a history of ${formatDuration(historyMs)} has fewer than ${leastValues} windows of ${formatDuration(windowMs)}: what is usual would never be known`,
      fix: `write a history of at least ${formatDuration(leastValues * windowMs)}, or a shorter window`,
    });
  }
  const groups = (signal?.by ?? []).length === 0 ? 1 : (signal?.max_groups ?? ruleDefaults.maxGroups);
  if (groups * slots > mostMeasuredValues) {
    const most = Math.floor(mostMeasuredValues / slots);
    report(
      own,
      {
        message: `${groups} groups with ${slots} values each are more than a rule remembers (${mostMeasuredValues} values)`,
        fix: `write \`max_groups: ${most}\` or fewer in \`signal\`, a longer window or a shorter history`,
      },
      { at: "key", needs: [["signal", "max_groups"]] },
    );
  }
}
