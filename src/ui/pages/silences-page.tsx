import { Button } from "@mantine/core";
import { Link, useSearchParams } from "wouter";
import type { SilenceAnswer } from "../api/answers.ts";
import { useEndSilence, useSilences } from "../api/queries.ts";
import { formatLabels } from "../format.ts";
import { usePageTitle } from "../page-title.ts";
import { MaintenancePanel } from "../parts/maintenance-panel.tsx";
import { ExactMoment, Moment } from "../parts/moment.tsx";
import { Pager } from "../parts/pager.tsx";
import { Awaiting, Problem } from "../parts/problem.tsx";

/** What is not told, who wanted that and why. */
export function SilencesPage() {
  usePageTitle("Silences");
  const [search, setSearch] = useSearchParams();
  const cursor = search.get("cursor") ?? undefined;
  const query = useSilences(cursor);
  const end = useEndSilence();
  return (
    <>
      <div className="page-head">
        <h1>Silences</h1>
      </div>
      <Awaiting query={query} />
      <Problem error={end.error} />
      {query.data !== undefined && query.data.items.length === 0 && (
        <p className="empty">Nothing has been silenced. A finding's page has a button for it.</p>
      )}
      {query.data !== undefined && query.data.items.length > 0 && (
        <table className="grid rows">
          <caption className="visually-hidden">Silences, newest first</caption>
          <thead>
            <tr>
              <th scope="col">Silenced</th>
              <th scope="col">Made by</th>
              <th scope="col">Until</th>
              <th scope="col" className="col-small">
                <span className="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {query.data.items.map((silence) => (
              <SilenceRow
                key={silence.id}
                silence={silence}
                pending={end.isPending && end.variables === silence.id}
                end={end.mutate}
              />
            ))}
          </tbody>
        </table>
      )}
      {query.data !== undefined && (
        <Pager next={query.data.next} cursor={cursor} go={(to) => setSearch(to === undefined ? {} : { cursor: to })} />
      )}
      <MaintenancePanel />
    </>
  );
}

function SilenceRow(props: { silence: SilenceAnswer; pending: boolean; end(id: string): void }) {
  const { silence, pending, end } = props;
  const { id, matchers, ruleId, reason, author, createdAt, endsAt, endedAt, untilWorse, active } = silence;
  const labelled = Object.keys(matchers).length > 0;
  return (
    <tr>
      <td className="row-main">
        {ruleId !== undefined && (
          <div>
            rule{" "}
            <Link href={`/?rule=${encodeURIComponent(ruleId)}`}>
              <bdi>{ruleId}</bdi>
            </Link>
          </div>
        )}
        {labelled && <bdi>{formatLabels(matchers)}</bdi>}
        <div className="row-facts">
          <bdi>{reason}</bdi>
        </div>
      </td>
      <td data-label="Made by">
        <bdi>{author}</bdi>{" "}
        <span className="dimmed">
          <Moment at={createdAt} />
        </span>
      </td>
      <td data-label="Until">
        {untilWorse && endedAt === undefined && <>it is worse, at the latest </>}
        <ExactMoment at={endedAt ?? endsAt} />
        {!active && <span className="dimmed"> {endedAt === undefined ? "over" : "ended early"}</span>}
      </td>
      <td>
        {active && (
          <Button size="compact-xs" variant="default" loading={pending} onClick={() => end(id)}>
            End now
            <span className="visually-hidden"> silence {id}</span>
          </Button>
        )}
      </td>
    </tr>
  );
}
