import { isZeroOfNothing, type Measure } from "../model/query.ts";
import type { Path, Report } from "../support/yaml/fault.ts";
import { type BurnGround, checkBurn, checkBurnUntil } from "./burn-checks.ts";
import { baselineDefaults, riseFactor } from "./compile.ts";
import { formsOf } from "./merge.ts";
import type { UntilInput, WhenInput } from "./schema.ts";

/** A `when` that is complete: its own form, and limits that the measure can be on the wrong side of. */
export function checkWhen(when: WhenInput, path: Path, ground: BurnGround, report: Report): void {
  const { measure } = ground;
  const forms = formsOf(when);
  if (forms.length === 0) {
    report(
      path,
      {
        message: "`when` says no form: nothing could ever be bad",
        fix: "add `above:` or `below:`, `change:`, `baseline:`, `absent:`, `new:` or `burn:`",
      },
      { at: "key" },
    );
  }
  if (forms.length > 1) {
    const named = forms.map(
      (form) => `\`${form === "threshold" ? (when.above === undefined ? "below" : "above") : form}\``,
    );
    report(
      path,
      {
        message: `\`when\` has several forms: ${named.join(", ")}`,
        fix: "keep one form, and write a rule for each other",
      },
      { at: "key" },
    );
  }
  for (const form of ["change", "baseline", "absent", "new"] as const) {
    if (measure?.kind !== "alerts" || when[form] === undefined) continue;
    report(
      [...path, form],
      {
        message: `\`${form}\` does not fit received alerts, of which only the present is known`,
        fix:
          form === "absent"
            ? "write `below: 1`, and `no_data: breach` for an alert that must always fire"
            : "write `above: 0`",
      },
      { at: "key" },
    );
  }
  checkBounds(when, path, measure, report);
  checkChange(when, path, measure, report);
  checkBurn(when, path, ground, report);
  checkFloors(when, path, measure, report);
}

function checkBounds({ above, below }: WhenInput, path: Path, measure: Measure | undefined, report: Report): void {
  if (above !== undefined && below !== undefined && above.value <= below.value) {
    report([...path, "above"], {
      message: `\`above\` (${above.value}) is not over \`below\` (${below.value}): every value would be bad`,
      fix: "breached means over `above` or under `below`: make `above` the larger one",
    });
  }
  for (const [key, bound] of [
    ["above", above],
    ["below", below],
  ] as const) {
    if (bound !== undefined) checkBound(key, bound, [...path, key], measure, report);
  }
}

function checkBound(
  key: "above" | "below",
  { value, percentage }: { value: number; percentage: boolean },
  path: Path,
  measure: Measure | undefined,
  report: Report,
): void {
  if (measure === undefined) return;
  const counts = isZeroOfNothing(measure) || measure.kind === "alerts";
  if (percentage && counts) {
    report(path, {
      message: `a percentage does not compare with \`${measureText(measure)}\`, which counts`,
      fix:
        measure.kind === "alerts"
          ? "write a plain number"
          : "write a plain number, or use `measure: ratio` or `change`",
    });
  } else if (measure.kind === "ratio" && (key === "above" ? value >= 1 || value < 0 : value > 1 || value <= 0)) {
    const meant = value > 1 && value <= 100 ? `did you mean \`${value}%\`? ` : "";
    report(path, {
      message: `a ratio lies from 0 to 1, so \`${key}: ${value}\` is always or never true`,
      fix: `${meant}write it as \`5%\` or \`0.05\``,
    });
  } else if (counts && measure.kind !== "sum" && (key === "above" ? value < 0 : value <= 0)) {
    report(path, {
      message: `\`${measure.kind}\` is never under 0, so \`${key}: ${value}\` is ${key === "above" ? "always" : "never"} true`,
      fix:
        key === "above"
          ? "write 0 or more"
          : measure.kind === "alerts"
            ? "write more than 0"
            : "write more than 0, or `absent` for what stopped reporting",
    });
  }
}

function checkChange({ change }: WhenInput, path: Path, measure: Measure | undefined, report: Report): void {
  if (change === undefined) return;
  const own = [...path, "change"];
  if (change.versus === undefined) return;
  if (change.up === undefined && change.down === undefined) {
    report(
      own,
      { message: "`change` says neither `up` nor `down`", fix: "add `up: 3x`, `up: +50%` or `down: 50%`" },
      { at: "key" },
    );
  }
  if (change.up !== undefined && riseFactor(change.up) <= 1) {
    report([...own, "up"], {
      message: `\`up: ${change.up}\` is no rise`,
      fix: "write a factor over 1, such as `3x`, or `+50%`",
    });
  }
  if (change.down !== undefined && (change.down <= 0 || change.down >= 1)) {
    report([...own, "down"], {
      message: "`down` must lie between 0% and 100%: at 100% nothing can fall lower",
      fix: "write for example `down: 50%`, or `absent` for what stopped reporting",
    });
  }
  if (measure?.kind === "ratio" && (change.floor ?? 0) > 1) {
    report([...own, "floor"], {
      message: `\`floor\` is compared with the ratio itself, which never reaches ${change.floor}`,
      fix: "write a ratio such as 0.01, or use `min_bad_events`",
    });
  }
}

function checkFloors(when: WhenInput, path: Path, measure: Measure | undefined, report: Report): void {
  if (measure === undefined) return;
  if (when.min_bad_events !== undefined && measure.kind !== "ratio") {
    report(
      [...path, "min_bad_events"],
      {
        message: `\`min_bad_events\` belongs to a ratio, not to \`${measureText(measure)}\``,
        fix: floorInstead(when, measure),
      },
      { at: "key" },
    );
  }
  const counts = when.new !== undefined && measure.kind !== "promql";
  if (when.min_events !== undefined && !counts && measure.kind !== "avg" && measure.kind !== "percentile") {
    report(
      [...path, "min_events"],
      {
        message: `\`min_events\` belongs to a mean or percentile, not to \`${measureText(measure)}\``,
        fix:
          measure.kind === "ratio"
            ? "write `min_bad_events`: a floor on traffic would hide the outage of a quiet route"
            : "remove it",
      },
      { at: "key" },
    );
  }
  if (when.absent !== undefined && (when.min_events !== undefined || when.min_bad_events !== undefined)) {
    report(
      [...path, "absent"],
      { message: "`absent` has no floor: it is about nothing at all", fix: "remove `min_events` and `min_bad_events`" },
      { at: "key" },
    );
  }
}

/** What to write instead of a floor on bad events that are not told from others. */
function floorInstead({ new: isNew, above }: WhenInput, { kind }: Measure): string {
  if (kind === "avg" || kind === "percentile" || (isNew !== undefined && kind !== "promql"))
    return "write `min_events`";
  return above === undefined ? "remove it" : "remove it; `above` is already a floor on this number";
}

/** A measure as it is written. */
export function measureText({ kind }: Measure): string {
  return kind === "promql" || kind === "alerts" ? kind : `measure: ${kind}`;
}

/** An `until` that can come true when `when` does not, and never holds while it does. */
export function checkUntil(
  when: WhenInput,
  until: UntilInput | undefined,
  path: Path,
  measure: Measure | undefined,
  report: Report,
): void {
  if (until === undefined) return;
  const form = when.absent !== undefined ? "absent" : when.new !== undefined ? "new" : undefined;
  if (form !== undefined && (until.above !== undefined || until.below !== undefined)) {
    const clear = {
      absent: "it is clear when the label set reports again",
      new: "it is clear when nothing new occurs, or what did is known",
    };
    report(
      path,
      {
        message: `\`until\` of \`${form}\` has no limits: ${clear[form]}`,
        fix: "keep only `for`",
      },
      { at: "key" },
    );
    return;
  }
  if (when.burn !== undefined) {
    checkBurnUntil(when.burn, until, path, report);
    return;
  }
  for (const key of ["above", "below"] as const) {
    const bound = until[key];
    if (bound !== undefined) checkBound(key, bound, [...path, key], measure, report);
  }
  const contradiction = contradictionOf(when, until);
  if (contradiction !== undefined) report(path, contradiction, { at: "key" });
  const side = badSide(when);
  if (side?.relative === true && (until.above === undefined || until.below === undefined)) {
    // No limit says which values are bad, so this may be meant, however odd it is.
    const wrong = wrongSideOf(side, until);
    if (wrong !== undefined) report(path, wrong, { at: "key", severity: "warning" });
  }
}

function contradictionOf(when: WhenInput, until: UntilInput) {
  const fix = "let `until` ask for more calm than `when`: for `when: { above: 5% }` write `until: { below: 2% }`";
  if (when.above !== undefined && until.below !== undefined && until.below.value > when.above.value) {
    return { message: `values between ${when.above.value} and ${until.below.value} would be both bad and clear`, fix };
  }
  if (when.below !== undefined && until.above !== undefined && until.above.value < when.below.value) {
    return { message: `values between ${until.above.value} and ${when.below.value} would be both bad and clear`, fix };
  }
  if (until.above !== undefined && until.below !== undefined && until.above.value >= until.below.value) {
    return { message: "no value is over `until.above` and under `until.below`: it would never be clear", fix };
  }
  const side = badSide(when);
  return side?.relative === false ? wrongSideOf(side, until) : undefined;
}

function wrongSideOf({ bad, name }: NonNullable<ReturnType<typeof badSide>>, until: UntilInput) {
  const [wrong, right] = bad === "high" ? (["above", "below"] as const) : (["below", "above"] as const);
  if (until[wrong] === undefined) return undefined;
  return {
    message: `\`${name}\` is bad when ${bad}, but \`until.${wrong}\` is clear when ${bad}`,
    fix: `write \`until: { ${right}: … }\``,
  };
}

/** On which one side values are bad, and what says so. `relative`: to other values, not to a limit in the rule. */
function badSide({ above, below, change, baseline }: WhenInput) {
  const relative = change !== undefined || baseline !== undefined;
  const direction = baseline?.direction ?? baselineDefaults.direction;
  const high =
    (above !== undefined && "when.above") ||
    (change?.up !== undefined && "change.up") ||
    (baseline !== undefined && direction !== "down" && "direction: up");
  const low =
    (below !== undefined && "when.below") ||
    (change?.down !== undefined && "change.down") ||
    (baseline !== undefined && direction !== "up" && "direction: down");
  if (high !== false && low === false) return { bad: "high", name: high, relative } as const;
  return low !== false && high === false ? ({ bad: "low", name: low, relative } as const) : undefined;
}
