import { Spoiler } from "@mantine/core";
import { Link } from "wouter";
import type { LocalTicketAnswer, TicketDetail, TicketRecordAnswer } from "../api/answers.ts";
import { useTicket } from "../api/queries.ts";
import { formatCount } from "../format.ts";
import { usePageTitle } from "../page-title.ts";
import { BandBadge } from "../parts/band.tsx";
import { DocumentBlocks } from "../parts/document-blocks.tsx";
import { ExactMoment, Moment } from "../parts/moment.tsx";
import { Fact, Facts, Panel } from "../parts/panel.tsx";
import { Awaiting } from "../parts/problem.tsx";
import { RemoteImage } from "../parts/remote-image.tsx";
import { SafeLink } from "../parts/safe-link.tsx";
import { CommentForm, TicketActs } from "../parts/ticket-acts.tsx";

/** A ticket of the embedded backlog in full, or our record of one in another tracker. */
export function TicketPage({ ticketKey }: { ticketKey: string }) {
  const query = useTicket(ticketKey);
  usePageTitle(query.data?.local?.summary ?? ticketKey);
  if (query.data === undefined) return <Awaiting query={query} />;
  const { local, record } = query.data;
  return (
    <article>
      <Awaiting query={query} />
      {local !== undefined ? (
        <LocalTicketParts local={local} detail={query.data} />
      ) : (
        record && <RecordParts record={record} />
      )}
    </article>
  );
}

function LocalTicketParts({ local, detail }: { local: LocalTicketAnswer; detail: TicketDetail }) {
  return (
    <>
      <header className="finding-head">
        <div className="finding-line">
          <span className="mono">{local.key}</span>
          <BandBadge band={local.priority} />
          <span className="state" data-category={local.statusCategory}>
            <bdi>{local.status}</bdi>
          </span>
        </div>
        <Spoiler maxHeight={96} showLabel="Whole summary" hideLabel="Less">
          <h1>
            <bdi>{local.summary}</bdi>
          </h1>
        </Spoiler>
        <TicketActs local={local} targets={detail.transitions} />
      </header>
      <div className="columns">
        <div className="column-wide">
          <Panel title="Description">
            <DocumentBlocks document={local.document} />
          </Panel>
          {local.attachments.length > 0 && <Attachments local={local} />}
          <Panel title={`Comments (${local.comments.length})`}>
            <Comments comments={local.comments} />
            <CommentForm ticketKey={local.key} />
          </Panel>
        </div>
        <div className="column-narrow">
          <LocalTicketFacts local={local} />
          <Panel title="History">
            <ol className="timeline">
              {local.history.map(({ at, author, text }) => (
                <li key={`${at} ${author} ${text}`}>
                  <span className="timeline-head">
                    <ExactMoment at={at} />{" "}
                    <span className="dimmed">
                      <bdi>{author}</bdi>
                    </span>
                  </span>
                  <bdi>{text}</bdi>
                </li>
              ))}
            </ol>
          </Panel>
        </div>
      </div>
    </>
  );
}

function LocalTicketFacts({ local }: { local: LocalTicketAnswer }) {
  return (
    <Panel title="Facts">
      <Facts>
        <Fact name="Finding">
          <Link href={`/findings/${local.findingId}`} className="mono">
            {local.findingId}
          </Link>
        </Fact>
        <Fact name="Filed">
          <ExactMoment at={local.createdAt} />
        </Fact>
        <Fact name="Changed">
          <Moment at={local.updatedAt} />
        </Fact>
        {local.resolution !== undefined && (
          <Fact name="Resolution">
            <bdi>{local.resolution}</bdi>
          </Fact>
        )}
        <Fact name="Assignee">
          <bdi>{local.assignee ?? "nobody"}</bdi>
        </Fact>
        {local.labels.length > 0 && (
          <Fact name="Labels">
            <bdi>{local.labels.join(", ")}</bdi>
          </Fact>
        )}
        {local.related.map(({ type, key }) => (
          <Fact key={`${type} ${key}`} name={type === "duplicate" ? "Duplicate of" : "Relates to"}>
            <Link href={`/tickets/${encodeURIComponent(key)}`} className="mono">
              {key}
            </Link>
          </Fact>
        ))}
        {local.links.map(({ url, title }) => (
          <Fact key={url} name="Link">
            <SafeLink url={url}>
              <bdi>{title}</bdi>
            </SafeLink>
          </Fact>
        ))}
      </Facts>
    </Panel>
  );
}

function Attachments({ local }: { local: LocalTicketAnswer }) {
  const pathOf = (name: string) => `/tickets/${encodeURIComponent(local.key)}/attachments/${encodeURIComponent(name)}`;
  return (
    <Panel title="Attachments">
      {local.attachments.map(({ name, contentType, bytes }) => (
        <figure key={name}>
          {contentType === "image/png" && <RemoteImage path={pathOf(name)} alt={`Attachment ${name}`} />}
          <figcaption className="dimmed">
            <bdi>{name}</bdi>, {formatCount(Math.ceil(bytes / 1_000))} kB
          </figcaption>
        </figure>
      ))}
    </Panel>
  );
}

function Comments({ comments }: { comments: LocalTicketAnswer["comments"] }) {
  if (comments.length === 0) return <p className="dimmed">No comments.</p>;
  return comments.map(({ at, author, document }) => (
    <section key={`${at} ${author}`} className="comment">
      <div className="timeline-head">
        <strong>
          <bdi>{author}</bdi>
        </strong>{" "}
        <span className="dimmed">
          <ExactMoment at={at} />
        </span>
      </div>
      <DocumentBlocks document={document} />
    </section>
  ));
}

function RecordParts({ record }: { record: TicketRecordAnswer }) {
  return (
    <>
      <header className="finding-head">
        <h1>
          <bdi>{record.key}</bdi>
        </h1>
        <p>
          <SafeLink url={record.url}>
            Open in <bdi>{record.tracker}</bdi>
          </SafeLink>
        </p>
      </header>
      <Panel title="Our record">
        <Facts>
          <Fact name="Finding">
            <Link href={`/findings/${record.findingId}`} className="mono">
              {record.findingId}
            </Link>
          </Fact>
          <Fact name="Filed">
            <ExactMoment at={record.createdAt} /> as {record.written.band}
          </Fact>
          {record.seen !== undefined && (
            <Fact name="Status">
              <bdi>{record.seen.status}</bdi>{" "}
              <span className="dimmed">
                seen <Moment at={record.seen.at} />
              </span>
            </Fact>
          )}
          {record.dropped.length > 0 && (
            <Fact name="Filed without">
              <bdi>{record.dropped.join("; ")}</bdi>
            </Fact>
          )}
        </Facts>
      </Panel>
    </>
  );
}
