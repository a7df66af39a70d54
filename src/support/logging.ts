import { type DestinationStream, pino, destination as pinoDestination } from "pino";
import { type Clock, systemClock } from "./clock.ts";
import { BackfeedError } from "./errors.ts";
import type { Redactor } from "./redaction.ts";
import { isSecretName } from "./redaction-members.ts";

export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Ids, counts and short words; whatever varies goes here and never into the message. */
type LogFacts = Readonly<Record<string, unknown>>;

/**
 * What everything logs through. Messages are fixed texts; `code` is stable and documented where it is used, because
 * people alert on it. `warn`: look in batches. `error`: somebody must act.
 */
export interface Logger {
  debug(message: string, facts?: LogFacts): void;
  info(message: string, facts?: LogFacts): void;
  warn(code: string, message: string, facts?: LogFacts, error?: unknown): void;
  error(code: string, message: string, facts?: LogFacts, error?: unknown): void;
  /** The same logger, with these facts on every line. */
  child(facts: LogFacts): Logger;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly redactor: Redactor;
  /** Default: standard error, written at once, so that a line about a crash is not lost. */
  readonly destination?: DestinationStream;
  readonly clock?: Clock;
}

const maxDepth = 5;
const maxEntries = 50;
const maxText = 4_000;
const maxCauses = 5;

/** A logger of JSON lines `{ level, time, code, message, …facts, error }`; every text in them passes the redactor. */
export function createLogger(options: LoggerOptions): Logger {
  const clock = options.clock ?? systemClock;
  const { redactor } = options;
  const root = pino(
    {
      level: options.level,
      base: null,
      messageKey: "message",
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    options.destination ?? pinoDestination({ dest: 2, sync: true }),
  );
  const text = (value: string) => redactor.redact(value.length > maxText ? `${value.slice(0, maxText)}…` : value);
  const logger = (facts: LogFacts): Logger => {
    const write = (level: "debug" | "info" | "warn" | "error", message: string, more: LogFacts) => {
      if (!root.isLevelEnabled(level)) return;
      const { level: _level, time: _time, message: _message, ...safe } = { ...facts, ...more };
      root[level](plainMembers(safe, text, maxDepth), text(message));
    };
    const withError = (code: string, more: LogFacts | undefined, error: unknown) => ({
      ...more,
      code,
      ...(error === undefined ? {} : { error: errorFacts(error, maxCauses) }),
    });
    return {
      debug: (message, more) => write("debug", message, more ?? {}),
      info: (message, more) => write("info", message, more ?? {}),
      warn: (code, message, more, error) => write("warn", message, withError(code, more, error)),
      error: (code, message, more, error) => write("error", message, withError(code, more, error)),
      child: (more) => logger({ ...facts, ...more }),
    };
  };
  return logger({});
}

const nothing = () => undefined;

/** Writes nothing: the default where a logger is optional. */
export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLogger,
};

function errorFacts(error: unknown, depth: number): LogFacts {
  if (!(error instanceof Error)) return { message: String(error) };
  const ours = error instanceof BackfeedError;
  return {
    name: error.name,
    message: error.message,
    ...(ours ? { kind: error.kind, retryable: error.retryable, status: error.status, facts: error.facts } : {}),
    stack: error.stack,
    ...(error.cause === undefined || depth === 0 ? {} : { cause: errorFacts(error.cause, depth - 1) }),
  };
}

/** Facts as plain JSON: redacted, bounded in depth, entries and length; never throws for what JSON cannot say. */
function plain(value: unknown, text: (value: string) => string, depth: number): unknown {
  if (typeof value === "string") return text(value);
  if (value === undefined || value === null || typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object") return `<${typeof value}>`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "invalid date" : value.toISOString();
  if (value instanceof Error) return plainMembers(errorFacts(value, maxCauses), text, depth);
  if (depth === 0) return "<too deep>";
  if (Array.isArray(value)) return value.slice(0, maxEntries).map((item) => plain(item, text, depth - 1));
  if (value instanceof Uint8Array) return `<${value.byteLength} bytes>`;
  return plainMembers(value, text, depth - 1);
}

function plainMembers(members: object, text: (value: string) => string, depth: number): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(members).slice(0, maxEntries)) {
    const hidden = typeof value === "string" && isSecretName(name);
    result[text(name)] = hidden ? "<redacted:member>" : plain(value, text, depth);
  }
  return result;
}
