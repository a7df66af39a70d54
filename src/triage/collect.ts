import type { Evidence, EvidenceRequest } from "../model/evidence.ts";
import type { Sample, SeriesPoint } from "../model/query.ts";
import type { Source } from "../sources/source.ts";
import { cutCodePoints } from "../support/clean-text.ts";
import type { Clock } from "../support/clock.ts";
import { asBackfeedError, BackfeedError } from "../support/errors.ts";
import { holdsRedaction } from "../support/redaction.ts";

const longestValue = 1_000;
/** Values are asked for longer than they are shown: a secret that is cut in two is no longer seen as one. */
const longestAsked = 9_000;

/** Draws one chart; the renderer of triage/chart. */
export type RenderChart = (request: EvidenceRequest["chart"], series: readonly SeriesPoint[]) => Promise<Uint8Array>;

export interface EvidenceCollectorOptions {
  readonly sources: ReadonlyMap<string, Source>;
  readonly renderChart: RenderChart;
  /** Takes secrets out of one text. */
  readonly redact: (text: string) => string;
  readonly clock: Clock;
  /** For all of one finding's evidence. */
  readonly deadlineMs: number;
}

/**
 * Collects what a request names, within the deadline. Never throws: what could not be had is named in `missing` and
 * blocks nothing. Samples are redacted before anything else sees them. Returns at once when the signal aborts; what is
 * given then is not the proof, and the caller does not keep it.
 */
export function createEvidenceCollector(options: EvidenceCollectorOptions) {
  const { clock, redact } = options;

  return async (request: EvidenceRequest, signal: AbortSignal): Promise<Evidence> => {
    const missing: string[] = [];
    const source = options.sources.get(request.source);
    if (source === undefined) {
      // Findings about Backfeed itself have no source to ask, and want no samples.
      if (request.samples.limit > 0) missing.push(`evidence: the source ${request.source} is no longer configured`);
      return { collectedAt: clock.now(), series: [], samples: [], missing, chart: undefined };
    }
    if (
      Object.values(request.query.where)
        .flat()
        .some((value) => typeof value === "string" && holdsRedaction(value))
    ) {
      missing.push("chart and sample events: a secret was taken out of this label, so it cannot be asked for");
      return { collectedAt: clock.now(), series: [], samples: [], missing, chart: undefined };
    }
    const stop = new AbortController();
    const onAbort = () => stop.abort(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    let late = false;
    const deadline = clock.sleep(options.deadlineMs, stop.signal).then(
      () => {
        late = true;
        stop.abort(new BackfeedError("aborted", "took too long"));
      },
      () => undefined,
    );
    // Raced against, since a source or a renderer may not heed the signal. Nobody else may be waiting: never unhandled.
    const stopped = new Promise<never>((_resolve, reject) => {
      const onStop = () => reject(stop.signal.reason);
      if (stop.signal.aborted) onStop();
      else stop.signal.addEventListener("abort", onStop, { once: true });
    });
    stopped.catch(() => undefined);
    const attempt = async <Value>(what: string, work: () => Promise<Value>, otherwise: Value): Promise<Value> => {
      try {
        if (stop.signal.aborted) throw stop.signal.reason;
        return await Promise.race([work(), stopped]);
      } catch (thrown) {
        const why = late ? "took too long" : signal.aborted ? "stopped" : redact(asBackfeedError(thrown).message);
        missing.push(`${what}: ${why}`);
        return otherwise;
      }
    };
    try {
      const { query, labels, chart } = request;
      const maxValueLength = longestAsked;
      const [series, samples] = await Promise.all([
        attempt<readonly SeriesPoint[]>("chart", () => source.series({ query, labels, ...chart }, stop.signal), []),
        request.samples.limit === 0
          ? []
          : attempt<readonly Sample[]>(
              "sample events",
              () => source.samples({ query, labels, ...request.samples, maxValueLength }, stop.signal),
              [],
            ),
      ]);
      const drawable = series.some((point) => point.value !== undefined);
      const png = drawable
        ? await attempt("chart", () => options.renderChart(redactTitle(chart), series), undefined)
        : undefined;
      return { collectedAt: clock.now(), series, samples: samples.map(redactSample), missing, chart: png };
    } finally {
      signal.removeEventListener("abort", onAbort);
      stop.abort(new BackfeedError("aborted", "done"));
      await deadline;
    }
  };

  function redactTitle(chart: EvidenceRequest["chart"]): EvidenceRequest["chart"] {
    return { ...chart, title: redact(chart.title) };
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
