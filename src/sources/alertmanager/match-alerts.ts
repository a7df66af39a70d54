import type { Labels } from "../../model/labels.ts";
import type { Filter, Query, Where } from "../../model/query.ts";

/** The one filter that this source knows: what matches any of these is left out. */
export interface NoneOf {
  readonly none_of: readonly Where[];
}

/** Whether labels are among a condition's values, all of them; as text, which labels are. */
function matchesWhere(labels: Labels, where: Where): boolean {
  return Object.entries(where).every(([name, values]) => {
    const value = labels[name];
    return value !== undefined && values.some((wanted) => String(wanted) === value);
  });
}

/** Whether a query is about an alert. Filters of another kind match nothing: nobody writes them. */
export function matchesQuery(labels: Labels, { where, filters }: Pick<Query, "where" | "filters">): boolean {
  return matchesWhere(labels, where) && filters.every((filter) => isNoneOf(filter) && !excluded(labels, filter));
}

function excluded(labels: Labels, { none_of }: NoneOf): boolean {
  return none_of.some((where) => matchesWhere(labels, where));
}

function isNoneOf(filter: Filter): filter is Filter & NoneOf {
  return typeof filter === "object" && Array.isArray(filter["none_of"]);
}
