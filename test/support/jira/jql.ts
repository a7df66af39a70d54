import { type JqlField, jqlFields } from "./jql-fields.ts";
import { type Operand, type Operator, parseJql, type Query } from "./jql-parser.ts";
import type { IssueRecord } from "./record.ts";
import { refuse } from "./refusal.ts";
import type { Site } from "./site.ts";

type Clause = Extract<Query, { kind: "clause" }>;
type Test = (issue: IssueRecord) => boolean;

export interface CompiledJql {
  bounded: boolean;
  matches: Test;
  compare: (a: IssueRecord, b: IssueRecord) => number;
}

/**
 * Compiles JQL against a site, refusing unknown fields, functions, operators and values as Jira does. As in Jira, `!=` and
 * `not in` leave out issues where the field is empty. `strict: false` (Data Center's validateQuery) turns unknown values into
 * conditions that match nothing.
 */
export function compileJql(options: {
  site: Site;
  jql: string;
  user: string | undefined;
  strict?: boolean;
}): CompiledJql {
  const { site, user, strict = true } = options;
  const fields = jqlFields(site);
  const parsed = parseJql(options.jql, site.deployment);

  const compile = (query: Query): Test => {
    if (query.kind === "clause") return compileClause({ site, fields, clause: query, user, strict });
    const tests = query.parts.map(compile);
    return query.kind === "and"
      ? (issue) => tests.every((test) => test(issue))
      : (issue) => tests.some((test) => test(issue));
  };
  const order = parsed.orderBy.map(({ field, descending }) => {
    const found = fields.get(field.toLowerCase()) ?? refuse(site.deployment, "jqlOrder", field);
    return { found, sign: descending ? -1 : 1 };
  });

  return {
    bounded: parsed.where !== undefined,
    matches: parsed.where === undefined ? () => true : compile(parsed.where),
    compare: (a, b) => {
      for (const { found, sign } of order) {
        const by = found.order ?? ((issue: IssueRecord) => found.values(issue)[0]);
        const difference = compareValues(by(a), by(b));
        if (difference !== 0) return difference * sign;
      }
      return Number(b.id) - Number(a.id);
    },
  };
}

function compareValues(a: string | number | undefined, b: string | number | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

const OPERATORS: Record<JqlField["kind"], readonly Operator[]> = {
  id: ["=", "!=", "in", "not in", "<", ">", "<=", ">="],
  key: ["=", "!=", "in", "not in"],
  choice: ["=", "!=", "in", "not in", "is", "is not"],
  label: ["=", "!=", "in", "not in", "is", "is not"],
  user: ["=", "!=", "in", "not in", "is", "is not"],
  date: ["=", "!=", "<", ">", "<=", ">=", "is", "is not", "in", "not in"],
  text: ["~", "!~", "is", "is not"],
};

function compileClause(options: {
  site: Site;
  fields: ReadonlyMap<string, JqlField>;
  clause: Clause;
  user: string | undefined;
  strict: boolean;
}): Test {
  const { site, fields, clause, user, strict } = options;
  const { operator } = clause;
  const field = fields.get(clause.field.toLowerCase()) ?? refuse(site.deployment, "jqlField", clause.field);
  if (!OPERATORS[field.kind].includes(operator)) refuse(site.deployment, "jqlOperator", operator, clause.field);
  const values = clause.operands.map((operand) => readOperand({ site, field, operand, user, strict }));
  const has = (issue: IssueRecord) => field.values(issue);

  switch (operator) {
    case "is":
    case "is not": {
      if (clause.operands[0]?.kind !== "empty") refuse(site.deployment, "jqlOperator", operator, clause.field);
      return (issue) => (has(issue).length === 0) === (operator === "is");
    }
    case "=":
    case "in":
      return (issue) => values.some((value) => (value === null ? has(issue).length === 0 : has(issue).includes(value)));
    case "!=":
    case "not in":
      return (issue) => has(issue).length > 0 && !values.some((value) => value !== null && has(issue).includes(value));
    case "~":
      return (issue) => has(issue).some((one) => contains(String(one), String(values[0])));
    case "!~":
      return (issue) => has(issue).length > 0 && !has(issue).some((one) => contains(String(one), String(values[0])));
    default: {
      const bound = Number(values[0]);
      const holds = {
        "<": (v: number) => v < bound,
        ">": (v: number) => v > bound,
        "<=": (v: number) => v <= bound,
        ">=": (v: number) => v >= bound,
      }[operator];
      return (issue) => has(issue).some((one) => holds(Number(one)));
    }
  }
}

/** All words of the query stand in the text: a plain stand-in for Lucene. */
function contains(text: string, query: string): boolean {
  const words = text.split(/[^\p{L}\p{N}]+/u);
  return query.split(/[^\p{L}\p{N}]+/u).every((word) => word === "" || words.includes(word));
}

/** What an operand stands for; null is EMPTY. */
function readOperand(options: {
  site: Site;
  field: JqlField;
  operand: Operand;
  user: string | undefined;
  strict: boolean;
}): string | number | null {
  const { site, field, operand, user, strict } = options;
  if (operand.kind === "empty") return null;
  if (field.kind === "date") return readDate(site, field, operand);
  if (operand.kind === "function") {
    if (operand.value.toLowerCase() === "currentuser" && field.kind === "user") return user ?? null;
    return refuse(site.deployment, "jqlFunction", operand.value);
  }
  const written = operand.value.toLowerCase();
  const missing = (): string => {
    if (strict) refuse(site.deployment, "jqlValue", operand.value, field.name);
    return "\u0000no such value";
  };
  switch (field.kind) {
    case "id":
      return site.issues.has(operand.value) ? operand.value : missing();
    case "key":
      return site.find(operand.value)?.id ?? missing();
    case "choice":
      return written === "unresolved" && field.name === "resolution"
        ? null
        : (field.choices?.().get(written) ?? missing());
    case "user": {
      const users = [...site.catalog.users.values()];
      return (
        users
          .find((one) => one.accountId === operand.value || one.name.toLowerCase() === written)
          ?.name.toLowerCase() ?? missing()
      );
    }
    default:
      return written;
  }
}

const DAY = 86_400_000;
const UNITS: Record<string, number> = { w: 7 * DAY, d: DAY, h: 3_600_000, m: 60_000 };

function readDate(site: Site, field: JqlField, operand: Operand): number {
  const now = site.clock();
  const day = now - (now % DAY);
  if (operand.kind === "function") {
    const name = operand.value.toLowerCase();
    if (name === "now") return now;
    if (name === "startofday") return day;
    if (name === "endofday") return day + 86_399_999;
    return refuse(site.deployment, "jqlFunction", operand.value);
  }
  const text = operand.value.trim();
  if (/^[+-]?(\d+[wdhm]\s*)+$/.test(text)) {
    const length = [...text.matchAll(/(\d+)([wdhm])/g)].reduce(
      (sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ""] ?? 0),
      0,
    );
    return text.startsWith("-") ? now - length : now + length;
  }
  const match = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?: (\d{1,2}):(\d{2}))?$/.exec(text);
  if (match === null) return refuse(site.deployment, "jqlDate", operand.value, field.name);
  const [, year, month, date, hour = "0", minute = "0"] = match;
  return Date.UTC(Number(year), Number(month) - 1, Number(date), Number(hour), Number(minute));
}
