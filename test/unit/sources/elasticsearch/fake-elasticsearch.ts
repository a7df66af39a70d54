import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { startLoopbackServer } from "../../../support/loopback-server.ts";

export interface FakeRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The searches of an `_msearch`. */
  readonly searches: readonly unknown[];
}

/** What a real server will not show on demand: an answer as JSON, or whatever is done to the response by hand. */
export type FakeAnswer =
  | { readonly status?: number; readonly json: unknown; readonly headers?: Record<string, string> }
  | ((response: ServerResponse) => void);

export interface FakeElasticsearch {
  readonly url: string;
  readonly requests: readonly FakeRequest[];
  /** How each request is answered from now on. */
  answer(how: (request: FakeRequest, index: number) => FakeAnswer): void;
  close(): Promise<void>;
}

/** A loopback HTTP server that says of itself to be Elasticsearch and answers what a test tells it. */
export async function startFakeElasticsearch(): Promise<FakeElasticsearch> {
  const requests: FakeRequest[] = [];
  let how: (request: FakeRequest, index: number) => FakeAnswer = () => ({ status: 500, json: {} });
  const { url, close } = await startLoopbackServer(({ path, headers, body }, response) => {
    const lines = body.trim().split("\n");
    const searches = path.startsWith("/_msearch")
      ? lines.filter((_, index) => index % 2 === 1).map((line): unknown => JSON.parse(line))
      : [];
    const seen = { path, headers, body, searches };
    requests.push(seen);
    response.setHeader("x-elastic-product", "Elasticsearch");
    const answer = how(seen, requests.length - 1);
    if (typeof answer === "function") return answer(response);
    response.writeHead(answer.status ?? 200, {
      "content-type": "application/vnd.elasticsearch+json;compatible-with=8",
      ...answer.headers,
    });
    response.end(JSON.stringify(answer.json));
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

/** One search's part of a good answer. */
export function counted(events: number, more: Record<string, unknown> = {}): Record<string, unknown> {
  const shards = { total: 5, successful: 5, skipped: 0, failed: 0 };
  return { status: 200, timed_out: false, _shards: shards, hits: { total: { value: events } }, ...more };
}

/** Answers every search of a request with the same part. */
export function eachSearch(part: unknown): (request: FakeRequest) => FakeAnswer {
  return ({ searches }) => ({ json: { took: 1, responses: searches.map(() => part) } });
}
