import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

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
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      const [path = "", query = ""] = (request.url ?? "").split("?");
      const parameters = new URLSearchParams(request.method === "POST" ? body : query);
      const seen = { method: request.method ?? "", path, headers: request.headers, parameters };
      requests.push(seen);
      const answer = how(seen, requests.length - 1);
      if (typeof answer === "function") return answer(response);
      const text = "text" in answer ? answer.text : JSON.stringify(answer.json);
      response.writeHead(answer.status ?? 200, {
        "content-type": "text" in answer ? "text/html" : "application/json",
        ...answer.headers,
      });
      response.end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer(next) {
      how = next;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
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
