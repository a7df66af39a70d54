import type { EvidenceMeta, EvidenceSection } from "../api/answers.ts";
import { useEvidence } from "../api/queries.ts";
import { formatValue } from "../format.ts";
import { DocumentBlocks } from "./document-blocks.tsx";
import { ExactMoment } from "./moment.tsx";
import { Panel } from "./panel.tsx";
import { Awaiting } from "./problem.tsx";
import { RemoteImage } from "./remote-image.tsx";
import { SafeLink } from "./safe-link.tsx";

/** The frozen proof, a panel for each rule: chart, what was under it, sample lines, links, and what could not be had. */
export function EvidencePanel(props: {
  findingId: string;
  evidence: EvidenceMeta | undefined;
  /** Of the finding's newest episode. */
  episodeStartedAt: number;
}) {
  const { findingId, evidence, episodeStartedAt } = props;
  if (evidence === undefined) {
    return (
      <Panel title="Evidence">
        <p className="dimmed">None has been collected yet: that happens just before a ticket is filed.</p>
      </Panel>
    );
  }
  const { sections, moreRules, collectedAt } = evidence;
  return (
    <>
      {sections.map((section, place) => (
        <Panel
          key={section.ruleId}
          title={sections.length === 1 ? "Evidence" : `Evidence: ${section.ruleId}`}
          aside={
            <span className="dimmed">
              collected <ExactMoment at={collectedAt} /> from <bdi>{section.source}</bdi>
            </span>
          }
        >
          {section.episodeStartedAt !== undefined && (
            <p className="dimmed">
              Evidence of the episode that began <ExactMoment at={section.episodeStartedAt} />
              {section.episodeStartedAt < episodeStartedAt &&
                ". The newest one began later; evidence is collected again when its ticket is told of one"}
              .
            </p>
          )}
          <Section findingId={findingId} section={section} place={place} />
        </Panel>
      ))}
      {moreRules.length > 0 && (
        <p className="dimmed">
          {moreRules.length} more of its rules tell of it: <bdi>{moreRules.join(", ")}</bdi>
        </p>
      )}
    </>
  );
}

function Section({ findingId, section, place }: { findingId: string; section: EvidenceSection; place: number }) {
  const { title, about, chart, infra, sampleCount, links, missing } = section;
  const limit = section.threshold === undefined ? "" : `, limit ${formatValue(section.threshold, section.unit)}`;
  const pathOf = (name: string) => `/findings/${findingId}/charts/${name}`;
  return (
    <>
      {about.length > 0 && (
        <>
          <p className="lead">
            <bdi>{title}</bdi>
          </p>
          <DocumentBlocks document={about} />
        </>
      )}
      {chart !== undefined && <RemoteImage path={pathOf(chart)} alt={`Chart: ${title}${limit}`} />}
      {infra.length > 0 && (
        <>
          <h3>Infrastructure in the same time</h3>
          {infra.map((each) => (
            <figure className="infra" key={`${each.title} ${each.chart ?? ""}`}>
              <figcaption>
                <strong>
                  <bdi>{each.title}</bdi>
                </strong>
                : <bdi>{each.words}</bdi>
              </figcaption>
              {each.chart !== undefined && <RemoteImage path={pathOf(each.chart)} alt={`Chart: ${each.title}`} />}
            </figure>
          ))}
        </>
      )}
      {sampleCount > 0 && <Samples findingId={findingId} place={place} />}
      {links.length > 0 && (
        <ul className="links">
          {links.map(({ text, url }) => (
            <li key={`${text} ${url}`}>
              <SafeLink url={url}>
                <bdi>{text}</bdi>
              </SafeLink>
            </li>
          ))}
        </ul>
      )}
      {missing.length > 0 && (
        <ul className="missing">
          {missing.map((sentence) => (
            <li key={sentence}>
              <bdi>{sentence}</bdi>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Samples({ findingId, place }: { findingId: string; place: number }) {
  const query = useEvidence(findingId, true);
  const samples = query.data?.sections[place]?.samples;
  return (
    <>
      <h3>Sample events</h3>
      <Awaiting query={query} />
      {samples !== undefined && (
        <pre className="samples">{samples.map(({ at, fields }) => formatSample(at, fields)).join("\n\n")}</pre>
      )}
    </>
  );
}

function formatSample(at: number, fields: readonly (readonly [string, string])[]): string {
  const lines = fields.map(([name, value]) => `${name}: ${value}`);
  return [new Date(at).toISOString(), ...lines].join("\n  ");
}
