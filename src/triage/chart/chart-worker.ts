import { parentPort } from "node:worker_threads";
import type { ChartSpec } from "./chart-spec.ts";
import { drawPng, drawSvg } from "./draw.ts";

/** What the renderer sends to this thread, and what it gets back. */
export interface DrawOrder {
  readonly format: "png" | "svg";
  readonly spec: ChartSpec;
}

export type DrawResult = { readonly drawn: Uint8Array | string } | { readonly failed: string };

parentPort?.on("message", ({ format, spec }: DrawOrder) => {
  let result: DrawResult;
  try {
    result = { drawn: format === "png" ? drawPng(spec) : drawSvg(spec) };
  } catch (error) {
    result = { failed: error instanceof Error ? error.message : String(error) };
  }
  parentPort?.postMessage(result);
});
