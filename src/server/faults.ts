import { asBackfeedError, type BackfeedError, type ErrorKind } from "../support/errors.ts";

/** What is wrong with a request before the program is asked: the only faults that are of HTTP and of nothing else. */
export class RequestFault extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { details?: Readonly<Record<string, unknown>>; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.name = "RequestFault";
    this.status = status;
    this.code = code;
    this.details = more.details ?? {};
    this.headers = more.headers ?? {};
  }
}

export interface FaultAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly code: string;
    readonly message: string;
    readonly details: Readonly<Record<string, unknown>>;
  };
  /** Set when it is the program's and not the caller's: then it is logged. */
  readonly error: BackfeedError | undefined;
}

/** The one place where the words of the core become statuses. `unauthorized` and `rate_limited` speak of outside systems. */
const statusOf: Readonly<Record<ErrorKind, number>> = {
  configuration: 400,
  invalid_request: 400,
  rule: 422,
  not_found: 404,
  conflict: 409,
  unauthorized: 502,
  unavailable: 503,
  rate_limited: 503,
  refused: 502,
  unknown_outcome: 504,
  limit: 429,
  aborted: 503,
  internal: 500,
};

/** Gives what is answered for anything thrown. Only messages that were made to be shown go out. */
export function answerFault(thrown: unknown, requestId: string): FaultAnswer {
  const fault = thrown instanceof RequestFault ? thrown : bodyFault(thrown);
  if (fault !== undefined) {
    const { status, code, message, details, headers } = fault;
    return { status, headers, body: { code, message, details }, error: undefined };
  }
  const error = asBackfeedError(thrown);
  const status = statusOf[error.kind];
  const headers: Record<string, string> =
    error.retryAfterMs === undefined ? {} : { "retry-after": `${Math.ceil(error.retryAfterMs / 1_000)}` };
  if (error.kind === "internal") {
    const message = "a fault of ours; the log has it under the request id";
    return { status, headers, body: { code: "internal", message, details: { requestId } }, error };
  }
  if (error.kind === "invalid_request") {
    // As a schema's fault is told. What only the store can judge of a request stands in its query.
    const faults = [{ in: "query", at: error.facts["at"] ?? "", message: error.message }];
    const message = "the request is not as documented";
    return { status, headers, body: { code: error.kind, message, details: { faults } }, error: undefined };
  }
  const code = error.kind === "unauthorized" ? "upstream_unauthorized" : error.kind;
  const told = status >= 500 ? error : undefined;
  return { status, headers, body: { code, message: error.message, details: { ...error.facts } }, error: told };
}

/** Faults that Express and its body parser throw; their own messages quote the request, so they are not used. */
function bodyFault(thrown: unknown): RequestFault | undefined {
  if (typeof thrown !== "object" || thrown === null || !("status" in thrown)) return undefined;
  const type = "type" in thrown ? thrown.type : undefined;
  if (type === "entity.too.large") return new RequestFault(413, "payload_too_large", "the body is larger than 256 kB");
  if (type === "entity.parse.failed") return new RequestFault(400, "invalid_request", "the body is not JSON");
  if (type === "encoding.unsupported" || type === "charset.unsupported") {
    return new RequestFault(415, "unsupported_media_type", "send UTF-8 JSON without a content encoding");
  }
  if (thrown instanceof URIError)
    return new RequestFault(400, "invalid_request", "the path is not percent-encoded UTF-8");
  const { status } = thrown;
  return typeof status === "number" && status >= 400 && status < 500
    ? new RequestFault(400, "invalid_request", "the request cannot be read")
    : undefined;
}
