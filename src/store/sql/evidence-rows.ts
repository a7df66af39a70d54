import {
  chartsOf,
  type Evidence,
  type EvidenceChart,
  type EvidenceRequest,
  type InfraEvidence,
  type SectionEvidence,
  type SectionRequest,
} from "../../model/evidence.ts";
import { sha256 } from "../../support/hashing.ts";
import { decode, encode, type Shape } from "./codec.ts";

/** Evidence as it is stored: charts are named in the body, and their bytes stand one after another in the blob. */
interface StoredEvidence {
  readonly collectedAt: number;
  readonly sections: readonly StoredSection[];
  readonly charts: readonly { readonly name: string; readonly bytes: number }[];
}

type StoredSection = Omit<SectionEvidence, "chart" | "infra"> & {
  readonly chart?: string | undefined;
  readonly infra: readonly (Omit<InfraEvidence, "chart"> & { readonly chart?: string | undefined })[];
};

/** What was stored while a ticket showed one rule alone. */
type SingleRequest = Omit<SectionRequest, "ruleId" | "about" | "infra">;
type SingleEvidence = Pick<SectionEvidence, "series" | "samples" | "missing"> & { readonly collectedAt: number };

const requestShape: Shape<EvidenceRequest> = { sections: "array", moreRules: "array" };
const singleRequestShape: Shape<SingleRequest> = {
  source: "string",
  query: "object",
  labels: "object",
  samples: "object",
  chart: "object",
};
const evidenceShape: Shape<StoredEvidence> = { collectedAt: "number", sections: "array", charts: "array" };
const singleEvidenceShape: Shape<SingleEvidence> = {
  collectedAt: "number",
  series: "array",
  samples: "array",
  missing: "array",
};

export function writeEvidence(evidence: Evidence): { readonly body: string; readonly chart: Buffer | null } {
  const charts = chartsOf(evidence);
  const stored: StoredEvidence = {
    collectedAt: evidence.collectedAt,
    sections: evidence.sections.map((section) => ({
      ...section,
      chart: section.chart?.name,
      infra: section.infra.map((infra) => ({ ...infra, chart: infra.chart?.name })),
    })),
    charts: charts.map(({ name, png }) => ({ name, bytes: png.byteLength })),
  };
  return { body: encode(stored), chart: charts.length === 0 ? null : Buffer.concat(charts.map(({ png }) => png)) };
}

export function readEvidence(row: { outbox_id: string; body: string; chart: Uint8Array | null }): Evidence {
  const { outbox_id: id } = row;
  const probe = decode<Record<string, unknown>>(row.body, {}, "evidence", id);
  if (!("sections" in probe)) {
    const { collectedAt, ...proof } = decode<SingleEvidence>(row.body, singleEvidenceShape, "evidence", id);
    const png = row.chart === null ? undefined : new Uint8Array(row.chart);
    const chart = png === undefined ? undefined : { name: `backfeed-${sha256(png).slice(0, 16)}.png`, png };
    return { collectedAt, sections: [{ ...proof, chart, infra: [] }] };
  }
  const stored = decode<StoredEvidence>(row.body, evidenceShape, "evidence", id);
  const charts = chartsByName(stored, row.chart ?? new Uint8Array());
  const named = (name: string | undefined) => (name === undefined ? undefined : charts.get(name));
  return {
    collectedAt: stored.collectedAt,
    sections: stored.sections.map((section) => ({
      ...section,
      chart: named(section.chart),
      infra: section.infra.map((infra) => ({ ...infra, chart: named(infra.chart) })),
    })),
  };
}

export function readEvidenceRequest(row: { outbox_id: string; request: string }): EvidenceRequest {
  const { outbox_id: id } = row;
  const request = decode<Record<string, unknown>>(row.request, {}, "evidence", id);
  if ("sections" in request) return decode<EvidenceRequest>(row.request, requestShape, "evidence", id);
  return oneSection(decode<SingleRequest>(row.request, singleRequestShape, "evidence", id));
}

/** The request of an intent that may have been stored before tickets showed several rules. */
export function evidenceOfIntent(request: EvidenceRequest | SingleRequest, ruleId: string): EvidenceRequest {
  return "sections" in request ? request : oneSection(request, ruleId);
}

function oneSection(request: SingleRequest, ruleId = ""): EvidenceRequest {
  return { sections: [{ ...request, ruleId, about: [], infra: [] }], moreRules: [] };
}

function chartsByName({ charts }: StoredEvidence, bytes: Uint8Array): ReadonlyMap<string, EvidenceChart> {
  const byName = new Map<string, EvidenceChart>();
  let at = 0;
  for (const { name, bytes: length } of charts) {
    byName.set(name, { name, png: new Uint8Array(bytes.subarray(at, at + length)) });
    at += length;
  }
  return byName;
}
