import { type Finding, isOngoing, type SilencedBands } from "../model/finding.ts";
import type { Labels } from "../model/labels.ts";
import type { MaintenanceOn } from "../model/maintenance.ts";
import { type Band, compareBands } from "../model/priority.ts";
import type { Rule } from "../model/rule.ts";
import { fixedLabels, hasLabels, isNamed } from "../model/rule-match.ts";
import { isSilencing, type Silence } from "../model/silence.ts";
import { formatInstant } from "../model/time.ts";

/** A silence that held until the finding got worse, and ends for it with this decision. */
export interface SilenceOver {
  readonly author: string;
  readonly reason: string;
  /** The band it had when it was silenced. */
  readonly band: Band;
}

/** What operators and planned work make of one finding. */
export interface Muting {
  /** Whether nothing is to be told of it now. */
  readonly silenced: boolean;
  /** What silences it, each in words; empty where nothing does. */
  readonly by: readonly string[];
  /** What is to be remembered of silences that hold until it gets worse. */
  readonly bands: SilencedBands;
  readonly over: SilenceOver | undefined;
}

interface MutedAlert {
  readonly ruleId: string;
  readonly ruleIdentity?: string;
  readonly labels: Labels;
}

export interface MutingRequest {
  readonly at: number;
  readonly finding: Finding;
  /** As it was stored before this tick. */
  readonly before: Finding | undefined;
  /** Its band now. */
  readonly band: Band;
  /** The alerts that are the finding now. */
  readonly alerts: readonly MutedAlert[];
  readonly ruleOf: (ruleId: string) => Rule | undefined;
  /** Those that hold at `at`. */
  readonly silences: readonly Silence[];
  readonly windows: readonly MaintenanceOn[];
}

/** Whether each alert of a finding is matched by a silence or a maintenance window; different ones may do so. Pure. */
export function mutingOf(request: MutingRequest): Muting {
  const { at, alerts, silences, windows, ruleOf } = request;
  const bands: Record<string, SilencedBands[string]> = {};
  const holding: Silence[] = [];
  let over: SilenceOver | undefined;
  for (const silence of silences) {
    if (!alerts.some((alert) => isSilencing(silence, alert))) continue;
    if (silence.untilWorse !== true) {
      holding.push(silence);
      continue;
    }
    const { band, endedAt } = bandOf(silence, request);
    bands[silence.id] = { band, endedAt };
    if (endedAt === undefined) holding.push(silence);
    else if (endedAt === at) over ??= { author: silence.author, reason: silence.reason, band };
  }
  const isOn = windows.filter(({ window }) => alerts.some((alert) => isInWindow(alert, window, ruleOf(alert.ruleId))));
  const silenced =
    alerts.length > 0 &&
    alerts.every(
      (alert) =>
        holding.some((silence) => isSilencing(silence, alert)) ||
        isOn.some(({ window }) => isInWindow(alert, window, ruleOf(alert.ruleId))),
    );
  const by = silenced ? [...holding.map((silence) => silenceWords(silence, bands)), ...isOn.map(windowWords)] : [];
  return { silenced, by, bands, over: silenced ? undefined : over };
}

/** The band that the finding had when it was silenced first, and when it was first above it: then that silence is over for it. */
function bandOf(
  { id }: Silence,
  { at, finding, before, band }: Pick<MutingRequest, "at" | "finding" | "before" | "band">,
): SilencedBands[string] {
  const known = finding.memory.silences[id];
  const then = before !== undefined && isOngoing(before) ? before.priority?.band : undefined;
  const { band: silencedAt, endedAt } = known ?? { band: then ?? band, endedAt: undefined };
  const isWorse = isOngoing(finding) && compareBands(band, silencedAt) > 0;
  return { band: silencedAt, endedAt: endedAt ?? (isWorse ? at : undefined) };
}

/** Whether a maintenance window is about an alert: by its labels, and by what its rule holds at one value. */
export function isInWindow(
  { ruleId, labels }: MutedAlert,
  { rules, where }: Pick<MaintenanceOn["window"], "rules" | "where">,
  rule: Rule | undefined,
): boolean {
  if (rules.length > 0 && !isNamed(rule?.id ?? ruleId, rules)) return false;
  return hasLabels({ ...(rule === undefined ? {} : fixedLabels(rule.signal.where)), ...labels }, where);
}

function silenceWords({ id, author, reason, endsAt, untilWorse }: Silence, bands: SilencedBands): string {
  const until = formatInstant(endsAt);
  const long =
    untilWorse === true
      ? `until it is worse than ${bands[id]?.band ?? "now"}, at the latest until ${until}`
      : `until ${until}`;
  return `${author} silenced it ${long} ("${reason}")`;
}

function windowWords({ window: { name, reason }, until }: MaintenanceOn): string {
  return `the maintenance window ${name} is on until ${formatInstant(until)} ("${reason}")`;
}

/** One sentence on why it is told again. */
export function overWords({ author, reason, band }: SilenceOver, now: Band): string {
  return `${author} silenced it at ${band} until it gets worse ("${reason}"), and it is ${now} now`;
}
