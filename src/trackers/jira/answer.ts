import { BackfeedError, type ErrorKind } from "../../support/errors.ts";
import type { Wait } from "./pace.ts";
import { retryAfterOf } from "./rate-signal.ts";
import { cleanLine, shorten } from "./text.ts";

/** What came of one HTTP exchange; the transport gives this and never rejects, since jira-client destroys what is thrown (JIRA.md 1.2). */
export type Envelope = Answer | Failure | Held;

export interface Answer {
  readonly kind: "answer";
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly content: "json" | "empty" | "login_page" | "other" | "broken";
  /** The parsed JSON when `content` is json. */
  readonly body: unknown;
}

export interface Failure {
  readonly kind: "failure";
  readonly reason: "aborted" | "timeout" | "network" | "too_large" | "not_allowed";
  /** Whether any byte of the request may have left. */
  readonly sent: boolean;
  readonly code: string | undefined;
}

/** The request was not sent, to keep to the pace that this Jira takes. */
export interface Held extends Wait {
  readonly kind: "held";
}

/** What a call does to Jira: `create` files an issue, `write` is safe to repeat, `read` changes nothing. */
export type Effect = "read" | "write" | "create";

export interface CallFacts {
  /** For people: `create the issue`. */
  readonly operation: string;
  readonly effect: Effect;
}

export interface AnswerContext extends CallFacts {
  /** Whether this Jira names the account with every answer (Cloud), so that a missing name means nobody. */
  readonly namesAccount: boolean;
  readonly now: number;
  /** Takes secrets out of texts that Jira wrote. */
  readonly redact: (text: string) => string;
}

/** The answer when it is a 2xx that can be trusted; throws the BackfeedError of anything else. */
export function acceptAnswer(envelope: Envelope, context: AnswerContext): Answer {
  if (envelope.kind === "failure") throw failureError(envelope, context);
  if (envelope.kind === "held") throw heldError(envelope, context);
  const { status } = envelope;
  const isSuccess = status >= 200 && status < 300;
  // Whoever answered in the place of Jira's answer to a create, Jira may have made the issue (JIRA.md section 2.7, step 4).
  if (context.effect === "create" && isSuccess && envelope.content !== "json") {
    throw lost(envelope, context, "the answer is no JSON");
  }
  const isCreated = context.effect === "create" && status === 201;
  // An issue that was made is not disowned, whoever Jira took us for.
  if (isAnonymous(envelope, context) && !isCreated) {
    throw error(
      "unauthorized",
      envelope,
      context,
      "Jira took us for an anonymous caller: the token is wrong, expired or withdrawn",
    );
  }
  if (envelope.content === "login_page")
    throw error("unauthorized", envelope, context, "Jira answered with its login page");
  if (status >= 300 && status < 400) throw redirectError(envelope, context);
  if (!isSuccess) throw statusError(envelope, context);
  if (envelope.content === "broken" || envelope.content === "other") {
    throw lost(envelope, context, "the answer is cut off or no JSON");
  }
  return envelope;
}

/** The error of an answer whose JSON lacks what every Jira sends there. */
export function strangeAnswer(answer: Answer, context: AnswerContext): BackfeedError {
  return lost(answer, context, "the answer lacks what it must hold");
}

/** Of answers that Jira itself gave: what its gateway says (429, 5xx, redirects) names nobody and tells nothing about us. */
function isAnonymous({ status, headers }: Answer, { namesAccount }: AnswerContext): boolean {
  const isJirasOwn = status < 300 || (status >= 400 && status < 429);
  if (!isJirasOwn) return false;
  if (headers["x-seraph-loginreason"]?.includes("AUTHENTICATED_FAILED") === true) return true;
  if (headers["x-ausername"] === "anonymous") return true;
  // "Not found" may mean "not for you"; other refusals say what they are.
  return namesAccount && (status < 300 || status === 404) && (headers["x-aaccountid"] ?? "") === "";
}

function failureError(failure: Failure, context: AnswerContext): BackfeedError {
  const details = {
    facts: { operation: context.operation, ...(failure.code === undefined ? {} : { code: failure.code }) },
  };
  const cannot = `Jira: could not ${context.operation}`;
  if (failure.reason === "not_allowed") {
    return new BackfeedError("internal", `${cannot}: the address is outside the configured Jira`, details);
  }
  if (failure.sent && context.effect === "create") {
    return new BackfeedError(
      "unknown_outcome",
      `Jira: the answer to "${context.operation}" was lost (${failure.reason})`,
      details,
    );
  }
  if (failure.reason === "aborted") return new BackfeedError("aborted", `${cannot}: stopped`, details);
  if (failure.reason === "too_large")
    return new BackfeedError("limit", `${cannot}: the answer is larger than 10 MB`, details);
  const why =
    failure.reason === "timeout"
      ? "no answer in time"
      : `no connection${failure.code === undefined ? "" : ` (${failure.code})`}`;
  return new BackfeedError("unavailable", `${cannot}: ${why}`, details);
}

const heldBecause: Readonly<Record<Wait["reason"], string>> = {
  rest: "Jira asked us to wait",
  issue: "the issue was written to often just now",
  bucket: "held back to keep to requests_per_minute",
};

function heldError({ reason, waitMs }: Held, { operation }: AnswerContext): BackfeedError {
  const details = { retryAfterMs: waitMs, facts: { operation } };
  return new BackfeedError("rate_limited", `Jira: could not ${operation}: ${heldBecause[reason]}`, details);
}

function redirectError(answer: Answer, context: AnswerContext): BackfeedError {
  if (context.effect === "create") return lost(answer, context, `status ${answer.status}, a redirect`);
  if (/login|signin|saml|sso|oauth/i.test(answer.headers["location"] ?? "")) {
    return error("unauthorized", answer, context, "Jira sent us to a login page");
  }
  return error(
    "refused",
    answer,
    context,
    `status ${answer.status}, a redirect: set the tracker's url to the address that Jira itself uses`,
  );
}

const kinds: Readonly<Record<number, ErrorKind>> = {
  401: "unauthorized",
  403: "unauthorized",
  404: "not_found",
  408: "unavailable",
  409: "conflict",
  425: "unavailable",
  429: "rate_limited",
};

function statusError(answer: Answer, context: AnswerContext): BackfeedError {
  const { status, headers } = answer;
  // A server that gave up waiting, or failed, may have acted all the same.
  if (status >= 500 || status === 408 || status < 200) return lost(answer, context, `status ${status}`);
  // Jira says "not found" in JSON; a page says it of a proxy's own, and would make us give up a ticket that is there.
  if (status === 404 && context.effect !== "create" && (answer.content === "other" || answer.content === "broken")) {
    return error("unavailable", answer, context, "status 404 from something before Jira");
  }
  const denied = headers["x-authentication-denied-reason"];
  const reason =
    denied?.startsWith("CAPTCHA") === true ? "login needs a CAPTCHA: log in once in the browser" : undefined;
  return error(
    kinds[status] ?? "refused",
    answer,
    context,
    [`status ${status}`, reason, said(answer, context)].filter(Boolean).join(": "),
  );
}

/** Nobody knows whether it happened: of a create that is its own kind, all else is simply done again. */
function lost(answer: Answer, context: AnswerContext, why: string): BackfeedError {
  return error(context.effect === "create" ? "unknown_outcome" : "unavailable", answer, context, why);
}

function error(kind: ErrorKind, answer: Answer, context: AnswerContext, why: string): BackfeedError {
  const retryAfterMs = kind === "rate_limited" || answer.status >= 500 ? retryAfterOf(answer, context.now) : undefined;
  const requestId = answer.headers["atl-traceid"] ?? answer.headers["x-arequestid"];
  const fields = Object.keys(fieldErrors(answer)).filter((name) => /^[A-Za-z][\w.-]{0,60}$/.test(name));
  return new BackfeedError(kind, `Jira: could not ${context.operation}: ${why}`, {
    status: answer.status,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(kind === "conflict" ? { retryable: true } : {}),
    facts: {
      operation: context.operation,
      ...(requestId === undefined ? {} : { requestId: requestId.replace(/[^\w-]/g, "").slice(0, 64) }),
      ...(fields.length === 0 ? {} : { fields: fields.slice(0, 20).join(",") }),
    },
  });
}

/** Names of the fields that Jira named in its refusal. */
export function refusedFields(thrown: BackfeedError): readonly string[] {
  const fields = thrown.facts["fields"];
  return typeof fields === "string" ? fields.split(",") : [];
}

function fieldErrors(answer: Answer): Record<string, unknown> {
  const errors = (answer.body as { errors?: unknown } | undefined)?.errors;
  return typeof errors === "object" && errors !== null ? (errors as Record<string, unknown>) : {};
}

/** What Jira said, short and without secrets: its texts repeat what was sent. */
function said(answer: Answer, { redact }: AnswerContext): string | undefined {
  const { errorMessages } = (answer.body ?? {}) as { errorMessages?: unknown };
  const messages = Array.isArray(errorMessages) ? errorMessages : [];
  const fields = Object.entries(fieldErrors(answer)).map(([name, text]) => `${name}: ${String(text)}`);
  const texts = [...fields, ...messages.map(String)].slice(0, 5);
  return texts.length === 0 ? undefined : texts.map((text) => shorten(cleanLine(redact(text)), 200)).join("; ");
}
