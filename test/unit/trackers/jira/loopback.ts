import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ManualClock } from "../../../../src/support/clock.ts";
import { readAddress, readAuth } from "../../../../src/trackers/jira/address.ts";
import { createClient, type Flavour, type JiraClient } from "../../../../src/trackers/jira/client.ts";
import { createTransport, type JiraTransport } from "../../../../src/trackers/jira/transport.ts";
import { freePacer } from "../../../support/free-pacer.ts";

interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A server that answers as told: for all that no well-behaved Jira would say. */
export interface Loopback {
  readonly url: string;
  readonly received: Received[];
  answer: (response: ServerResponse, request: Received) => void;
  stop(): Promise<void>;
}

export async function startLoopback(answer: Loopback["answer"]): Promise<Loopback> {
  const received: Received[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const entry = { method, url, headers, body: Buffer.concat(chunks).toString("utf8") };
      received.push(entry);
      loopback.answer(response, entry);
    });
    request.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const loopback: Loopback = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answer,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return loopback;
}

export const canary = "cAnAry-s3cret/+=token";

export interface ClientUnderTest {
  readonly client: JiraClient;
  readonly transport: JiraTransport;
}

export function clientFor(options: {
  url: string;
  flavour?: Flavour;
  timeoutMs?: number;
  namesAccount?: boolean;
  now?: number;
}): ClientUnderTest {
  const {
    url,
    flavour = "cloud",
    timeoutMs = 50_000,
    namesAccount = false,
    now = Date.parse("2026-01-05T10:00:00Z"),
  } = options;
  const address = readAddress({ name: "jira", url, allowHttp: false });
  const { header, secrets } = readAuth({ name: "jira", auth: { email: "a@example.com", token: canary } });
  const clock = new ManualClock(now);
  const transport = createTransport({ address, authorization: header, timeoutMs, tls: {}, pacer: freePacer, clock });
  const redact = (text: string) => secrets.reduce((clean, secret) => clean.replaceAll(secret, "<secret>"), text);
  const client = createClient({
    address,
    transport,
    flavour,
    clock,
    redact,
    namesAccount: () => namesAccount,
    urgency: "deliver",
  });
  return { client, transport };
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}
