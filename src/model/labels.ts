/** Names and values that tell one label set from another. */
export type Labels = Readonly<Record<string, string>>;

const keptKeys = new WeakMap<Labels, string>();

/** Remembers the key of a label set that many answers share: the past has one for each group, and a value of it at every tick. */
export function keepLabelsKey(labels: Labels, key: string): void {
  keptKeys.set(labels, key);
}

/** One text per label set, whatever the order its labels were written in. Hostile values cannot collide: it is JSON. */
export function labelsKey(labels: Labels): string {
  const kept = keptKeys.get(labels);
  if (kept !== undefined) return kept;
  const names = Object.keys(labels);
  if (names.length === 0) return "{}";
  if (names.length > 1) names.sort();
  let text = "{";
  for (const [position, name] of names.entries()) {
    text += `${position === 0 ? "" : ","}${JSON.stringify(name)}:${JSON.stringify(labels[name])}`;
  }
  return `${text}}`;
}

/** The part of a label set that `names` lists; a name the set lacks is left out. */
export function pickLabels(labels: Labels, names: readonly string[]): Labels {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = labels[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}

/** For people: `service.name=checkout, region=eu`; `all` for the empty set. */
export function formatLabels(labels: Labels): string {
  const names = Object.keys(labels).sort();
  return names.length === 0 ? "all" : names.map((name) => `${name}=${labels[name]}`).join(", ");
}
