import type { Band } from "../../model/priority.ts";

/** The band in words and colour; with the score where one is known. */
export function BandBadge({ band, score }: { band: Band | undefined; score?: number | undefined }) {
  const text = band === undefined ? "Not scored" : band === "None" ? "No ticket" : band;
  return (
    <span className="band" data-band={band ?? "None"}>
      {text}
      {score !== undefined && (
        <span className="band-score">
          <span className="visually-hidden">, score </span>
          {Math.round(score)}
        </span>
      )}
    </span>
  );
}
