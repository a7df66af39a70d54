import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { Agent, type Dispatcher, request } from "undici";
import { underAny } from "../../support/abort.ts";
import type { Clock } from "../../support/clock.ts";
import { errorCode, readBounded, unlessStopped } from "../../support/http-answer.ts";
import type { Attachment } from "../tracker.ts";
import type { JiraAddress } from "./address.ts";
import type { Answer, Effect, Envelope, Failure } from "./answer.ts";
import type { PaceAsk, Wait } from "./pace.ts";
import type { Pacer } from "./pacer.ts";
import { readRateSignal } from "./rate-signal.ts";

/** Bytes of one answer. */
const answerLimit = 10 * 1024 * 1024;

/** What the transport must know of the call that a request belongs to. */
export interface CallScope extends PaceAsk {
  readonly effect: Effect;
  readonly signal: AbortSignal;
}

/** Is told of what the pace did to our requests. */
export interface PaceObserver {
  /** A request waited and went, or (`parked`) was turned away to come again. */
  waited(wait: Wait, parked: boolean): void;
  /** Jira said that little is left of its limit. */
  nearLimit(): void;
}

export interface RequestOptions {
  readonly method?: string;
  readonly uri: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as the one part `file` of a multipart body. */
  readonly upload?: Attachment;
}

export interface JiraTransport {
  /** What jira-client calls instead of its own transport. Resolves to an envelope, always. */
  request(options: RequestOptions, scope: CallScope): Promise<Envelope>;
  /** Where the same Jira is as well, by its own word. */
  alsoAt(address: string): void;
  close(): Promise<void>;
}

/**
 * HTTP to one Jira: only addresses below its base, credentials that jira-client never sees, no redirects followed, one
 * deadline for the whole call, bounded answers (JIRA.md 1.6).
 */
export function createTransport(options: {
  address: JiraAddress;
  authorization: string;
  timeoutMs: number;
  tls: { readonly ca?: string; readonly rejectUnauthorized?: boolean };
  /** Takes the requests instead of connections of our own; it stays its owner's to close. */
  dispatcher?: Dispatcher | undefined;
  pacer: Pacer;
  clock: Pick<Clock, "now">;
  observer?: PaceObserver | undefined;
}): JiraTransport {
  const { address, authorization, timeoutMs, dispatcher, pacer, clock, observer } = options;
  const limits = { bodyTimeout: timeoutMs, headersTimeout: timeoutMs, connect: { timeout: timeoutMs, ...options.tls } };
  const agent = new Agent({ ...limits, connections: 8, keepAliveTimeout: 4_000 });
  // A create goes over a connection of its own: a kept one that the server just closed would leave its outcome unknown.
  const freshAgent = new Agent({ ...limits, connections: 8, pipelining: 0 });

  /** Undefined when the request may go. */
  const heldBack = async (scope: CallScope): Promise<Envelope | undefined> => {
    try {
      const admission = await pacer.admit(scope, scope.signal);
      if (admission.goes && admission.waited !== undefined) observer?.waited(admission.waited, false);
      if (admission.goes) return undefined;
      observer?.waited(admission, true);
      return { kind: "held", waitMs: admission.waitMs, reason: admission.reason };
    } catch {
      return { kind: "failure", reason: "aborted", sent: false, code: undefined };
    }
  };

  return {
    request: async ({ method = "GET", uri, body, upload }, scope) => {
      if (!isBelow(uri, address)) {
        return { kind: "failure", reason: "not_allowed", sent: false, code: undefined };
      }
      const held = await heldBack(scope);
      if (held !== undefined) return held;
      const payload = upload === undefined ? jsonPayload(body) : multipartPayload(upload);
      const envelope = await exchange({
        dispatcher: dispatcher ?? (scope.effect === "create" ? freshAgent : agent),
        uri,
        method,
        payload,
        headers: {
          ...standingHeaders,
          authorization,
          ...(upload === undefined ? {} : { "x-atlassian-token": "no-check" }),
        },
        signal: scope.signal,
        timeoutMs,
      });
      if (envelope.kind === "answer") {
        const signal = readRateSignal(envelope, clock.now());
        if (signal.isNear) observer?.nearLimit();
        pacer.heed(signal, scope.writesTo);
      }
      return envelope;
    },
    alsoAt: (other) => pacer.alsoAt(other),
    close: async () => {
      await Promise.all([agent.destroy(), freshAgent.destroy()]);
    },
  };
}

// Error texts in English, whatever language the account has (JIRA.md 2.1).
const standingHeaders = {
  accept: "application/json",
  "accept-language": "en",
  "x-force-accept-language": "true",
  "user-agent": "backfeed",
};

function isBelow(uri: string, address: JiraAddress): boolean {
  if (!URL.canParse(uri)) return false;
  const url = new URL(uri);
  // Parsing has resolved dots by now, so a path cannot climb out.
  return url.href.startsWith(`${address.base}/rest/api/`) && url.username === "" && url.hash === "";
}

interface Payload {
  readonly type: string;
  readonly bytes: Buffer;
}

function jsonPayload(body: unknown): Payload | undefined {
  return body === undefined ? undefined : { type: "application/json", bytes: Buffer.from(JSON.stringify(body)) };
}

function multipartPayload({ name, contentType, bytes }: Attachment): Payload {
  const boundary = `backfeed-${randomUUID()}`;
  const head =
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n` +
    `Content-Type: ${contentType}\r\n\r\n`;
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    bytes: Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  };
}

interface Exchange {
  readonly dispatcher: Dispatcher;
  readonly uri: string;
  readonly method: string;
  readonly payload: Payload | undefined;
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

async function exchange(options: Exchange): Promise<Envelope> {
  const { signal } = options;
  if (signal.aborted) return { kind: "failure", reason: "aborted", sent: false, code: undefined };
  const deadline = AbortSignal.timeout(options.timeoutMs);
  return underAny([signal, deadline], (stop) => exchangeUntil(stop, deadline, options));
}

async function exchangeUntil(stop: AbortSignal, deadline: AbortSignal, options: Exchange): Promise<Envelope> {
  const { dispatcher, uri, method, payload, headers, signal } = options;
  // Without a body there is nothing that tells when it left.
  let sent = payload === undefined;
  let answered: { status: number; headers: Record<string, string> } | undefined;
  // undici asks for the body when the connection stands and before it writes the first byte.
  async function* body(bytes: Buffer): AsyncGenerator<Buffer> {
    sent = true;
    yield bytes;
  }
  try {
    const pending = request(uri, {
      dispatcher,
      method: method as Dispatcher.HttpMethod,
      headers:
        payload === undefined
          ? headers
          : { ...headers, "content-type": payload.type, "content-length": String(payload.bytes.length) },
      body: payload === undefined ? null : Readable.from(body(payload.bytes)),
      signal: stop,
    });
    const response = await unlessStopped(pending, stop);
    answered = { status: response.statusCode, headers: flatten(response.headers) };
    const text = await readBounded(response.body, answerLimit);
    if (text === undefined && answered.status < 400) {
      return { kind: "failure", reason: "too_large", sent: true, code: undefined };
    }
    return readAnswer(answered, text ?? "");
  } catch (thrown) {
    // A refusal whose text was lost is a refusal.
    if (answered !== undefined && answered.status >= 400) return readAnswer(answered, "");
    if (answered !== undefined && !signal.aborted && !deadline.aborted) {
      return { kind: "answer", ...answered, content: "broken", body: undefined };
    }
    const isLate = deadline.aborted || isTimeout(thrown);
    const reason: Failure["reason"] = signal.aborted ? "aborted" : isLate ? "timeout" : "network";
    return { kind: "failure", reason, sent, code: errorCode(thrown) };
  }
}

function readAnswer(head: { status: number; headers: Record<string, string> }, text: string): Answer {
  if (text === "") return { kind: "answer", ...head, content: "empty", body: undefined };
  const type = head.headers["content-type"] ?? "";
  if (/^application\/([\w.-]+\+)?json\b/i.test(type)) {
    try {
      return { kind: "answer", ...head, content: "json", body: JSON.parse(text) };
    } catch {
      return { kind: "answer", ...head, content: "broken", body: undefined };
    }
  }
  const isLogin =
    head.status < 300 && /html/i.test(type) && /os_username|log ?in|sign ?in/i.test(text.slice(0, 200_000));
  return { kind: "answer", ...head, content: isLogin ? "login_page" : "other", body: undefined };
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value;
  }
  return flat;
}

function isTimeout(thrown: unknown): boolean {
  return thrown instanceof Error && /Timeout/.test(thrown.name);
}
