import type { ConnectionOptions } from "node:tls";
import { Client, errors } from "@elastic/elasticsearch";
import type { QueryFailure } from "../../model/query.ts";
import { underAny } from "../../support/abort.ts";
import { cleanText } from "../../support/clean-text.ts";
import { createRedactor } from "../../support/redaction.ts";
import { createLimiter, stopped } from "../limiter.ts";
import { fail } from "../query-failure.ts";
import { classify, type ElasticsearchCause, RequestFailed } from "./failure.ts";

export type ElasticsearchAuth =
  | { readonly api_key: string }
  | { readonly user: string; readonly password: string }
  | { readonly token: string };

export interface ConnectionSettings {
  readonly nodes: readonly string[];
  readonly auth?: ElasticsearchAuth;
  readonly tls?: ConnectionOptions;
  /** For one request, milliseconds. */
  readonly timeoutMs: number;
  readonly maxConcurrency: number;
  /** Largest answer in bytes. */
  readonly maxResponseBytes: number;
}

interface ElasticsearchRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** The indices it is about, for messages. */
  readonly target?: string;
  readonly path: string;
  readonly querystring?: Readonly<Record<string, string>>;
  /** JSON, or with `lines` newline-delimited JSON. */
  readonly body?: string;
  readonly lines?: boolean;
}

export interface Connection {
  /**
   * The parsed answer. Throws RequestFailed, or BackfeedError `aborted`. `giveUp` is asked when the request's turn has
   * come: a failure means that others have learned meanwhile that asking is in vain.
   */
  request(
    request: ElasticsearchRequest,
    signal: AbortSignal,
    giveUp?: () => RequestFailed | undefined,
  ): Promise<unknown>;
  /** A text of the other side without our secrets. */
  redact(text: string): string;
  close(): Promise<void>;
}

/** Our only way to Elasticsearch: bounded in time, bytes and concurrency; no secret in what it throws. */
export function connect(settings: ConnectionSettings): Connection {
  const { timeoutMs, maxResponseBytes } = settings;
  const client = new Client({
    nodes: [...settings.nodes],
    ...(settings.auth === undefined ? {} : { auth: clientAuth(settings.auth) }),
    ...(settings.tls === undefined ? {} : { tls: settings.tls }),
    // Our own deadline below also covers the body; theirs ends with the headers.
    requestTimeout: timeoutMs + 1_000,
    maxRetries: 0,
    maxResponseSize: maxResponseBytes,
    maxCompressedResponseSize: maxResponseBytes,
    enableMetaHeader: false,
    redaction: { type: "remove" },
  });
  const redactor = createRedactor({ secrets: secretsOf(settings) });
  const limited = createLimiter(settings.maxConcurrency);

  const send = async (request: ElasticsearchRequest, signal: AbortSignal): Promise<unknown> => {
    const deadline = AbortSignal.timeout(timeoutMs);
    const { method, path, querystring, body, lines } = request;
    try {
      return await underAny([signal, deadline], (either) =>
        client.transport.request(
          { method, path, querystring: { ...querystring }, ...(body === undefined ? {} : { bulkBody: body }) },
          {
            signal: either,
            headers: {
              "content-type": `application/vnd.elasticsearch+${lines === true ? "x-ndjson" : "json"}; compatible-with=8`,
            },
          },
        ),
      );
    } catch (error) {
      if (signal.aborted) throw stopped(error);
      if (deadline.aborted)
        throw new RequestFailed(timedOut(timeoutMs), { cause: withoutSecrets(error, redactor.redact) });
      throw translate(error, redactor.redact, request.target);
    }
  };

  return {
    redact: redactor.redact,
    request: (request, signal, giveUp) =>
      limited(signal, async () => {
        const vain = giveUp?.();
        if (vain !== undefined) throw vain;
        try {
          return await send(request, signal);
        } catch (error) {
          // A reset is often a keep-alive connection that died of age: once more, at once, is right; more is not.
          if (error instanceof RequestFailed && error.status === connectionLost) return send(request, signal);
          throw error;
        }
      }),
    close: () => client.close(),
  };
}

/** In place of an HTTP status: the connection broke before an answer was complete. */
export const connectionLost = 0;

function translate(error: unknown, redact: (text: string) => string, target: string | undefined): RequestFailed {
  const cause = withoutSecrets(error, redact);
  const said = cause.message;
  if (error instanceof errors.ResponseError) {
    const status = error.statusCode ?? 0;
    const body: unknown = error.body;
    const failure = classify(status, readCause(body), { redact, ...(target === undefined ? {} : { target }) });
    return new RequestFailed(failure, { status, splittable: status === 400 || status === 413, cause });
  }
  if (error instanceof errors.TimeoutError) return new RequestFailed(fail("timeout", true, said), { cause });
  if (error instanceof errors.RequestAbortedError) {
    const message = `the answer is larger than allowed: ask for fewer groups or samples (${said})`;
    return new RequestFailed(fail("refused", false, message), { splittable: true, cause });
  }
  if (error instanceof errors.ProductNotSupportedError || error instanceof errors.DeserializationError) {
    const message = `what answers there is not Elasticsearch (a proxy's page?): ${said}`;
    return new RequestFailed(fail("unreachable", true, message), { cause });
  }
  if (error instanceof errors.ConnectionError || error instanceof errors.NoLivingConnectionsError) {
    const message = `Elasticsearch cannot be reached: ${said}`;
    return new RequestFailed(fail("unreachable", true, message), { status: connectionLost, cause });
  }
  // A compressed body that does not unpack, and what else a broken peer may do.
  return new RequestFailed(fail("internal", true, `asking Elasticsearch failed: ${said}`), { cause });
}

function timedOut(timeoutMs: number): QueryFailure {
  return fail("timeout", true, `Elasticsearch did not answer within ${timeoutMs} ms`);
}

/** The client's errors carry the whole request with its headers: only name and message go on. */
function withoutSecrets(error: unknown, redact: (text: string) => string): Error {
  const message = error instanceof Error ? error.message : String(error);
  const plain = new Error(cleanText(redact(message), { maxLength: 300, singleLine: true }));
  if (error instanceof Error) plain.name = error.name;
  return plain;
}

function readCause(body: unknown): ElasticsearchCause | undefined {
  if (typeof body !== "object" || body === null || !("error" in body)) return undefined;
  const { error } = body;
  return typeof error === "object" && error !== null ? error : { reason: String(error) };
}

function clientAuth(auth: ElasticsearchAuth) {
  if ("api_key" in auth) return { apiKey: auth.api_key };
  if ("token" in auth) return { bearer: auth.token };
  return { username: auth.user, password: auth.password };
}

function secretsOf({ auth, nodes }: ConnectionSettings): string[] {
  const secrets = nodes.map((node) => decodeURIComponent(URL.canParse(node) ? new URL(node).password : ""));
  if (auth !== undefined) secrets.push("api_key" in auth ? auth.api_key : "token" in auth ? auth.token : auth.password);
  return secrets.filter((secret) => secret !== "");
}
