import type { Rule } from "../model/rule.ts";
import { fixedLabels, isNamed } from "../model/rule-match.ts";
import { missingRule } from "../rules/inhibition-checks.ts";
import { checkSchedule, checkTimezone } from "../rules/schedule-check.ts";
import { formatDuration } from "../support/duration.ts";
import { didYouMean, listed } from "../support/yaml/closest.ts";
import type { Report, Written, Wrong } from "../support/yaml/fault.ts";
import type { ConfigParts } from "./checks.ts";

/** What the parts of maintenance windows must be to one another. */
export function checkMaintenance({ maintenance }: ConfigParts, report: Report): void {
  const names = new Set<string>();
  for (const [position, window] of (maintenance ?? []).entries()) {
    if (window === undefined) continue;
    const path = ["maintenance", position];
    const { name, schedule, timezone = "UTC", duration, rules, where } = window;
    if (name !== undefined && names.has(name)) {
      const wrong = { message: `the name \`${name}\` is used twice`, fix: "give each window a name of its own" };
      report([...path, "name"], wrong);
    }
    if (name !== undefined) names.add(name);
    if (rules === undefined && Object.keys(where ?? {}).length === 0) {
      report(path, {
        message: "the window names neither rules nor labels",
        fix: 'add `rules` or `where`; `rules: ["*"]` is everything',
      });
    }
    const zoneWrong = checkTimezone(timezone);
    if (zoneWrong !== undefined) report([...path, "timezone"], zoneWrong);
    if (schedule === undefined) continue;
    const facts = checkSchedule({ cron: schedule, timezone: zoneWrong === undefined ? timezone : "UTC" });
    if ("message" in facts) {
      report([...path, "schedule"], facts);
    } else if (duration !== undefined && duration >= facts.longestStepMs) {
      report([...path, "duration"], {
        message: `it begins again within ${formatDuration(facts.longestStepMs)}, before ${formatDuration(duration)} are over: it would never be off`,
        fix: `write less than ${formatDuration(facts.longestStepMs)}, or a rarer \`schedule\`; what is never to be told gets \`mode: report\` in its rule`,
      });
    }
  }
}

/** Words of one window that are about rules, and where each is written. */
export interface WrittenWindow {
  readonly rules: readonly Written[];
  readonly where: readonly Written[];
}

/** What windows must be to the rules, all of which are given. */
export function maintenanceRuleFaults(
  windows: readonly WrittenWindow[],
  rules: readonly Rule[],
  notLoaded: readonly string[],
): readonly { readonly at: Written; readonly wrong: Wrong }[] {
  const ids = [...rules.map(({ id }) => id), ...notLoaded];
  const formerly = new Map(rules.flatMap((rule) => rule.formerly.map((id) => [id, rule.id] as const)));
  return windows.flatMap((window) => {
    const named = window.rules.flatMap((at) => {
      const wrong = missingRule(at.text, ids, formerly);
      return wrong === undefined ? [] : [{ at, wrong }];
    });
    const patterns = window.rules.map(({ text }) => text);
    const about = rules.filter(({ id }) => patterns.length === 0 || isNamed(id, patterns));
    const labels = [...new Set(about.flatMap(labelsOf))];
    // Which labels received alerts have only their sender knows.
    const anyLabel = about.some(({ signal: { measure } }) => measure.kind === "alerts" && measure.each);
    if (about.length === 0 || notLoaded.length > 0 || anyLabel) return named;
    return [
      ...named,
      ...window.where.flatMap((at) => (labels.includes(at.text) ? [] : [{ at, wrong: noLabel(at, labels) }])),
    ];
  });
}

function labelsOf({ signal }: Rule): readonly string[] {
  return [...signal.by, ...Object.keys(fixedLabels(signal.where))];
}

function noLabel({ text }: Written, labels: readonly string[]): Wrong {
  return {
    message: `no alert of these rules has the label \`${text}\`${didYouMean(text, labels)}`,
    fix: labels.length === 0 ? "remove it: they have no labels" : `use one of ${listed(labels)}`,
  };
}
