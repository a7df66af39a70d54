import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { BackfeedError } from "../../support/errors.ts";
import { type ChartSpec, maxLines, maxPoints } from "./chart-spec.ts";
import type { DrawOrder, DrawResult } from "./chart-worker.ts";

export interface ChartRendererOptions {
  /** Threads that draw at the same time. Default 1. */
  readonly maxConcurrent?: number;
  /** For one chart, waiting not included. Default 15 s: the first one also loads ECharts. */
  readonly timeoutMs?: number;
  /** Charts that may wait. Default 100. */
  readonly maxQueued?: number;
}

/** Draws charts in worker threads, so that no tick waits for a picture. The same spec gives the same bytes. */
export interface ChartRenderer {
  /** 900 x 320, white background. Throws `limit`, `unavailable` (time out), `aborted` (closed), `internal`. */
  renderPng(spec: ChartSpec): Promise<Uint8Array>;
  renderSvg(spec: ChartSpec): Promise<string>;
  close(): Promise<void>;
}

interface Job {
  readonly order: DrawOrder;
  readonly resolve: (drawn: Uint8Array | string) => void;
  readonly reject: (error: BackfeedError) => void;
}

interface Thread {
  readonly worker: Worker;
  job: Job | undefined;
  timer: NodeJS.Timeout | undefined;
}

const memoryMegabytes = 512;

export function createChartRenderer(options: ChartRendererOptions = {}): ChartRenderer {
  const { maxConcurrent = 1, timeoutMs = 15_000, maxQueued = 100 } = options;
  const threads = new Set<Thread>();
  const queue: Job[] = [];
  let closed = false;

  const drop = (thread: Thread, error: BackfeedError) => {
    threads.delete(thread);
    clearTimeout(thread.timer);
    thread.job?.reject(error);
    thread.job = undefined;
    void thread.worker.terminate();
    if (!closed) next();
  };
  const start = (): Thread => {
    const worker = startWorker();
    const thread: Thread = { worker, job: undefined, timer: undefined };
    worker.on("message", (result: DrawResult) => {
      const job = thread.job;
      clearTimeout(thread.timer);
      thread.job = undefined;
      // An idle thread keeps no process alive.
      worker.unref();
      if ("drawn" in result) job?.resolve(result.drawn);
      else job?.reject(new BackfeedError("internal", `the chart could not be drawn: ${result.failed}`));
      next();
    });
    worker.on("error", (error) => {
      drop(thread, new BackfeedError("internal", "the chart's thread failed", { cause: error }));
    });
    worker.on("exit", () => {
      if (threads.has(thread)) drop(thread, new BackfeedError("internal", "the chart's thread ended"));
    });
    threads.add(thread);
    return thread;
  };
  const next = () => {
    const idle = [...threads].find((thread) => thread.job === undefined);
    if (queue.length === 0 || (idle === undefined && threads.size >= maxConcurrent)) return;
    const thread = idle ?? start();
    const job = queue.shift();
    if (job === undefined) return;
    thread.job = job;
    thread.timer = setTimeout(() => {
      drop(thread, new BackfeedError("unavailable", `the chart was not drawn within ${timeoutMs} ms`));
    }, timeoutMs);
    thread.worker.ref();
    thread.worker.postMessage(job.order);
    next();
  };
  const draw = (order: DrawOrder) =>
    new Promise<Uint8Array | string>((resolve, reject) => {
      const refusal = closed ? new BackfeedError("aborted", "the chart renderer is closed") : tooMuch(order.spec);
      if (refusal !== undefined) reject(refusal);
      else if (queue.length >= maxQueued)
        reject(new BackfeedError("limit", `more than ${maxQueued} charts are waiting`));
      else {
        queue.push({ order, resolve, reject });
        next();
      }
    });

  return {
    async renderPng(spec) {
      const drawn = await draw({ format: "png", spec });
      if (typeof drawn === "string") throw new BackfeedError("internal", "the chart's thread sent no picture");
      return drawn;
    },
    async renderSvg(spec) {
      return String(await draw({ format: "svg", spec }));
    },
    async close() {
      closed = true;
      const error = new BackfeedError("aborted", "the chart renderer is closed");
      for (const job of queue.splice(0)) job.reject(error);
      const ended = [...threads].map((thread) => thread.worker.terminate());
      for (const thread of [...threads]) drop(thread, error);
      await Promise.all(ended);
    },
  };
}

function tooMuch({ series, reference, lines = [] }: ChartSpec): BackfeedError | undefined {
  const points = [series, reference?.points ?? [], ...lines.slice(0, maxLines).map((line) => line.points)];
  return points.some((line) => line.length > maxPoints)
    ? new BackfeedError("limit", `a line of a chart has at most ${maxPoints} points`)
    : undefined;
}

/** Compiled, the file beside this one. From source, tsx must be told in the thread too: it only sees to the main one. */
function startWorker(): Worker {
  const options = { resourceLimits: { maxOldGenerationSizeMb: memoryMegabytes } };
  if (!import.meta.url.endsWith(".ts")) return new Worker(new URL("./chart-worker.js", import.meta.url), options);
  const loader = JSON.stringify(createRequire(import.meta.url).resolve("tsx/cjs/api"));
  const source = JSON.stringify(fileURLToPath(new URL("./chart-worker.ts", import.meta.url)));
  return new Worker(`require(${loader}).register(); require(${source});`, { ...options, eval: true });
}
