import { senderNames } from "../../model/raised-alert.ts";
import type { Alert } from "../api/answers.ts";
import { formatCount } from "../format.ts";
import { ExactMoment } from "./moment.tsx";
import { Fact, Facts, Panel } from "./panel.tsx";
import { SafeLink } from "./safe-link.tsx";

type Raised = NonNullable<Alert["verdict"]["raised"]>;

/** What the system that raised the worst alert says of it; all of it is anybody's text. */
export function RaisedPanel({ raised }: { raised: Raised }) {
  const { sender, since, until, heardAt, summary, description, values, runbook, links, leftOut } = raised;
  return (
    <Panel title={`Raised by ${senderNames[sender]}`}>
      <Facts>
        <Fact name="Since">
          <ExactMoment at={since} />
        </Fact>
        {until !== undefined && (
          <Fact name="Resolved">
            <ExactMoment at={until} />
          </Fact>
        )}
        <Fact name="Heard of last">
          <ExactMoment at={heardAt} />
        </Fact>
        {summary !== undefined && (
          <Fact name="It says">
            <bdi>{summary}</bdi>
          </Fact>
        )}
        {description !== undefined && (
          <Fact name="In full">
            <bdi>{description}</bdi>
          </Fact>
        )}
        {values !== undefined && (
          <Fact name="Values">
            <bdi>{values}</bdi>
          </Fact>
        )}
        {runbook !== undefined && (
          <Fact name="Runbook">
            <SafeLink url={runbook}>runbook</SafeLink>
          </Fact>
        )}
        {links.map(({ text, url }) => (
          <Fact key={url} name="Link">
            <SafeLink url={url}>{text}</SafeLink>
          </Fact>
        ))}
        {leftOut > 0 && <Fact name="Not known">{formatCount(leftOut)} more alerts that it left out (max_alerts)</Fact>}
      </Facts>
    </Panel>
  );
}
