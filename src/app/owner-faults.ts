import type { ServiceConfig } from "../config/types.ts";
import type { Rule } from "../model/rule.ts";
import { renderText, sampleText } from "../rules/templates.ts";
import type { Fault, Path } from "../support/yaml/fault.ts";
import { Places } from "./places.ts";

/** Rules that one fault names; the rest are counted. */
const mostNamed = 5;

/** Whoever a rule's tickets can belong to. */
export function ownersOf(rule: Rule): readonly string[] {
  return [...new Set([rule.limits, ...rule.overrides.map(({ limits }) => limits)].map(({ owner }) => owner))];
}

/**
 * Labels and fields of the owners file that cannot be rendered for a rule whose tickets go there: at run time they would
 * be left out. Each once, at its place, with the rules. A template that asks first whether a label is there is right.
 */
export function ownerTemplateFaults(config: ServiceConfig, rules: readonly Rule[]): readonly Fault[] {
  const places = new Places(config.baseDirectory);
  const found = new Map<string, { path: Path; reason: string; rules: Set<string> }>();
  for (const rule of rules) {
    const { measure } = rule.signal;
    // Which labels received alerts have only their sender knows.
    if (measure.kind === "alerts" && measure.each) continue;
    const context = sampleText(Object.fromEntries(rule.signal.by.map((name) => [name, "sample"])));
    for (const named of ownersOf(rule)) {
      const owner = Object.hasOwn(config.owners, named) ? named : "default";
      const { labels = [], fields = {} } = config.owners[owner] ?? {};
      for (const [path, text] of [...textsIn(labels, [owner, "labels"]), ...textsIn(fields, [owner, "fields"])]) {
        const reason = refusal(() => renderText(text, context));
        if (reason === undefined) continue;
        const key = JSON.stringify([path, reason]);
        const known = found.get(key) ?? { path, reason, rules: new Set() };
        known.rules.add(rule.id);
        found.set(key, known);
      }
    }
  }
  return [...found.values()].map(({ path, reason, rules: ids }) => {
    const [, label] = /undefined variable: labels(?:\.|\[")?([^\s,"\]]+)/.exec(reason) ?? [];
    const who = listed([...ids]);
    return {
      ...places.of(config.ownersFile, path),
      severity: "error",
      message:
        label === undefined
          ? `the template does not work for ${who}, whose tickets go to \`${path[0]}\`: ${reason}`
          : `the template names the label \`${label}\`, which ${who} ${ids.size === 1 ? "does" : "do"} not have, whose tickets go to \`${path[0]}\`: they would go without this`,
      fix:
        label === undefined
          ? "mend the template"
          : `write \`{% if labels["${label}"] %}…{% endif %}\` around it, or add the label to \`signal.by\` of the rule, or give the rule another owner`,
    };
  });
}

/** Every text in a value, with where it stands. */
function textsIn(value: unknown, path: Path): readonly (readonly [Path, string])[] {
  if (typeof value === "string") return [[path, value]];
  if (Array.isArray(value)) return value.flatMap((item, position) => textsIn(item, [...path, position]));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => textsIn(member, [...path, key]));
}

function refusal(render: () => string): string | undefined {
  try {
    render();
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

function listed(ids: readonly string[]): string {
  const named = ids.slice(0, mostNamed).map((id) => `\`${id}\``);
  const more = ids.length - named.length;
  const names = [...named, ...(more > 0 ? [`${more} more`] : [])].join(", ");
  return `${ids.length === 1 ? "rule" : "rules"} ${names}`;
}
