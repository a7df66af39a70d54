import type { ValueUnit } from "../../model/evidence.ts";
import type { Alert } from "../api/answers.ts";
import { formatCount, formatSpan, formatValue } from "../format.ts";

/** The number against its limit: `6.0% measured, limit 5.0%`. */
export function Measured({ alert, unit }: { alert: Alert; unit: ValueUnit }) {
  const { value, threshold, direction, kind, detail, burn } = alert.verdict;
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
    </span>
  );
}

/** What stands behind the number: `720 of 12,000 events`. */
export function EventsBehind({ alert }: { alert: Alert }) {
  const { events, badEvents } = alert.verdict;
  if (badEvents === undefined) return <span>{events === 1 ? "1 event" : `${formatCount(events)} events`}</span>;
  return (
    <span>
      {formatCount(badEvents)} of {formatCount(events)} events
    </span>
  );
}
