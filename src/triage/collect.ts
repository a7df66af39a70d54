import type { Evidence, EvidenceRequest } from "../model/evidence.ts";
import type { Sample, SeriesPoint } from "../model/query.ts";
import type { Source } from "../sources/source.ts";
import type { Clock } from "../support/clock.ts";
import { asBackfeedError } from "../support/errors.ts";

const longestValue = 1_000;

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
 * blocks nothing. Samples are redacted before anything else sees them.
 */
export function createEvidenceCollector(options: EvidenceCollectorOptions) {
  return async (request: EvidenceRequest, signal: AbortSignal): Promise<Evidence> => {
    const missing: string[] = [];
    const attempt = async <Value>(what: string, work: (signal: AbortSignal) => Promise<Value>, otherwise: Value) => {
      const deadline = new AbortController();
      const stop = options.clock.sleep(options.deadlineMs, deadline.signal).then(
        () => deadline.abort(new Error("deadline")),
        () => undefined,
      );
      try {
        const stopped = new Promise<never>((_resolve, reject) => {
          deadline.signal.addEventListener("abort", () => reject(deadline.signal.reason), { once: true });
        });
        stopped.catch(() => undefined);
        return await Promise.race([work(AbortSignal.any([signal, deadline.signal])), stopped]);
      } catch (thrown) {
        const late = deadline.signal.aborted && !signal.aborted;
        missing.push(`${what}: ${late ? "took too long" : options.redact(asBackfeedError(thrown).message)}`);
        return otherwise;
      } finally {
        deadline.abort(new Error("done"));
        await stop;
      }
    };
    const source = options.sources.get(request.source);
    // Findings about Backfeed itself have no source to ask.
    if (source === undefined)
      return { collectedAt: options.clock.now(), series: [], samples: [], missing, chart: undefined };
    const { query, labels, chart } = request;
    const [series, samples] = await Promise.all([
      attempt<readonly SeriesPoint[]>("chart", (until) => source.series({ query, labels, ...chart }, until), []),
      request.samples.limit === 0
        ? []
        : attempt<readonly Sample[]>(
            "sample events",
            (until) => source.samples({ query, labels, ...request.samples, maxValueLength: longestValue }, until),
            [],
          ),
    ]);
    const drawable = series.some((point) => point.value !== undefined);
    const png = drawable
      ? await attempt("chart", () => options.renderChart(redactTitle(chart), series), undefined)
      : undefined;
    return { collectedAt: options.clock.now(), series, samples: samples.map(redactSample), missing, chart: png };
  };

  function redactTitle(chart: EvidenceRequest["chart"]): EvidenceRequest["chart"] {
    return { ...chart, title: options.redact(chart.title) };
  }

  function redactSample(sample: Sample): Sample {
    // Name and value together, since `password=…` is only seen as one where both stand.
    const fields = sample.fields.map(([name, value]): [string, string] => {
      const together = options.redact(`${name}=${value}`);
      return [name, together.startsWith(`${name}=`) ? together.slice(name.length + 1) : together];
    });
    return { at: sample.at, fields };
  }
}
