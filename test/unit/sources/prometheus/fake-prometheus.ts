import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { startLoopbackServer } from "../../../support/loopback-server.ts";

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Of the form, or of the address. */
  readonly parameters: URLSearchParams;
}

/** What a real server will not show on demand: an answer as JSON or text, or whatever is done to the response by hand. */
export type FakeAnswer =
  | { readonly status?: number; readonly json: unknown; readonly headers?: Record<string, string> }
  | { readonly status?: number; readonly text: string; readonly headers?: Record<string, string> }
  | ((response: ServerResponse) => void);

export interface FakePrometheus {
  readonly url: string;
  readonly requests: readonly FakeRequest[];
  /** How each request is answered from now on. */
  answer(how: (request: FakeRequest, index: number) => FakeAnswer): void;
  close(): Promise<void>;
}

/** A loopback HTTP server that answers as a test tells it. */
export async function startFakePrometheus(): Promise<FakePrometheus> {
  const requests: FakeRequest[] = [];
  let how: (request: FakeRequest, index: number) => FakeAnswer = () => ({ status: 500, json: {} });
  const { url, close } = await startLoopbackServer(({ method, path: whole, headers, body }, response) => {
    const [path = "", query = ""] = whole.split("?");
    const seen = { method, path, headers, parameters: new URLSearchParams(method === "POST" ? body : query) };
    requests.push(seen);
    const answer = how(seen, requests.length - 1);
    if (typeof answer === "function") return answer(response);
    const text = "text" in answer ? answer.text : JSON.stringify(answer.json);
    const type = "text" in answer ? "text/html" : "application/json";
    response.writeHead(answer.status ?? 200, { "content-type": type, ...answer.headers });
    response.end(text);
  });
  return {
    url,
    requests,
    answer(next) {
      how = next;
    },
    close,
  };
}

/** The answer to an instant query: labels and the value as Prometheus writes it. */
export function vector(...series: readonly (readonly [labels: Record<string, string>, value: string])[]) {
  return success({ resultType: "vector", result: series.map(([metric, value]) => ({ metric, value: [1, value] })) });
}

export function success(data: unknown, more: object = {}) {
  return { json: { status: "success", data, ...more } };
}

export function apiError(status: number, errorType: string, error: string) {
  return { status, json: { status: "error", errorType, error } };
}
