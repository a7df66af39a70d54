/** A limit on new tickets that is used up. */
export interface CapReached {
  /** New tickets of one run, of the last 24 h, of the last 24 h in one project. */
  readonly cap: "run" | "day" | "project";
  readonly limit: number;
  /** `tracker/project`, where the ticket is to go. */
  readonly project: string;
  /** Before this instant no place is free; undefined where the next run has one. */
  readonly freesAt: number | undefined;
  /** A place is free, and is kept for findings that wait with a higher score. */
  readonly kept: boolean;
}

/** New tickets of one project since an instant. */
export interface CreatesCounted {
  readonly count: number;
  /** When the first of them was decided. */
  readonly oldestAt: number;
}
