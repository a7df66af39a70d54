import { Spoiler } from "@mantine/core";
import { Link } from "wouter";
import type { ValueUnit } from "../../model/evidence.ts";
import type { Alert, FindingAnswer, FindingDetail } from "../api/answers.ts";
import { useFinding } from "../api/queries.ts";
import { badShare, formatCount, formatLabels, formatShare, formatSpan, formatValue, unitOf } from "../format.ts";
import { usePageTitle } from "../page-title.ts";
import { BandBadge } from "../parts/band.tsx";
import { DocumentBlocks } from "../parts/document-blocks.tsx";
import { EvidencePanel } from "../parts/evidence-panel.tsx";
import { ExplainedPanel } from "../parts/explained-panel.tsx";
import { EventsBehind, Measured } from "../parts/measured.tsx";
import { ExactMoment, Moment } from "../parts/moment.tsx";
import { OperatorPanel } from "../parts/operator-panel.tsx";
import { Fact, Facts, Panel } from "../parts/panel.tsx";
import { PriorityParts } from "../parts/priority-parts.tsx";
import { Awaiting } from "../parts/problem.tsx";
import { RaisedPanel } from "../parts/raised-panel.tsx";
import { SafeLink } from "../parts/safe-link.tsx";
import { TicketPanel } from "../parts/ticket-panel.tsx";
import { Timeline } from "../parts/timeline.tsx";
import { stateWords } from "../words.ts";

/** One finding whole: first why it matters, then the proof, then its life. */
export function FindingPage({ id }: { id: string }) {
  const query = useFinding(id);
  usePageTitle(query.data?.finding.title ?? "Finding");
  if (query.data === undefined) return <Awaiting query={query} />;
  const { finding, events, evidence, deploys } = query.data;
  const unitFor = (alert: Alert) =>
    evidence?.sections.find(({ ruleId }) => ruleId === alert.ruleId)?.valueUnit ?? unitOf(alert);
  const unit = unitFor(finding.worst);
  return (
    <article>
      <Awaiting query={query} />
      <FindingHead detail={query.data} unit={unit} />
      <div className="columns">
        <div className="column-wide">
          {finding.priority !== undefined && (
            <Panel title={`Why ${finding.priority.band === "None" ? "no ticket" : finding.priority.band}`}>
              <PriorityParts priority={finding.priority} />
            </Panel>
          )}
          {finding.worst.verdict.raised !== undefined && <RaisedPanel raised={finding.worst.verdict.raised} />}
          {deploys !== undefined && (
            <Panel title="Deploys before it began">
              <DocumentBlocks document={deploys.text} />
            </Panel>
          )}
          <EvidencePanel findingId={finding.id} evidence={evidence} episodeStartedAt={finding.episode.startedAt} />
          {finding.explains !== undefined && <ExplainedPanel explains={finding.explains} />}
          {finding.others.length > 0 && <OtherAlerts finding={finding} unitFor={unitFor} />}
        </div>
        <div className="column-narrow">
          <TicketPanel detail={query.data} />
          <OperatorPanel detail={query.data} />
          <ImpactPanel finding={finding} unit={unit} />
          <Panel title="Timeline">
            <Timeline events={events} />
          </Panel>
        </div>
      </div>
    </article>
  );
}

function FindingHead({ detail: { finding, rules }, unit }: { detail: FindingDetail; unit: ValueUnit }) {
  const { priority, state, owner, severity, mode, ruleIds, groupLabels } = finding;
  return (
    <header className="finding-head">
      <div className="finding-line">
        <BandBadge band={priority?.band} score={priority?.score} />
        <span className="state" data-state={state}>
          {stateWords[state]}
        </span>
        {finding.explainedBy !== undefined && (
          <span className="state">
            explained by{" "}
            <Link href={`/findings/${finding.explainedBy.findingId}`}>
              <bdi>{finding.explainedBy.title}</bdi>
            </Link>
          </span>
        )}
        {finding.storm !== undefined && (
          <span className="state">
            part of <Link href={`/findings/${finding.storm.parentId}`}>a storm</Link>
          </span>
        )}
        {finding.problem === "backfeed-storm" && (
          <span className="state">
            <Link href={`/?storm=${encodeURIComponent(groupLabels["storm"] ?? "")}`}>all findings of this storm</Link>
          </span>
        )}
        {finding.flapping && <span className="state">comes and goes</span>}
        {mode !== "file" && <span className="state">{mode === "report" ? "report only" : "dry run"}</span>}
      </div>
      <Spoiler maxHeight={96} showLabel="Whole title" hideLabel="Less">
        <h1>
          <bdi>{finding.title}</bdi>
        </h1>
      </Spoiler>
      {rules.map(({ id, why }) => (
        <p key={id} className="lead">
          <bdi>{why}</bdi>
        </p>
      ))}
      <p>
        <Measured alert={finding.worst} unit={unit} /> · <bdi>{formatLabels(groupLabels)}</bdi>
      </p>
      {finding.worst.subject !== undefined && (
        <p>
          Messages like <code>{finding.worst.subject}</code>
        </p>
      )}
      <p className="dimmed">
        {severity} · owner <bdi>{owner}</bdi> · rule{" "}
        {ruleIds.map((rule, position) => (
          <span key={rule}>
            {position > 0 && ", "}
            <Link href={`/?rule=${encodeURIComponent(rule)}`}>
              <bdi>{rule}</bdi>
            </Link>
          </span>
        ))}
        {rules.map(
          ({ id, runbook }) =>
            runbook !== undefined && (
              <span key={id}>
                {" · "}
                <SafeLink url={runbook}>runbook</SafeLink>
              </span>
            ),
        )}
      </p>
    </header>
  );
}

function ImpactPanel({ finding, unit }: { finding: FindingAnswer; unit: ValueUnit }) {
  const { episode, episodeCount, impact, pastEpisodes } = finding;
  const share = badShare(episode);
  const end = episode.endedAt ?? episode.lastBreachAt;
  return (
    <Panel title="Impact">
      <Facts>
        <Fact name="Since">
          {finding.worst.fingerprint === "" ? (
            "not known: recovered from its ticket"
          ) : (
            <ExactMoment at={episode.startedAt} />
          )}
        </Fact>
        <Fact name={episode.endedAt === undefined ? "Lasts" : "Lasted"}>
          {formatSpan(end - episode.startedAt)}
          {episode.ending !== undefined && episode.ending !== "recovered" && (
            <span className="dimmed">
              {" "}
              ended as {episode.ending === "vanished" ? "its data ceased" : "its rule changed"}
            </span>
          )}
        </Fact>
        {impact?.usersBad !== undefined && (
          <Fact name="Users">
            {formatCount(impact.usersBad)}
            {impact.usersTotal !== undefined && ` of ${formatCount(impact.usersTotal)}`}
          </Fact>
        )}
        {share !== undefined && (
          <Fact name="Bad share">
            {formatShare(share)}{" "}
            <span className="dimmed">
              {formatCount(episode.sums.bad)} of {formatCount(episode.sums.total)} events
            </span>
          </Fact>
        )}
        {episode.peak !== undefined && (
          <Fact name="Peak">
            {formatValue(episode.peak.value, unit)}{" "}
            <span className="dimmed">
              <ExactMoment at={episode.peak.at} />
            </span>
          </Fact>
        )}
        {episode.budgetShare !== undefined && <Fact name="Budget spent">{formatShare(episode.budgetShare)}</Fact>}
        <Fact name="Episodes">
          {episodeCount}
          {episodeCount > 1 && pastEpisodes[0] !== undefined && (
            <span className="dimmed">
              {" "}
              in 30 days, the one before began <Moment at={pastEpisodes[0].startedAt} />
            </span>
          )}
        </Fact>
      </Facts>
    </Panel>
  );
}

function OtherAlerts({ finding, unitFor }: { finding: FindingAnswer; unitFor: (alert: Alert) => ValueUnit }) {
  const { others, worst, alertCount } = finding;
  const shown: readonly Alert[] = [worst, ...others];
  const left = alertCount - shown.length;
  const several = shown.some(({ ruleId }) => ruleId !== worst.ruleId);
  return (
    <Panel title={`Alerts in this finding (${alertCount})`}>
      <div className="scroll-x">
        <table className="grid">
          <thead>
            <tr>
              <th scope="col">Labels</th>
              <th scope="col">Measured</th>
              <th scope="col">Behind it</th>
              <th scope="col">State</th>
              <th scope="col">Since</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((alert) => (
              <tr key={alert.fingerprint}>
                <td>
                  <bdi>{formatLabels(alert.labels)}</bdi>
                  {alert.subject !== undefined && (
                    <>
                      {" "}
                      <code>{alert.subject}</code>
                    </>
                  )}
                  {several && (
                    <span className="dimmed">
                      {" "}
                      by <bdi>{alert.ruleId}</bdi>
                    </span>
                  )}
                </td>
                <td>
                  <Measured alert={alert} unit={unitFor(alert)} />
                </td>
                <td>
                  <EventsBehind alert={alert} />
                </td>
                <td>{alert.state}</td>
                <td>
                  <Moment at={alert.since} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {left > 0 && <p className="dimmed">and {formatCount(left)} more</p>}
    </Panel>
  );
}
