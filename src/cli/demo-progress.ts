import { Presets, SingleBar } from "cli-progress";
import type { ReplayProgress } from "../app/demo/replay.ts";
import { minuteText } from "./demo-text.ts";

export interface Progress {
  readonly update: (progress: ReplayProgress) => void;
  stop(): void;
}

/** A bar on a terminal; elsewhere, in a log, a line every tenth. Both on what is not for results. */
export function createProgress(output: {
  err(text: string): void;
  readonly terminal: NodeJS.WritableStream | undefined;
}): Progress {
  return output.terminal === undefined ? lines(output) : bar(output.terminal);
}

function bar(stream: NodeJS.WritableStream): Progress {
  const format = "replaying {bar} {percentage}%  {at}";
  const drawn = new SingleBar(
    { stream, format, barsize: 24, hideCursor: true, clearOnComplete: true },
    Presets.shades_classic,
  );
  let started = false;
  return {
    update({ done, of, at }) {
      const shown = { at: minuteText(at) };
      if (!started) drawn.start(of, done, shown);
      else drawn.update(done, shown);
      started = true;
    },
    stop() {
      if (started) drawn.stop();
    },
  };
}

function lines({ err }: { err(text: string): void }): Progress {
  let told = 0;
  return {
    update({ done, of, at }) {
      const tenths = Math.floor((10 * done) / of);
      if (tenths > told) err(`replayed ${tenths * 10}%, up to ${minuteText(at)}\n`);
      told = tenths;
    },
    stop: () => undefined,
  };
}
