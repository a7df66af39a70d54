import { Button, Group, NativeSelect } from "@mantine/core";
import { Link, useSearchParams } from "wouter";
import { findingStates } from "../../model/finding.ts";
import { bands } from "../../model/priority.ts";
import type { FindingSummary } from "../api/answers.ts";
import { useFindings } from "../api/queries.ts";
import {
  badShare,
  formatCount,
  formatLabels,
  formatMoment,
  formatShare,
  formatSpan,
  shorten,
  unitOf,
} from "../format.ts";
import { usePageTitle } from "../page-title.ts";
import { BandBadge } from "../parts/band.tsx";
import { Measured } from "../parts/measured.tsx";
import { Moment } from "../parts/moment.tsx";
import { Pager } from "../parts/pager.tsx";
import { Awaiting } from "../parts/problem.tsx";
import { SafeLink } from "../parts/safe-link.tsx";
import { WaitingNote } from "../parts/waiting-note.tsx";
import { decisionWords, stateWords } from "../words.ts";

/** Longest title in the list, in characters; two lines of it are shown. */
const titleLength = 300;

/** All findings, worst first. Filters and place in the list stand in the address, so that it can be shared. */
export function FindingListPage() {
  usePageTitle("Findings");
  const [search, setSearch] = useSearchParams();
  const filter = {
    state: search.get("state") ?? undefined,
    band: search.get("band") ?? undefined,
    rule: search.get("rule") ?? undefined,
    reason: search.get("reason") ?? undefined,
    storm: search.get("storm") ?? undefined,
    cursor: search.get("cursor") ?? undefined,
  };
  const query = useFindings(filter);
  const change = (name: keyof typeof filter, value: string | undefined) =>
    setSearch((before) => {
      const after = new URLSearchParams(before);
      after.delete("cursor");
      if (value === undefined || value === "") after.delete(name);
      else after.set(name, value);
      return after;
    });
  const { cursor: _, ...chosen } = filter;
  const filtered = Object.values(chosen).some((value) => value !== undefined);

  return (
    <>
      <div className="page-head">
        <h1>Findings</h1>
        <Group component="search" gap="sm" align="end">
          <NativeSelect
            label="State"
            size="xs"
            value={filter.state ?? ""}
            data={[{ value: "", label: "all" }, ...findingStates.map((value) => ({ value, label: stateWords[value] }))]}
            onChange={(event) => change("state", event.currentTarget.value)}
          />
          <NativeSelect
            label="Priority"
            size="xs"
            value={filter.band ?? ""}
            data={[{ value: "", label: "all" }, ...bandsWorstFirst]}
            onChange={(event) => change("band", event.currentTarget.value)}
          />
          {filter.rule !== undefined && (
            <Button size="xs" variant="default" onClick={() => change("rule", undefined)}>
              Rule {shorten(filter.rule, 40)}: show all rules
            </Button>
          )}
          {filter.reason !== undefined && (
            <Button size="xs" variant="default" onClick={() => change("reason", undefined)}>
              {filter.reason === "over_cap" ? "Waiting for a ticket" : "Told on a storm's ticket"}: show all
            </Button>
          )}
          {filter.storm !== undefined && (
            <Button size="xs" variant="default" onClick={() => change("storm", undefined)}>
              Storm of {shorten(filter.storm, 40)}: show all findings
            </Button>
          )}
        </Group>
        {query.dataUpdatedAt > 0 && (
          <span className="dimmed page-aside">as of {formatMoment(query.dataUpdatedAt)}, refreshed every 30 s</span>
        )}
      </div>
      <Awaiting query={query} />
      <WaitingNote />
      {query.data !== undefined && query.data.items.length === 0 && (
        <p className="empty">
          {filtered ? "No finding matches these filters." : "No findings: no rule has found anything worth telling."}
        </p>
      )}
      {query.data !== undefined && query.data.items.length > 0 && (
        <FindingTable findings={query.data.items} now={query.dataUpdatedAt} />
      )}
      {query.data !== undefined && (
        <Pager next={query.data.next} cursor={filter.cursor} go={(cursor) => change("cursor", cursor)} />
      )}
    </>
  );
}

const bandsWorstFirst = [...bands].reverse().map((value) => ({ value, label: value === "None" ? "no ticket" : value }));

function FindingTable({ findings, now }: { findings: readonly FindingSummary[]; now: number }) {
  return (
    <table className="grid rows">
      <caption className="visually-hidden">Findings, worst first</caption>
      <thead>
        <tr>
          <th scope="col" className="col-wide">
            Priority
          </th>
          <th scope="col">Finding</th>
          <th scope="col" className="col">
            State
          </th>
          <th scope="col" className="col-wide">
            Touched
          </th>
          <th scope="col" className="col">
            Since
          </th>
          <th scope="col" className="col-small">
            Episodes
          </th>
          <th scope="col" className="col">
            Owner
          </th>
          <th scope="col" className="col">
            Ticket
          </th>
        </tr>
      </thead>
      <tbody>
        {findings.map((finding) => (
          <FindingRow key={finding.id} finding={finding} now={now} />
        ))}
      </tbody>
    </table>
  );
}

function FindingRow({ finding, now }: { finding: FindingSummary; now: number }) {
  const { id, title, band, score, state, owner, episode, episodeCount, ticket, worst, groupLabels } = finding;
  return (
    <tr data-state={state}>
      <td>
        <BandBadge band={band} score={score} />
      </td>
      <td className="row-main">
        <Link href={`/findings/${id}`} className="row-title">
          <bdi>{shorten(title, titleLength)}</bdi>
        </Link>
        <div className="row-facts">
          <Measured alert={worst} unit={unitOf(worst)} /> · <bdi>{shorten(formatLabels(groupLabels), 120)}</bdi>
        </div>
        <div className="row-facts dimmed">{decisionWords(finding.decision)}</div>
      </td>
      <td data-label="State">
        <span className="state" data-state={state}>
          {stateWords[state]}
        </span>
        {finding.flapping && <div className="dimmed">comes and goes</div>}
      </td>
      <td data-label="Touched">
        <Touched finding={finding} />
      </td>
      <td data-label="Since">
        {/* Of a finding that was recovered from its ticket only that is known. */}
        {worst.fingerprint === "" ? (
          <span className="dimmed">not known</span>
        ) : (
          <>
            <Moment at={episode.startedAt} now={now} />
            {episode.endedAt !== undefined && (
              <div className="dimmed">lasted {formatSpan(episode.endedAt - episode.startedAt)}</div>
            )}
          </>
        )}
      </td>
      <td data-label="Episodes" className="number">
        {episodeCount}
      </td>
      <td data-label="Owner">
        <bdi>{owner}</bdi>
      </td>
      <td data-label="Ticket">
        {ticket === undefined ? (
          <span className="dimmed">none</span>
        ) : (
          <>
            <SafeLink url={ticket.url}>
              <bdi>{ticket.key}</bdi>
            </SafeLink>
            {ticket.status !== undefined && (
              <div className="dimmed">
                <bdi>{ticket.status}</bdi>
              </div>
            )}
          </>
        )}
      </td>
    </tr>
  );
}

/** Users and the share of events; else what the priority took as reach; else whether there was anything to measure. */
function Touched({
  finding: { impact, episode, reach },
}: {
  finding: Pick<FindingSummary, "impact" | "episode" | "reach">;
}) {
  const share = badShare(episode);
  if (impact?.usersBad === undefined && share === undefined) {
    if (reach !== undefined) return <bdi>{reach}</bdi>;
    return impact?.usersAsked === false ? (
      <span className="dimmed" title="Its rule counts neither users nor bad events: reach adds nothing to the score.">
        not applicable
      </span>
    ) : (
      <span className="dimmed">not measured</span>
    );
  }
  return (
    <>
      {impact?.usersBad !== undefined && (
        <div>{impact.usersBad === 1 ? "1 user" : `${formatCount(impact.usersBad)} users`}</div>
      )}
      {share !== undefined && <div>{formatShare(share)} of events</div>}
    </>
  );
}
