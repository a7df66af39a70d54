import type { PriorityAnswer } from "../api/answers.ts";
import { partWords } from "../words.ts";
import { BandBadge } from "./band.tsx";

/** The largest part there is by default, so that bars of different parts can be compared with one another. */
const longestBar = 25;

/** Why the priority is what it is: every part with what was measured, the sum, and what lifted or capped it. */
export function PriorityParts({ priority }: { priority: PriorityAnswer }) {
  const { parts, score, band, adjustment } = priority;
  return (
    <>
      <table className="parts">
        <caption className="visually-hidden">Parts of the priority</caption>
        <thead className="visually-hidden">
          <tr>
            <th scope="col">Part</th>
            <th scope="col">Measured</th>
            <th scope="col">Points</th>
          </tr>
        </thead>
        <tbody>
          {parts.map(({ name, text, points, measured }) => (
            <tr key={name} data-measured={measured}>
              <th scope="row">{partWords[name]}</th>
              <td className="part-text">
                <bdi>{text}</bdi>
                <div className="bar" aria-hidden="true">
                  <div style={{ width: `${Math.min(100, (points / longestBar) * 100)}%` }} />
                </div>
              </td>
              <td className="number part-points">{points}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">Sum</th>
            <td>of 100</td>
            <td className="number part-points">{score}</td>
          </tr>
        </tfoot>
      </table>
      {adjustment !== undefined && (
        <p className="adjustment">
          {adjustment.kind === "floor" ? "Lifted to " : "Held down to "}
          <BandBadge band={band} /> whatever the sum: <bdi>{adjustment.text}</bdi>
        </p>
      )}
    </>
  );
}
