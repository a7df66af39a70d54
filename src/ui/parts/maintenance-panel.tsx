import type { MaintenanceAnswer } from "../api/answers.ts";
import { useMaintenance } from "../api/queries.ts";
import { formatSpan } from "../format.ts";
import { ExactMoment } from "./moment.tsx";
import { Panel } from "./panel.tsx";
import { Problem } from "./problem.tsx";

/** Planned work of the configuration; nothing where none is. */
export function MaintenancePanel() {
  const { data, error } = useMaintenance();
  if (error !== null) return <Problem error={error} />;
  if (data === undefined || data.items.length === 0) return null;
  return (
    <Panel title="Maintenance windows">
      <table className="grid rows">
        <caption className="visually-hidden">Maintenance windows, as they are configured</caption>
        <thead>
          <tr>
            <th scope="col">Window</th>
            <th scope="col">Now</th>
            <th scope="col">Next</th>
          </tr>
        </thead>
        <tbody>
          {data.items.map((window) => (
            <MaintenanceRow key={window.name} window={window} />
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function MaintenanceRow({ window }: { window: MaintenanceAnswer }) {
  const { name, reason, schedule, durationMs, rules, where, on, next } = window;
  const labels = Object.entries(where).map(([label, values]) => `${label}=${values.join("|")}`);
  return (
    <tr>
      <td className="row-main">
        <bdi>{name}</bdi>
        <div className="row-facts">
          <bdi>{reason}</bdi>
        </div>
        <div className="row-facts">
          <bdi>{[...(rules.length === 0 ? [] : [`rules ${rules.join(", ")}`]), ...labels].join(", ")}</bdi>
        </div>
      </td>
      <td data-label="Now">
        {on === undefined ? (
          <span className="dimmed">off</span>
        ) : (
          <>
            on until <ExactMoment at={on.until} />
          </>
        )}
      </td>
      <td data-label="Next">
        <ExactMoment at={next.from} />{" "}
        <span className="dimmed">
          for {formatSpan(durationMs)} (<bdi>{schedule}</bdi>)
        </span>
      </td>
    </tr>
  );
}
