import { Ajv2020 } from "ajv/dist/2020.js";
import { createServer, type Server, type ServerOptions } from "../../../src/server/server.ts";
import { ManualClock } from "../../../src/support/clock.ts";
import type { Logger } from "../../../src/support/logging.ts";
import { createMetrics } from "../../../src/support/metrics.ts";
import { emptyState, type FakeState, fakeProgram } from "./fake-program.ts";
import {
  events,
  evidence,
  evidenceRequest,
  finding,
  findingId,
  localTicket,
  now,
  outboxEntry,
  png,
  rule,
  silence,
  ticketRecord,
} from "./fixtures.ts";

export const viewerToken = "viewer-token-4711-secret";
export const operatorToken = "operator-token-4712-secret";

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

export interface RunningServer {
  readonly state: FakeState;
  readonly server: Server;
  readonly origin: string;
  readonly clock: ManualClock;
  /** Every line that was logged, as JSON text. */
  readonly logged: string[];
  /** Every body that was answered. */
  readonly answered: string[];
  /** Sends one request and checks the answer against the OpenAPI document of this server. */
  ask(path: string, init?: RequestInit & { token?: string | undefined }): Promise<Answer>;
  post(path: string, body: unknown, token?: string): Promise<Answer>;
  stop(): Promise<void>;
}

/** A server on a free loopback port over a seeded fake program. `open` leaves the tokens out. */
export async function runServer(
  options: { open?: boolean; seed?: (state: FakeState) => void } & Partial<Omit<ServerOptions, "logger">> = {},
): Promise<RunningServer> {
  const { open = false, seed = seedOfEach, ...more } = options;
  const state = emptyState();
  seed(state);
  const logged: string[] = [];
  const answered: string[] = [];
  const clock = new ManualClock(now);
  const server = createServer({
    listen: { host: "127.0.0.1", port: 0 },
    auth: { tokens: open ? [] : tokens },
    publicUrl: "https://backfeed.example.com",
    program: fakeProgram(state),
    metrics: createMetrics({ vocabulary, processMetrics: false }),
    logger: recordingLogger(logged),
    clock,
    ...more,
  });
  const { port } = await server.start();
  const origin = `http://127.0.0.1:${port}`;
  let judge: AnswerJudge | undefined;

  const send = async (path: string, { token, ...init }: RequestInit & { token?: string | undefined } = {}) => {
    const headers = new Headers(init.headers);
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    const response = await fetch(`${origin}${path}`, { ...init, headers, redirect: "manual" });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") ?? false;
    const json: Record<string, unknown> = isJson ? JSON.parse(text) : {};
    return { status: response.status, headers: response.headers, text, json };
  };
  const ask: RunningServer["ask"] = async (path, init = {}) => {
    judge ??= answerJudge((await send("/api/v1/openapi.json", { token: viewerToken })).json);
    const answer = await send(path, "token" in init || open ? init : { ...init, token: viewerToken });
    answered.push(answer.text);
    judge(init.method ?? "GET", path, answer);
    return answer;
  };
  return {
    state,
    server,
    origin,
    clock,
    logged,
    answered,
    ask,
    post: (path, body, token = operatorToken) =>
      ask(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        ...(open ? {} : { token }),
      }),
    stop: () => server.stop(),
  };
}

const tokens = [
  { name: "grafana", role: "viewer", token: { reveal: () => viewerToken } },
  { name: "anna", role: "operator", token: { reveal: () => operatorToken } },
] as const;

const vocabulary = { verdicts: [], decisions: [], reasons: [], outboxStates: [], failureCodes: [] };

/** One of everything, so that no route is empty. */
function seedOfEach(state: FakeState): void {
  state.findings = [finding(), finding({ id: findingId(2), title: "cart: p95 is 1.8 s", ruleIds: ["cart-latency"] })];
  state.events.set(findingId(1), events());
  state.tickets = [ticketRecord()];
  state.localTickets = [localTicket()];
  state.outbox = [outboxEntry()];
  state.silences = [silence()];
  state.evidence.set(findingId(1), { request: evidenceRequest(), evidence: evidence() });
  state.rules = [rule(), rule({ id: "cart-latency", lastTick: undefined, watermark: undefined })];
  state.faults = [
    {
      file: "rules/a.yaml",
      line: 3,
      column: 5,
      ruleId: "a",
      severity: "error",
      message: "unknown key `abvoe`",
      fix: "above",
    },
  ];
  state.ticks = [
    {
      schedule: "* * * * *",
      tick: now,
      kind: "evaluated",
      startedAt: now,
      durationMs: 12,
      rules: 2,
      counts: { verdicts: { clear: 3 }, outcomes: {}, notEvaluated: 0 },
    },
  ];
  state.attachments.set("1/chart-1a2b.png", { contentType: "image/png", bytes: png });
  state.attachments.set("1/page.html", {
    contentType: "text/html",
    bytes: new TextEncoder().encode("<script>alert(1)</script>"),
  });
}

function recordingLogger(lines: string[]): Logger {
  const write =
    (level: string) =>
    (...parts: unknown[]) =>
      void lines.push(
        JSON.stringify([level, ...parts], (_key, value) =>
          value instanceof Error ? { message: value.message, cause: value.cause } : value,
        ),
      );
  const logger: Logger = {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    child: () => logger,
  };
  return logger;
}

type AnswerJudge = (method: string, path: string, answer: Answer) => void;

interface DocumentedOperation {
  readonly responses: Record<string, { content?: Record<string, { schema?: object }> }>;
}

/** Checks answers against the document alone: status documented, content type documented, JSON valid. */
function answerJudge(document: Record<string, unknown>): AnswerJudge {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  ajv.addSchema({ $id: "openapi", ...document });
  const paths = Object.entries(document["paths"] as Record<string, Record<string, DocumentedOperation>>).map(
    ([path, operations]) => ({ path, operations, pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`) }),
  );
  return (method, path, answer) => {
    const found = paths.find(({ pattern }) => pattern.test(path.split("?")[0] ?? ""));
    const operation = found?.operations[method.toLowerCase()];
    if (operation === undefined) return;
    const documented = operation.responses[`${answer.status}`];
    if (documented === undefined) throw new Error(`${method} ${path}: status ${answer.status} is not documented`);
    if (documented.content === undefined) return;
    const type = answer.headers.get("content-type")?.split(";")[0] ?? "";
    const content = documented.content[type];
    if (content === undefined) throw new Error(`${method} ${path}: ${type} is not documented for ${answer.status}`);
    const reference = (content.schema as { $ref?: string } | undefined)?.$ref;
    if (reference === undefined) return;
    const validate = ajv.getSchema(`openapi${reference}`);
    if (validate === undefined) throw new Error(`${reference} is not in the document`);
    if (!validate(answer.json)) {
      throw new Error(`${method} ${path}: not as documented: ${ajv.errorsText(validate.errors)}\n${answer.text}`);
    }
  };
}
