import { Link, useSearchParams } from "wouter";
import { useTickets } from "../api/queries.ts";
import { shorten } from "../format.ts";
import { usePageTitle } from "../page-title.ts";
import { BandBadge } from "../parts/band.tsx";
import { Moment } from "../parts/moment.tsx";
import { Pager } from "../parts/pager.tsx";
import { Awaiting } from "../parts/problem.tsx";
import { SafeLink } from "../parts/safe-link.tsx";

/** Every ticket that was filed, in whichever tracker. */
export function TicketListPage() {
  usePageTitle("Tickets");
  const [search, setSearch] = useSearchParams();
  const cursor = search.get("cursor") ?? undefined;
  const query = useTickets(cursor);
  return (
    <>
      <div className="page-head">
        <h1>Tickets</h1>
      </div>
      <Awaiting query={query} />
      {query.data !== undefined && query.data.items.length === 0 && (
        <p className="empty">No ticket has been filed yet.</p>
      )}
      {query.data !== undefined && query.data.items.length > 0 && (
        <table className="grid rows">
          <caption className="visually-hidden">Tickets, newest first</caption>
          <thead>
            <tr>
              <th scope="col" className="col">
                Filed as
              </th>
              <th scope="col" className="col">
                Ticket
              </th>
              <th scope="col" className="col">
                Tracker
              </th>
              <th scope="col" className="col-wide">
                Last status
              </th>
              <th scope="col" className="col">
                Filed
              </th>
              <th scope="col">Finding</th>
            </tr>
          </thead>
          <tbody>
            {query.data.items.map((ticket) => (
              <tr key={`${ticket.tracker} ${ticket.key}`}>
                <td data-label="Filed as">
                  <BandBadge band={ticket.written.band} />
                </td>
                <td data-label="Ticket">
                  <SafeLink url={ticket.url}>
                    <bdi>{ticket.key}</bdi>
                  </SafeLink>
                </td>
                <td data-label="Tracker">
                  <bdi>{ticket.tracker}</bdi>
                </td>
                <td data-label="Status">
                  <bdi>{ticket.seen?.status ?? "not looked at yet"}</bdi>
                </td>
                <td data-label="Filed">
                  <Moment at={ticket.createdAt} />
                </td>
                <td data-label="Finding">
                  <Link href={`/findings/${ticket.findingId}`}>
                    <bdi>{shorten(ticket.title ?? ticket.findingId, 200)}</bdi>
                  </Link>
                </td>
              </tr>
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
