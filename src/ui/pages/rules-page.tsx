import { Button } from "@mantine/core";
import { Link, useSearchParams } from "wouter";
import type { RuleAnswer, RulePage } from "../api/answers.ts";
import { useRules, useRunRule } from "../api/queries.ts";
import { formatCount, shorten } from "../format.ts";
import { usePageTitle } from "../page-title.ts";
import { ExactMoment, Moment } from "../parts/moment.tsx";
import { Pager } from "../parts/pager.tsx";
import { Panel } from "../parts/panel.tsx";
import { Awaiting, Problem } from "../parts/problem.tsx";

const modeWords = { file: "files tickets", dry_run: "dry run", report: "report only" } as const;
const verdictWords: Readonly<Record<string, string>> = { no_data: "no data" };

/** What runs, how it went last, and what is wrong in the files. */
export function RulesPage() {
  usePageTitle("Rules");
  const [search, setSearch] = useSearchParams();
  const cursor = search.get("cursor") ?? undefined;
  const query = useRules(cursor);
  const run = useRunRule();
  return (
    <>
      <div className="page-head">
        <h1>Rules</h1>
      </div>
      <Awaiting query={query} />
      <Problem error={run.error} />
      {run.data !== undefined && (
        <output className="done">
          {run.data.ticks > 0 ? (
            <>
              {run.data.ruleId} was run: {verdicts(run.data.verdicts)}
            </>
          ) : (
            <>
              {run.data.ruleId} is up to date: {verdicts(run.data.verdicts)}
              {run.data.tick !== undefined && (
                <>
                  {" "}
                  at its last tick, <Moment at={run.data.tick} />
                </>
              )}
            </>
          )}
        </output>
      )}
      {query.data !== undefined && query.data.faultCount > 0 && <Faults page={query.data} />}
      {query.data !== undefined && query.data.items.length === 0 && <p className="empty">No rule is loaded.</p>}
      {query.data !== undefined && query.data.items.length > 0 && (
        <table className="grid rows">
          <caption className="visually-hidden">Loaded rules by id</caption>
          <thead>
            <tr>
              <th scope="col">Rule</th>
              <th scope="col" className="col-small">
                Severity
              </th>
              <th scope="col" className="col">
                Owner
              </th>
              <th scope="col" className="col">
                Mode
              </th>
              <th scope="col" className="col">
                Schedule
              </th>
              <th scope="col" className="col-wide">
                Last tick
              </th>
              <th scope="col" className="col-small">
                <span className="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {query.data.items.map((rule) => (
              <RuleRow
                key={rule.id}
                rule={rule}
                pending={run.isPending && run.variables === rule.id}
                run={run.mutate}
              />
            ))}
          </tbody>
        </table>
      )}
      {query.data !== undefined && (
        <Pager next={query.data.next} cursor={cursor} go={(to) => setSearch(to === undefined ? {} : { cursor: to })} />
      )}
    </>
  );
}

function RuleRow({ rule, pending, run }: { rule: RuleAnswer; pending: boolean; run(id: string): void }) {
  return (
    <tr>
      <td className="row-main">
        <Link href={`/?rule=${encodeURIComponent(rule.id)}`} className="row-title">
          <bdi>{rule.id}</bdi>
        </Link>
        <div className="row-facts">
          <bdi>{shorten(rule.why, 300)}</bdi>
        </div>
        <div className="row-facts dimmed mono">
          <bdi>
            {rule.location.file}:{rule.location.line}
          </bdi>
        </div>
        {rule.failingSince !== undefined && (
          <div className="fault">
            Has failed since <ExactMoment at={rule.failingSince} />: <bdi>{shorten(rule.lastFailure ?? "", 300)}</bdi>
          </div>
        )}
      </td>
      <td data-label="Severity">{rule.severity}</td>
      <td data-label="Owner">
        <bdi>{rule.owner}</bdi>
      </td>
      <td data-label="Mode">{modeWords[rule.mode]}</td>
      <td data-label="Schedule" className="mono">
        {rule.schedule}
      </td>
      <td data-label="Last tick">
        {rule.lastTick === undefined ? (
          <span className="dimmed">not yet</span>
        ) : (
          <>
            <Moment at={rule.lastTick.tick} />
            <div className="dimmed">{verdicts(rule.lastTick.verdicts)}</div>
          </>
        )}
      </td>
      <td>
        <Button size="compact-xs" variant="default" loading={pending} onClick={() => run(rule.id)}>
          Run now<span className="visually-hidden"> {rule.id}</span>
        </Button>
      </td>
    </tr>
  );
}

function Faults({ page: { faults, faultCount } }: { page: RulePage }) {
  return (
    <Panel title={`Faults in rule files (${formatCount(faultCount)})`}>
      <ul className="faults">
        {faults.map(({ file, line, column, ruleId, severity, message, fix }) => (
          <li key={`${file} ${line} ${column} ${message}`} data-severity={severity}>
            <div className="mono">
              <bdi>{[file, line, column].filter((part) => part !== undefined).join(":")}</bdi>
              {ruleId !== undefined && <bdi className="dimmed"> {ruleId}</bdi>}
            </div>
            <div>
              <strong>{severity}</strong> <bdi>{message}</bdi>
              {fix !== undefined && <bdi className="dimmed"> — {fix}</bdi>}
            </div>
          </li>
        ))}
      </ul>
      <p className="dimmed">A faulty rule goes on as it last was, if it ever was right; the others are not touched.</p>
    </Panel>
  );
}

function verdicts(counts: Readonly<Record<string, number>>): string {
  const told = Object.entries(counts).filter(([, count]) => count > 0);
  return told.length === 0
    ? "nothing evaluated"
    : told.map(([kind, count]) => `${formatCount(count)} ${verdictWords[kind] ?? kind}`).join(", ");
}
