import { Link } from "wouter";
import type { FindingAnswer } from "../api/answers.ts";
import { Panel } from "./panel.tsx";

/** Findings that get no ticket of their own while this one lasts. */
export function ExplainedPanel({ explains }: { explains: NonNullable<FindingAnswer["explains"]> }) {
  const { count, findings } = explains;
  return (
    <Panel title={`Explains ${count} other ${count === 1 ? "finding" : "findings"}`}>
      <ul>
        {findings.map(({ id, title }) => (
          <li key={id}>
            <Link href={`/findings/${id}`}>
              <bdi>{title}</bdi>
            </Link>
          </li>
        ))}
        {count > findings.length && <li>and {count - findings.length} more</li>}
      </ul>
    </Panel>
  );
}
