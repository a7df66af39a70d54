import { Button } from "@mantine/core";
import { Link } from "wouter";
import type { FindingDetail, OutboxEntry } from "../api/answers.ts";
import { useRetry } from "../api/queries.ts";
import { decisionWords, outboxKinds, outboxWords } from "../words.ts";
import { Moment } from "./moment.tsx";
import { Fact, Facts, Panel } from "./panel.tsx";
import { Problem } from "./problem.tsx";
import { SafeLink } from "./safe-link.tsx";

/** The ticket, why it is or is not there, and what is still on its way to it. */
export function TicketPanel({ detail }: { detail: FindingDetail }) {
  const { finding, ticket, outbox } = detail;
  return (
    <Panel title="Ticket">
      <p>
        {decisionWords(finding.decision)}{" "}
        <span className="dimmed">
          (<Moment at={finding.decision.at} />)
        </span>
      </p>
      {ticket === undefined ? null : (
        <Facts>
          <Fact name="Key">
            <SafeLink url={ticket.url}>
              <bdi>{ticket.key}</bdi>
            </SafeLink>{" "}
            <span className="dimmed">
              in <bdi>{ticket.tracker}</bdi>
              {ticket.generation > 1 && `, ticket ${ticket.generation} of this finding`}
              {ticket.generation < finding.generation && ", given up for a new one"}
            </span>
          </Fact>
          <Fact name="Filed">
            <Moment at={ticket.createdAt} /> as {ticket.written.band}
          </Fact>
          {ticket.seen !== undefined && (
            <Fact name="Status">
              <bdi>{ticket.seen.status}</bdi>
              {ticket.seen.resolution !== undefined && <bdi>, {ticket.seen.resolution}</bdi>}{" "}
              <span className="dimmed">
                seen <Moment at={ticket.seen.at} />
              </span>
            </Fact>
          )}
          {ticket.seen?.priority !== undefined && ticket.seen.priority !== ticket.written.priority && (
            <Fact name="Priority">
              <bdi>{ticket.seen.priority}</bdi> <span className="dimmed">set by a person; it stays</span>
            </Fact>
          )}
          {ticket.dropped.length > 0 && (
            <Fact name="Filed without">
              {ticket.dropped.map((sentence) => (
                <div key={sentence}>
                  <bdi>{sentence}</bdi>
                </div>
              ))}
            </Fact>
          )}
          <Fact name="Our record">
            <Link href={`/tickets/${encodeURIComponent(ticket.key)}`}>open here</Link>
          </Fact>
        </Facts>
      )}
      {outbox.length > 0 && <Deliveries entries={outbox} />}
    </Panel>
  );
}

function Deliveries({ entries }: { entries: readonly OutboxEntry[] }) {
  const retry = useRetry();
  return (
    <>
      <h3>Deliveries</h3>
      <ul className="deliveries">
        {entries.map((entry) => (
          <li key={entry.id} data-state={entry.state}>
            <div>
              <strong>{outboxKinds[entry.kind]}</strong> {outboxWords[entry.state]}
              {entry.state !== "done" && entry.attempts > 0 && ` after ${entry.attempts} attempts`}{" "}
              <span className="dimmed">
                <Moment at={entry.createdAt} />
              </span>
            </div>
            {entry.note !== undefined && (
              <div className="note">
                <bdi>{entry.note}</bdi>
              </div>
            )}
            {entry.state === "parked" && (
              <Button
                size="compact-xs"
                variant="default"
                loading={retry.isPending && retry.variables === entry.id}
                onClick={() => retry.mutate(entry.id)}
              >
                Deliver again
              </Button>
            )}
          </li>
        ))}
      </ul>
      <Problem error={retry.error} />
    </>
  );
}
