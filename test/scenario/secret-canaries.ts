import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Stands in every secret below, so that one search finds what is left of any of them. */
const marker = "KANARI3";

/** What the configuration loads from the environment. */
export const configured = {
  JIRA_TOKEN: `${marker}-jira/token+of=ours`,
  ES_PASSWORD: `${marker} pass wörd "of" elasticsearch`,
  VIEWER_TOKEN: `${marker}-viewer-token-0123456789`,
} as const;

/** Secrets as they turn up in logs: known formats, named values, and our own in every form that programs give them. */
export const secretTexts: readonly string[] = [
  `calling with Authorization: Bearer ${marker}abcDEF123456789`,
  `login failed for password=${marker}-named-value and goes on`,
  `{"db":{"password":"${marker}-in-json"},"api_key":"${marker}0123456789"}`,
  `AKIA${marker}ABCDEFGH1 was used`,
  `session eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJrYW5hcmkifQ.${marker}signature`,
  `postgres://app:${marker}-url@db.example.com/orders`,
  `ours plain: ${configured.JIRA_TOKEN}`,
  `ours in a url: https://x.example/?t=${encodeURIComponent(configured.JIRA_TOKEN)}`,
  `ours in base64: ${base64(configured.JIRA_TOKEN)}`,
  `ours in a login: Basic ${base64(`backfeed:${configured.JIRA_TOKEN}`)}`,
  `ours in json: ${JSON.stringify(configured.ES_PASSWORD)}`,
  `ours: ${configured.ES_PASSWORD}`,
  `-----BEGIN RSA PRIVATE KEY-----\n${marker}MIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----`,
];

/** What must be found nowhere. */
const forbidden: readonly string[] = [
  marker,
  base64(configured.JIRA_TOKEN).slice(0, 16),
  base64(`backfeed:${configured.JIRA_TOKEN}`).slice(0, 24),
  base64(configured.ES_PASSWORD).slice(0, 16),
];

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** The surroundings of every secret in a text or in bytes; empty when there is none. */
export function secretsIn(content: string | Buffer): string[] {
  const text = typeof content === "string" ? content : content.toString("latin1");
  const lower = text.toLowerCase();
  return forbidden.flatMap((secret) => {
    const at = lower.indexOf(secret.toLowerCase());
    return at === -1 ? [] : [text.slice(Math.max(0, at - 120), at + 120)];
  });
}

/** Something that calls itself Elasticsearch and answers every question with this status and reason. */
export async function startRefusingElasticsearch(status: number, reason: string) {
  const body = JSON.stringify({ error: { type: "parsing_exception", reason, root_cause: [] }, status });
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(status, {
      "content-type": "application/vnd.elasticsearch+json;compatible-with=8",
      "x-elastic-product": "Elasticsearch",
    });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
