import type {
  Evidence,
  EvidenceChart,
  EvidenceRequest,
  InfraEvidence,
  InfraRequest,
  SectionEvidence,
  SectionRequest,
} from "../model/evidence.ts";
import type { Lines, Query, Sample, SeriesPoint } from "../model/query.ts";
import type { Window } from "../model/time.ts";
import type { Source } from "../sources/source.ts";
import { cutCodePoints } from "../support/clean-text.ts";
import type { Clock } from "../support/clock.ts";
import { formatDuration } from "../support/duration.ts";
import { sha256 } from "../support/hashing.ts";
import { holdsRedaction } from "../support/redaction.ts";
import { type Attempts, createAttempts } from "./attempts.ts";
import { type ChartSpec, maxLines } from "./chart/chart-spec.ts";
import { infraWords, isAlone, nameOf } from "./infra-words.ts";

const longestValue = 1_000;
/** Values are asked for longer than they are shown: a secret that is cut in two is no longer seen as one. */
const longestAsked = 9_000;
/** Lines of one chart: as many as can be told apart. */
const mostLines = 1 + maxLines;
/** Of one ticket: charts of infrastructure, and bytes of all charts. */
const mostInfraCharts = 20;
const mostChartBytes = 3_000_000;

/** Draws one chart; the renderer of triage/chart. */
export type RenderChart = (spec: ChartSpec) => Promise<Uint8Array>;

export interface EvidenceCollectorOptions {
  readonly sources: ReadonlyMap<string, Source>;
  readonly renderChart: RenderChart;
  /** Takes secrets out of one text. */
  readonly redact: (text: string) => string;
  readonly clock: Clock;
  /** For all of one finding's evidence. */
  readonly deadlineMs: number;
}

/** What one section's sources gave. */
interface Gathered {
  readonly request: SectionRequest;
  readonly series: readonly SeriesPoint[];
  /** What its limit follows, at the instants where it is compared; undefined where there is none, or it could not be had. */
  readonly reference: readonly SeriesPoint[] | undefined;
  readonly samples: readonly Sample[];
  readonly infra: readonly { readonly request: InfraRequest; readonly found: Lines }[];
  readonly missing: string[];
}

/**
 * Collects what a request names, within one deadline. Never throws: what could not be had is named in `missing` and
 * blocks nothing. Samples are redacted before anything else sees them. Returns at once when the signal aborts; what is
 * given then is not the proof, and the caller does not keep it.
 */
export function createEvidenceCollector(options: EvidenceCollectorOptions) {
  const { clock, redact, sources } = options;

  return async ({ sections }: EvidenceRequest, signal: AbortSignal): Promise<Evidence> => {
    const attempts = createAttempts({ clock, redact, signal, deadlineMs: options.deadlineMs });
    try {
      const gathered = await Promise.all(sections.map((section) => gather(section, attempts)));
      return { collectedAt: clock.now(), sections: await draw(gathered, attempts) };
    } finally {
      await attempts.end();
    }
  };

  async function gather(request: SectionRequest, attempts: Attempts): Promise<Gathered> {
    const missing: string[] = [];
    const [own, infra] = await Promise.all([
      gatherOwn(request, missing, attempts),
      Promise.all(request.infra.map((each) => gatherInfra(each, missing, attempts))),
    ]);
    return { request, ...own, infra: infra.flatMap((each) => each ?? []), missing };
  }

  async function gatherOwn(request: SectionRequest, missing: string[], { attempt, signal }: Attempts) {
    const { query, labels, chart } = request;
    const nothing = { series: [], reference: undefined, samples: [] };
    const source = sources.get(request.source);
    if (source === undefined) {
      // Findings about Backfeed itself have no source to ask, and want no samples.
      if (request.samples.limit > 0) missing.push(`evidence: the source ${request.source} is no longer configured`);
      return nothing;
    }
    if (asksForRedacted(query)) {
      missing.push("chart and sample events: a secret was taken out of this label, so it cannot be asked for");
      return nothing;
    }
    const { window, stepMs, reference } = chart;
    const maxValueLength = longestAsked;
    const [series, earlier, samples] = await Promise.all([
      attempt("chart", missing, () => source.series({ query, labels, window, stepMs }, signal)),
      reference === undefined
        ? undefined
        : attempt(`chart: the values of ${formatDuration(reference.backMs)} before`, missing, () =>
            source.series({ query, labels, window: earlierBy(window, reference.backMs), stepMs }, signal),
          ),
      request.samples.limit === 0
        ? []
        : attempt("sample events", missing, () =>
            source.samples({ query, labels, ...request.samples, maxValueLength }, signal),
          ),
    ]);
    return {
      series: series ?? [],
      reference: earlier?.map(({ at, value }) => ({ at: at + (reference?.backMs ?? 0), value })),
      samples: (samples ?? []).map(redactSample),
    };
  }

  async function gatherInfra(request: InfraRequest, missing: string[], { attempt, signal }: Attempts) {
    const { title, ask, window, stepMs } = request;
    const what = redact(title);
    const source = sources.get(request.source);
    if ("refused" in ask) missing.push(`${what}: ${ask.refused}`);
    else if (source === undefined) missing.push(`${what}: there is no source ${request.source} to ask`);
    else if ("target" in ask && asksForRedacted(ask)) {
      missing.push(`${what}: a secret was taken out of a label, so it cannot be asked for`);
    } else {
      const found = await attempt(what, missing, () =>
        source.lines({ query: ask, window, stepMs, limit: mostLines }, signal),
      );
      return found === undefined ? undefined : { request, found };
    }
    return undefined;
  }

  /** First the charts of what fired, worst first, then of what was under it: where it gets too much, those are left out. */
  async function draw(gathered: readonly Gathered[], { attempt }: Attempts): Promise<SectionEvidence[]> {
    let bytes = 0;
    const drawn = new Map<SectionRequest | InfraRequest, EvidenceChart>();
    const drawOne = async (of: SectionRequest | InfraRequest, what: string, missing: string[], spec: ChartSpec) => {
      const png = await attempt(what, missing, () => options.renderChart(spec));
      if (png === undefined) return;
      if (bytes + png.byteLength > mostChartBytes) {
        missing.push(`${what}: left out, the charts of a ticket have at most ${mostChartBytes / 1_000_000} MB`);
        return;
      }
      bytes += png.byteLength;
      drawn.set(of, { name: `backfeed-${sha256(png).slice(0, 16)}.png`, png });
    };
    for (const own of gathered) {
      const { request, series, missing } = own;
      if (isDrawable(series)) await drawOne(request, "chart", missing, ownSpec(own));
    }
    let charts = 0;
    for (const { request: section, infra, missing } of gathered) {
      for (const { request, found } of infra) {
        if (!found.lines.some(({ points }) => isDrawable(points))) continue;
        const what = redact(request.title);
        charts += 1;
        if (charts > mostInfraCharts) {
          missing.push(`chart of ${what}: left out, a ticket has at most ${mostInfraCharts} of them`);
        } else await drawOne(request, `chart of ${what}`, missing, infraSpec(section, request, found));
      }
    }
    return gathered.map(({ request, series, samples, infra, missing }) => ({
      series,
      samples,
      missing,
      chart: drawn.get(request),
      infra: infra.map(({ request: each, found }) => infraEvidence(request, each, found, drawn.get(each))),
    }));
  }

  function infraEvidence(
    section: SectionRequest,
    request: InfraRequest,
    found: Lines,
    chart: EvidenceChart | undefined,
  ): InfraEvidence {
    const words = redact(infraWords(request, found, section.chart.episode));
    return { title: redact(request.title), words, chart };
  }

  function ownSpec({ request: { chart }, series, reference }: Gathered): ChartSpec {
    const { reference: compared, ...rest } = chart;
    const spec = { ...rest, title: redact(chart.title), series };
    if (compared === undefined || reference === undefined) return spec;
    const limits = compared.limits.map(({ direction, factor }) => ({
      title: `limit: ${direction} ${Number(factor.toFixed(2))}x of it`,
      factor,
    }));
    return {
      ...spec,
      reference: { title: `${formatDuration(compared.backMs)} before`, points: reference, limits },
    };
  }

  /** On the time axis and with the episode of the chart that it stands beside. */
  function infraSpec({ chart }: SectionRequest, request: InfraRequest, { lines, more }: Lines): ChartSpec {
    // One without any value would only stand in the legend.
    const [first, ...rest] = lines.filter(({ points }) => isDrawable(points));
    return {
      title: redact(request.title),
      unit: request.unit,
      window: chart.window,
      episode: chart.episode,
      marks: chart.marks,
      series: first?.points ?? [],
      ...(first === undefined || isAlone(lines, more) ? {} : { seriesTitle: redact(nameOf(first)), several: true }),
      lines: rest.map((line) => ({ title: redact(nameOf(line)), unit: request.unit, points: line.points })),
    };
  }

  function redactSample(sample: Sample): Sample {
    // Name and value together, since `password=…` is only seen as one where both stand.
    const fields = sample.fields.map(([name, value]): [string, string] => {
      const together = redact(`${name}=${value}`);
      const clean = together.startsWith(`${name}=`) ? together.slice(name.length + 1) : together;
      return [name, cutCodePoints(clean, longestValue)];
    });
    return { at: sample.at, fields };
  }
}

function earlierBy({ from, to }: Window, backMs: number): Window {
  return { from: from - backMs, to: to - backMs };
}

function isDrawable(points: readonly SeriesPoint[]): boolean {
  return points.some((point) => point.value !== undefined);
}

/** Nothing matches a value of which a part was taken out. */
function asksForRedacted({ where }: Query): boolean {
  return Object.values(where)
    .flat()
    .some((value) => typeof value === "string" && holdsRedaction(value));
}
