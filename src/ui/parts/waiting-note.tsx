import { Link } from "wouter";
import { useWaiting } from "../api/queries.ts";
import { formatCount } from "../format.ts";

/** What is worth a ticket and has none of its own, and why: nobody should think that all there is has been filed. */
export function WaitingNote() {
  const { data } = useWaiting();
  if (data === undefined || data.overCap + data.storm === 0) return null;
  const { overCap, storm } = data;
  return (
    <p className="note" role="status">
      {overCap > 0 && (
        <>
          {overCap === 1 ? "1 finding waits" : `${formatCount(overCap)} findings wait`} for a ticket: the limit on new
          tickets is used up, and the highest score is filed first.{" "}
          <Link href="/?reason=over_cap">Show what waits</Link>{" "}
        </>
      )}
      {storm > 0 && (
        <>
          {storm === 1 ? "1 finding is" : `${formatCount(storm)} findings are`} told on the ticket of a storm.{" "}
          <Link href="/?reason=storm">Show them</Link>
        </>
      )}
    </p>
  );
}
