import type { ValueUnit } from "../../model/evidence.ts";
import { senderNames } from "../../model/raised-alert.ts";
import { usualText } from "../../model/usual-text.ts";
import type { Alert } from "../api/answers.ts";
import { formatCount, formatSpan, formatValue } from "../format.ts";
import { Moment } from "./moment.tsx";

/** The number against its limit: `6.0% measured, limit 5.0%`. */
export function Measured({ alert, unit }: { alert: Alert; unit: ValueUnit }) {
  const { value, threshold, direction, kind, reason, detail, burn, raised, usual } = alert.verdict;
  if (value === undefined && raised !== undefined) {
    return (
      <span>
        raised by {senderNames[raised.sender]} since <Moment at={raised.since} />
        {kind === "no_data" && (
          <>
            , not heard of since <Moment at={raised.heardAt} />
          </>
        )}
      </span>
    );
  }
  if (value === undefined) return <span>{detail ?? (kind === "failed" ? "could not be asked" : "no data")}</span>;
  return (
    <span>
      <strong className="number">{formatValue(value, unit)}</strong>{" "}
      {burn === undefined
        ? "measured"
        : `as fast as the error budget allows, over ${formatSpan(burn.longMs)} and ${formatSpan(burn.shortMs)}`}
      {threshold !== undefined && (
        <>
          , bad {direction ?? "above"} <span className="number">{formatValue(threshold, unit)}</span>
        </>
      )}
      {reason === "first_seen" && ", not known before"}
      {reason === "known" && ", known by now"}
      {usual !== undefined && <>, {usualText(usual, value, unit)}</>}
    </span>
  );
}

/** What stands behind the number: `720 of 12,000 events`. */
export function EventsBehind({ alert }: { alert: Alert }) {
  const { events, badEvents, raised } = alert.verdict;
  if (raised !== undefined) return <bdi>{raised.summary ?? ""}</bdi>;
  if (badEvents === undefined) return <span>{events === 1 ? "1 event" : `${formatCount(events)} events`}</span>;
  return (
    <span>
      {formatCount(badEvents)} of {formatCount(events)} events
    </span>
  );
}
