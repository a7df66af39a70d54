import type { Query } from "../../model/query.ts";
import { metricNames } from "../../support/promql.ts";
import { asError, fail } from "../query-failure.ts";
import type { QueryFault } from "../source.ts";
import { readInstant, readNames } from "./answer.ts";
import type { Connection } from "./connection.ts";
import { instantParameters, seconds } from "./evidence.ts";
import { expressionsOf } from "./expressions.ts";
import { hasLabel, observe } from "./observe.ts";
import { scraped } from "./plan.ts";

const dayMs = 86_400_000;
const mostNames = 200;
/** What `$window` stands for when an expression is tried. */
const checkedWindowMs = 300_000;

/**
 * What only the source can say of queries: each is asked once, now; metrics that had no series for a day and labels that no
 * series has are warnings. Throws BackfeedError when the source cannot be reached or cannot answer now.
 */
export async function checkQueries(
  connection: Connection,
  queries: readonly Query[],
  { now, staleAfterMs }: { readonly now: number; readonly staleAfterMs: number | undefined },
  signal: AbortSignal,
): Promise<readonly QueryFault[]> {
  const faults = (await Promise.all(queries.map((query) => checkOne(connection, query, now, signal)))).flat();
  const [first] = queries;
  if (first === undefined) return faults;
  faults.push(...(await unknownMetrics(connection, queries, now, signal)));
  if (staleAfterMs !== undefined) {
    const fresh = await askOnce(connection, scraped({ from: now - staleAfterMs, to: now }), now, signal);
    if (Array.isArray(fresh) && fresh.length === 0) {
      const message = "the source has had no `up` of late, so it counts as stale and its rules are not judged";
      const fix = "look whether anything is scraped; where metrics are pushed, write `stale_after: 0` for the source";
      faults.push({ query: first, severity: "warning", message, fix });
    }
  }
  return faults;
}

async function askOnce(connection: Connection, expression: string, now: number, signal: AbortSignal) {
  const answer = await connection.ask("query", instantParameters(expression, now), signal);
  return answer.kind === "failed" ? answer : readInstant(answer.data);
}

async function checkOne(connection: Connection, query: Query, now: number, signal: AbortSignal): Promise<QueryFault[]> {
  const expressions = expressionsOf(query, checkedWindowMs);
  if (expressions.length === 0) {
    return [{ query, severity: "error", message: "a metrics source is asked in PromQL", fix: "write `promql:`" }];
  }
  const checked = expressions.map(({ text }) => checkExpression(connection, query, { expression: text, now }, signal));
  return (await Promise.all(checked)).flat();
}

async function checkExpression(
  connection: Connection,
  query: Query,
  { expression, now }: { readonly expression: string; readonly now: number },
  signal: AbortSignal,
): Promise<QueryFault[]> {
  const answer = await connection.ask("query", instantParameters(expression, now), signal);
  const faulty = (message: string, fix: string): QueryFault[] => [
    { query, severity: "error", message, fix, inFilter: true },
  ];
  if (answer.kind === "failed") {
    const { code, message, retryable } = answer.failure;
    if (retryable || code === "unauthorized") throw asError(answer.failure);
    return faulty(message, "correct the expression; the place in it is line:column");
  }
  const series = readInstant(answer.data);
  if ("unexpected" in series) throw asError(fail("unreachable", true, series.unexpected));
  if ("wrong" in series) return faulty(series.wrong, "give one number for each series");
  const faults: QueryFault[] = answer.remarks.map((message) => ({
    query,
    severity: "warning",
    message,
    inFilter: true,
  }));
  const judged = observe(query, series, []);
  if (judged.kind === "failed") {
    return [...faults, ...faulty(judged.failure.message, "give one series for each combination of the `by` labels")];
  }
  for (const name of query.by) {
    if (series.length === 0 || series.some(({ labels }) => hasLabel(labels, name))) continue;
    const message = `none of the ${series.length} series that the expression gives now has the label \`${name}\``;
    const fix = "keep the label in the expression, such as `sum by (…)`, or correct `by`";
    faults.push({ query, severity: "warning", message, fix });
  }
  return faults;
}

async function unknownMetrics(
  connection: Connection,
  queries: readonly Query[],
  now: number,
  signal: AbortSignal,
): Promise<readonly QueryFault[]> {
  const namesOf = (query: Query) => expressionsOf(query, checkedWindowMs).flatMap(({ text }) => metricNames(text));
  const names = [...new Set(queries.flatMap(namesOf))].slice(0, mostNames);
  if (names.length === 0) return [];
  const matchers = names.map((name) => ["match[]", `{__name__=${JSON.stringify(name)}}`] as const);
  const window = [
    ["start", seconds(now - dayMs)],
    ["end", seconds(now)],
  ] as const;
  const answer = await connection.ask("label/__name__/values", [...matchers, ...window], signal);
  const known = answer.kind === "answered" ? readNames(answer.data) : undefined;
  // Rights to ask for values do not always hold for names: what was asked above is what counts.
  if (known === undefined) return [];
  return queries.flatMap((query) =>
    namesOf(query)
      .filter((name) => names.includes(name) && !known.includes(name))
      .map((name): QueryFault => {
        const message = `the source has had no metric \`${name}\` for a day`;
        return {
          query,
          severity: "warning",
          message,
          fix: "correct the name, or wait until it is there",
          inFilter: true,
        };
      }),
  );
}
