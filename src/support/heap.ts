import { setFlagsFromString } from "node:v8";

/**
 * Lets the heap grow by 25 % over what is alive before it is collected, instead of V8's own up to fourfold: a tick leaves
 * much that is dead at its end. Costs a tenth of a tick's processor time and saves a fifth of the memory (docs/performance.md).
 * V8 reads the flag anew at each collection, so it may be set while running.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--heap-growing-percent=25");
}
