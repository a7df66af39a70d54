import { type Rule, severities } from "../model/rule.ts";

/** A rule that does not go with the others of its problem. */
export interface ProblemFault {
  readonly rule: Rule;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly fix: string;
}

/**
 * What rules of one `problem` must agree in: by which labels they group, or none of them ever shares a finding. Different
 * owners are allowed, and said with who wins. The first rule stands, the others are told. Pure.
 */
export function problemFaults(rules: readonly Rule[]): readonly ProblemFault[] {
  const byProblem = new Map<string, Rule[]>();
  // What is grouped as its sender groups it shares nothing that could be compared here.
  const grouped = rules.filter(({ takesFromAlert }) => takesFromAlert?.group !== true);
  for (const rule of grouped) byProblem.set(rule.problem, [...(byProblem.get(rule.problem) ?? []), rule]);
  return [...byProblem.values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : others.flatMap((rule) => faultsBeside(first, rule)),
  );
}

function faultsBeside(first: Rule, rule: Rule): readonly ProblemFault[] {
  const [ours, theirs] = [groupOf(rule), groupOf(first)];
  if (ours !== theirs) {
    return [
      {
        rule,
        severity: "error",
        message: `its problem \`${rule.problem}\` is also that of rule \`${first.id}\` (${first.location.file}:${first.location.line}), which groups by ${theirs} and not by ${ours}: they would never share a ticket`,
        fix: "write the same `group` in both, or another `problem` in one",
      },
    ];
  }
  const [owner, other] = [rule.limits.owner, first.limits.owner];
  if (owner === other) return [];
  return [
    {
      rule,
      severity: "warning",
      message: `its problem \`${rule.problem}\` is also that of rule \`${first.id}\` of another owner: their ticket goes to ${winner(first, rule)}`,
      fix: `write \`owner: ${other}\` or \`owner: ${owner}\` in both, unless that is meant`,
    },
  ];
}

/** A finding is its worst alert's, and severity comes first in that. */
function winner(a: Rule, b: Rule): string {
  const rank = (rule: Rule) => severities.indexOf(rule.limits.severity);
  if (rank(a) === rank(b)) return "the owner of whichever alert is worse";
  const worse = rank(a) > rank(b) ? a : b;
  return `\`${worse.limits.owner}\` while \`${worse.id}\` fires, since it is the more severe`;
}

function groupOf({ group }: Rule): string {
  return group.length === 0 ? "nothing" : [...group].sort().join(", ");
}
