import { Presets, SingleBar } from "cli-progress";
import type { CliOutput } from "./ports.ts";

/** Fewer are over before anybody could read a bar. */
const leastForBar = 100;

export interface TestProgress {
  readonly update: (progress: { readonly done: number; readonly of: number }) => void;
  stop(): void;
}

/** A bar on a terminal when there are many tests; nothing elsewhere. */
export function createTestProgress({ errIsTerminal }: Pick<CliOutput, "errIsTerminal">): TestProgress {
  if (errIsTerminal !== true) return { update: () => undefined, stop: () => undefined };
  const format = "testing {bar} {value} of {total}";
  const bar = new SingleBar({ format, barsize: 24, hideCursor: true, clearOnComplete: true }, Presets.shades_classic);
  let started = false;
  return {
    update({ done, of }) {
      if (of < leastForBar) return;
      if (started) bar.update(done);
      else bar.start(of, done);
      started = true;
    },
    stop() {
      if (started) bar.stop();
    },
  };
}
