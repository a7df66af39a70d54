import type {
  Batch,
  BatchAnswer,
  HistoryAnswer,
  HistoryBatch,
  Lines,
  LinesRequest,
  Messages,
  MessagesRequest,
  Query,
  Sample,
  SampleRequest,
  SeriesPoint,
  SeriesRequest,
} from "../model/query.ts";

/** A fault that only the source itself can see: an index, a field or a filter it does not accept. */
export interface QueryFault {
  readonly query: Query;
  readonly severity: "error" | "warning";
  readonly message: string;
  /** What to write instead, where that is known. */
  readonly fix?: string;
  /** Set where it lies in the rule's own `filter` or `bad`, however many rules write the same. */
  readonly inFilter?: true;
}

/** Where observations come from. One suite in test/contract holds for every adapter. */
export interface Source {
  /** Its name in the service configuration. */
  readonly name: string;
  /**
   * Answers one tick's questions, in its own plan and with as few requests as it can. Never throws for a fault of the
   * source or of one question: that is a `failed` answer. Throws `aborted` when the signal aborts.
   */
  answer(batch: Batch, signal: AbortSignal): Promise<BatchAnswer>;
  /**
   * The same answers as `answer` gives, for many windows of each query and with a few requests for all of them. Throws
   * `aborted`, like `answer`. A source without it is asked window by window.
   */
  history?(batch: HistoryBatch, signal: AbortSignal): Promise<HistoryAnswer>;
  /** Newest matching events first. Throws BackfeedError. */
  samples(request: SampleRequest, signal: AbortSignal): Promise<readonly Sample[]>;
  /** The newest messages of a window. Throws BackfeedError; `refused` where there are no events. */
  messages(request: MessagesRequest, signal: AbortSignal): Promise<Messages>;
  /** One point per step of the window, oldest first. Throws BackfeedError. */
  series(request: SeriesRequest, signal: AbortSignal): Promise<readonly SeriesPoint[]>;
  /** The largest lines of a query that may have many; `lines-by-group` for sources of events. Throws BackfeedError. */
  lines(request: LinesRequest, signal: AbortSignal): Promise<Lines>;
  /** What `check --online` asks. Throws `unavailable` when the source cannot be reached. */
  check(queries: readonly Query[], signal: AbortSignal): Promise<readonly QueryFault[]>;
  close(): Promise<void>;
}
