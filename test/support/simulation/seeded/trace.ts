import { createHash } from "node:crypto";
import { startAt } from "./plan.ts";
import type { Time } from "./time.ts";

/** What happened in a run, line by line, and how often each kind of thing did. */
export class Trace {
  readonly lines: string[] = [];
  readonly counts = new Map<string, number>();
  readonly #time: Time;

  constructor(time: Time) {
    this.#time = time;
  }

  say(text: string): void {
    const passed = Math.round((this.#time.now() - startAt) / 1_000);
    const [hours, minutes, seconds] = [Math.floor(passed / 3_600), Math.floor(passed / 60) % 60, passed % 60];
    this.lines.push(`${pad(hours)}:${pad(minutes)}:${pad(seconds)} ${text}`);
  }

  count(name: string, by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by);
  }

  /** The same for runs in which the same happened in the same order. */
  hash(): string {
    return createHash("sha256").update(this.lines.join("\n")).digest("hex").slice(0, 16);
  }
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
