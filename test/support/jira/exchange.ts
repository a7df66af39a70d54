import type { Request } from "express";
import type { Authentication } from "./authentication.ts";
import type { FaultKind, Faults } from "./faults.ts";
import type { Call, Part, Route } from "./operation.ts";
import type { RateLimits } from "./rate-limits.ts";
import type { RequestEntry, Violation } from "./request-log.ts";
import type { Matched } from "./routing.ts";
import type { Site } from "./site.ts";
import type { Validator } from "./validator.ts";

/** All that a request passes, in order; each step answers or hands on. */
export interface Exchange {
  entry: RequestEntry;
  url: URL;
  raw: Buffer;
  matched: Matched | undefined;
  fault: FaultKind | undefined;
  user: string | undefined;
  parts: Part[];
}

export interface ServerParts {
  site: Site;
  contextPath: string;
  routes: readonly Route[];
  validator: Validator;
  authentication: Authentication;
  limits: RateLimits;
  faults: Faults;
  requests: RequestEntry[];
  violations: Violation[];
}

export function callOf(options: {
  exchange: Exchange;
  req: Request;
  user: string | undefined;
  params: Record<string, string>;
}): Call {
  const { exchange, req, user, params } = options;
  const query = new URLSearchParams(exchange.url.search);
  return {
    operation: exchange.entry.operation,
    params,
    query,
    headers: req.headers,
    body: req.body,
    parts: exchange.parts,
    user,
  };
}

/** The path below /rest/api/N of this flavour, or undefined. */
export function apiPath(parts: ServerParts, pathname: string): string | undefined {
  const prefix = `${parts.contextPath}/rest/api/${parts.site.cloud ? 3 : 2}`;
  return pathname.startsWith(`${prefix}/`) ? pathname.slice(prefix.length) : undefined;
}
