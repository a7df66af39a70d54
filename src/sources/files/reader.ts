import type { Column, FoundField } from "./field.ts";

export interface Described {
  readonly fields: readonly FoundField[];
  /** Lines that are no event. */
  readonly skippedLines: number;
  /** False when fields may be missing because there were too many to look at. */
  readonly complete: boolean;
  /** Some lines are events only once they are mended; `select` does it. */
  readonly mended?: boolean;
}

export interface DescribedFile {
  readonly path: string;
  readonly described: Described;
}

/** One file format. */
export interface FileReader {
  /** Reads the whole file once for its fields. */
  describe(path: string, signal: AbortSignal): Promise<Described>;
  /**
   * A SELECT of `ts` (milliseconds UTC, NULL where there is none) and of the given columns under their column names.
   * `timestamp`: how the timestamp field is reached; none where the files lack it.
   */
  select(files: readonly DescribedFile[], columns: readonly Column[], timestamp: readonly string[]): string;
}
