import type { EvidenceMeta } from "../api/answers.ts";
import { useEvidence } from "../api/queries.ts";
import { formatValue } from "../format.ts";
import { ExactMoment } from "./moment.tsx";
import { Panel } from "./panel.tsx";
import { Awaiting } from "./problem.tsx";
import { RemoteImage } from "./remote-image.tsx";
import { SafeLink } from "./safe-link.tsx";

/** The frozen proof: chart, sample lines, links, and what could not be had. */
export function EvidencePanel({ findingId, evidence }: { findingId: string; evidence: EvidenceMeta | undefined }) {
  if (evidence === undefined) {
    return (
      <Panel title="Evidence">
        <p className="dimmed">None has been collected yet: that happens just before a ticket is filed.</p>
      </Panel>
    );
  }
  const limit = evidence.threshold === undefined ? "" : `, limit ${formatValue(evidence.threshold, evidence.unit)}`;
  return (
    <Panel
      title="Evidence"
      aside={
        <span className="dimmed">
          collected <ExactMoment at={evidence.collectedAt} /> from <bdi>{evidence.source}</bdi>
        </span>
      }
    >
      {evidence.hasChart && (
        <RemoteImage path={`/findings/${findingId}/chart.png`} alt={`Chart: ${evidence.title}${limit}`} />
      )}
      {evidence.sampleCount > 0 && <Samples findingId={findingId} />}
      {evidence.links.length > 0 && (
        <ul className="links">
          {evidence.links.map(({ text, url }) => (
            <li key={`${text} ${url}`}>
              <SafeLink url={url}>
                <bdi>{text}</bdi>
              </SafeLink>
            </li>
          ))}
        </ul>
      )}
      {evidence.missing.length > 0 && (
        <ul className="missing">
          {evidence.missing.map((sentence) => (
            <li key={sentence}>
              <bdi>{sentence}</bdi>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Samples({ findingId }: { findingId: string }) {
  const query = useEvidence(findingId, true);
  return (
    <>
      <h3>Sample events</h3>
      <Awaiting query={query} />
      {query.data !== undefined && (
        <pre className="samples">
          {query.data.samples.map(({ at, fields }) => formatSample(at, fields)).join("\n\n")}
        </pre>
      )}
    </>
  );
}

function formatSample(at: number, fields: readonly (readonly [string, string])[]): string {
  const lines = fields.map(([name, value]) => `${name}: ${value}`);
  return [new Date(at).toISOString(), ...lines].join("\n  ");
}
