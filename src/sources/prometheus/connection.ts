import type { ConnectionOptions } from "node:tls";
import { Agent, request } from "undici";
import type { QueryFailure } from "../../model/query.ts";
import { underAny } from "../../support/abort.ts";
import { errorCode, readBounded, unlessStopped } from "../../support/http-answer.ts";
import type { Logger } from "../../support/logging.ts";
import { createRedactor } from "../../support/redaction.ts";
import { createLimiter, stopped } from "../limiter.ts";
import { fail } from "../query-failure.ts";
import { envelope } from "./answer.ts";
import { classify, partial, splitWarnings } from "./failure.ts";

export type PrometheusAuth =
  | { readonly token: string }
  | { readonly user: string; readonly password: string }
  | { readonly apiKey: string };

export interface ConnectionSettings {
  /** Its name in the service configuration. */
  readonly name: string;
  /** The address before `/api/v1/`. */
  readonly url: string;
  readonly auth?: PrometheusAuth;
  /** Mimir, Cortex, Thanos: whose data is asked, as `X-Scope-OrgID`. */
  readonly tenant?: string;
  readonly tls?: Pick<ConnectionOptions, "ca" | "rejectUnauthorized">;
  /** For one request, milliseconds. */
  readonly timeoutMs: number;
  readonly maxConcurrency: number;
  /** Largest answer in bytes. */
  readonly maxResponseBytes: number;
  readonly logger: Logger;
}

export type ApiPath = "query" | "query_range" | "label/__name__/values";

export type ApiAnswer =
  | { readonly kind: "answered"; readonly data: unknown; readonly remarks: readonly string[] }
  | { readonly kind: "failed"; readonly failure: QueryFailure };

/** What those who ask together know of the source. */
export interface Hope {
  /** Why it need not be asked any more. */
  lost(): QueryFailure | undefined;
  learn(failure: QueryFailure): void;
}

export interface Connection {
  /**
   * Asks once, within the limits. Whatever is not a full answer is `failed`; throws only `aborted`. `hope` is asked when
   * the request's turn has come, and told of each failure: others may have learned meanwhile that asking is in vain.
   */
  ask(
    path: ApiPath,
    parameters: readonly (readonly [name: string, value: string])[],
    signal: AbortSignal,
    hope?: Hope,
  ): Promise<ApiAnswer>;
  close(): Promise<void>;
}

/** Our only way to a metrics source: bounded in time, bytes and concurrency; follows no redirect; no secret in what it says. */
export function connect(settings: ConnectionSettings): Connection {
  const { timeoutMs, maxConcurrency, maxResponseBytes, logger, name } = settings;
  const base = baseOf(settings.url);
  const agent = new Agent({
    connections: maxConcurrency,
    // Our own deadline covers connecting, headers and body together.
    headersTimeout: timeoutMs + 1_000,
    bodyTimeout: timeoutMs + 1_000,
    connect: { timeout: timeoutMs, ...settings.tls },
    keepAliveTimeout: 4_000,
  });
  const { redact } = createRedactor({ secrets: secretsOf(settings) });
  const limited = createLimiter(maxConcurrency);
  const headers = { accept: "application/json", "user-agent": "backfeed", ...ownHeaders(settings) };

  /** Undefined when the connection broke before there was an answer. */
  const send = async (
    path: ApiPath,
    parameters: URLSearchParams,
    signal: AbortSignal,
  ): Promise<ApiAnswer | { readonly broken: string }> => {
    const deadline = AbortSignal.timeout(timeoutMs);
    // Label values are read with GET everywhere; an expression may be longer than an address may be.
    const isForm = path !== "label/__name__/values";
    let status: number | undefined;
    try {
      return await underAny([signal, deadline], async (stop) => {
        const pending = request(`${base}/api/v1/${path}${isForm ? "" : `?${parameters}`}`, {
          dispatcher: agent,
          method: isForm ? "POST" : "GET",
          headers: isForm ? { ...headers, "content-type": "application/x-www-form-urlencoded" } : headers,
          body: isForm ? parameters.toString() : null,
          signal: stop,
        });
        const response = await unlessStopped(pending, stop);
        status = response.statusCode;
        return read(status, await readBounded(response.body, maxResponseBytes));
      });
    } catch (thrown) {
      if (signal.aborted) throw stopped(thrown);
      if (deadline.aborted) return failed(fail("timeout", true, `the source did not answer within ${timeoutMs} ms`));
      // A refusal whose text was lost is a refusal.
      if (status !== undefined && status >= 300) return read(status, "");
      return { broken: errorCode(thrown) ?? "the connection broke" };
    }
  };

  const read = (status: number, text: string | undefined): ApiAnswer => {
    if (text === undefined) {
      const most = `${Math.round(maxResponseBytes / 1_048_576)} MiB`;
      if (status >= 300) return failed(classify(status, nothingSaid, redact));
      const fix = "aggregate more, such as `sum by (service) (…)`";
      return failed(fail("too_many_groups", false, `the answer is larger than ${most}: ${fix}`));
    }
    const answer = envelope.safeParse(parsed(text));
    if (!answer.success) {
      if (status >= 200 && status < 300) {
        const message = "what answers there is not Prometheus (a proxy's page?), or its answer was cut";
        return failed(fail("unreachable", true, message));
      }
      return failed(classify(status, nothingSaid, redact));
    }
    const { data } = answer;
    if (status < 200 || status >= 300 || data.status === "error") {
      return failed(classify(status, { errorType: data.errorType, error: data.error ?? "" }, redact));
    }
    const warnings = splitWarnings([...(data.warnings ?? []), ...(data.infos ?? []).map(asRemark)]);
    if (warnings.partial.length > 0 || data.isPartial === true) return failed(partial(warnings.partial, redact));
    return { kind: "answered", data: data.data, remarks: warnings.remarks.map(redact) };
  };

  return {
    ask: (path, parameters, signal, hope) =>
      limited(signal, async () => {
        const vain = hope?.lost();
        if (vain !== undefined) return failed(vain);
        const form = new URLSearchParams();
        for (const [key, value] of parameters) form.append(key, value);
        // What nobody waits for any more need not be computed.
        form.append("timeout", `${timeoutMs}ms`);
        let answer = await send(path, form, signal);
        // A reset is often a keep-alive connection that died of age: once more, at once, is right; more is not.
        if ("broken" in answer) answer = await send(path, form, signal);
        if ("broken" in answer) {
          logger.debug("a metrics source could not be reached", { source: name, cause: answer.broken });
          answer = failed(fail("unreachable", true, `the source cannot be reached: ${answer.broken}`));
        }
        if (answer.kind === "failed") hope?.learn(answer.failure);
        return answer;
      }),
    close: () => agent.destroy(),
  };
}

const nothingSaid = { errorType: undefined, error: undefined };

function failed(failure: QueryFailure): ApiAnswer {
  return { kind: "failed", failure };
}

/** Infos are always about the expression, whatever they begin with. */
function asRemark(info: string): string {
  return /^PromQL /.test(info) ? info : `PromQL info: ${info}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Without the parts that people copy along from their browser. */
function baseOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname.replace(/\/+$/, "").replace(/\/api\/v1$/, "")}`;
}

function ownHeaders({ auth, tenant }: ConnectionSettings): Record<string, string> {
  return {
    ...(auth === undefined ? {} : authorization(auth)),
    ...(tenant === undefined ? {} : { "x-scope-orgid": tenant }),
  };
}

function authorization(auth: PrometheusAuth): Record<string, string> {
  if ("apiKey" in auth) return { "x-api-key": auth.apiKey };
  return { authorization: "token" in auth ? `Bearer ${auth.token}` : `Basic ${basic(auth)}` };
}

function basic({ user, password }: { user: string; password: string }): string {
  return Buffer.from(`${user}:${password}`).toString("base64");
}

function secretsOf({ auth }: ConnectionSettings): string[] {
  if (auth === undefined) return [];
  if ("apiKey" in auth) return [auth.apiKey];
  return "token" in auth ? [auth.token] : [auth.password, basic(auth)];
}
