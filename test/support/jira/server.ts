import express, { type NextFunction, type Request, type Response } from "express";
import { sendFaultAfter, sendFaultBefore, sendHtml, sendRateLimited, sendRefusal, sendReply } from "./answers.ts";
import { refuseAnonymous } from "./authentication.ts";
import { apiPath, callOf, type Exchange, type ServerParts } from "./exchange.ts";
import { readMultipart } from "./multipart.ts";
import { Refusal } from "./refusal.ts";
import type { RequestEntry } from "./request-log.ts";
import { isWrite, Routing } from "./routing.ts";
import { serveSpecialPaths } from "./special-paths.ts";

type Step = (exchange: Exchange, req: Request, res: Response, next: NextFunction) => void | Promise<void>;

const MOST_BYTES = 128 * 1024 * 1024;

export function createApp(parts: ServerParts): express.Express {
  const app = express();
  app.disable("x-powered-by").disable("etag");
  const exchanges = new WeakMap<Request, Exchange>();
  const step = (run: Step) => (req: Request, res: Response, next: NextFunction) => {
    const exchange = exchanges.get(req);
    if (exchange === undefined) throw new Error("Jira double: request without exchange");
    return run(exchange, req, res, next);
  };
  const routing = new Routing(parts.routes);

  app.use(async (req: Request, res: Response, next: NextFunction) => {
    exchanges.set(req, await receive(parts, routing, req, res));
    next();
  });
  app.use(step((exchange, req, res, next) => serveSpecialPaths({ parts, routing, exchange, req, res, next })));
  app.use(step((exchange, _req, res, next) => applyFaultBefore({ parts, exchange, res, next })));
  app.use(step((exchange, req, res, next) => authenticate({ parts, exchange, req, res, next })));
  app.use(step((exchange, req, _res, next) => readBody({ exchange, req, next })));
  for (const middleware of parts.validator.middleware) app.use(middleware);
  app.use(step((exchange, req, res) => perform({ parts, exchange, req, res })));
  app.use((error: unknown, req: Request, res: Response, _next: NextFunction) => {
    const exchange = exchanges.get(req);
    if (exchange === undefined) sendHtml(res, 500, String(error));
    else answerError({ parts, exchange, error, res });
  });
  return app;
}

async function receive(parts: ServerParts, routing: Routing, req: Request, res: Response): Promise<Exchange> {
  const raw = await readAll(req);
  const url = new URL(req.originalUrl, "http://jira.invalid");
  // `latest` is an alias on both; Cloud also answers /rest/api/2/serverInfo, which clients ask to learn which flavour it is.
  const version = parts.site.cloud ? "3" : "2";
  const rewritten = url.pathname.replace("/rest/api/latest/", `/rest/api/${version}/`);
  url.pathname = parts.site.cloud ? rewritten.replace("/rest/api/2/serverInfo", "/rest/api/3/serverInfo") : rewritten;
  req.originalUrl = url.pathname + url.search;
  req.url = req.originalUrl;
  const matched = routing.find(req.method, apiPath(parts, url.pathname) ?? "");
  const { authorization, ...headers } = req.headers;
  const scheme: Record<string, string> =
    authorization === undefined ? {} : { authorization: `${authorization.split(" ")[0]} <secret>` };
  const entry: RequestEntry = {
    n: parts.requests.length + 1,
    at: parts.site.clock(),
    operation: matched?.route.operation ?? "unserved",
    method: req.method,
    path: url.pathname + url.search,
    headers: { ...(headers as Record<string, string>), ...scheme },
    body: raw.toString("utf8"),
    bytes: raw.length,
    status: null,
    outcome: "open",
    fault: undefined,
    openapi: "skipped",
    refusals: [],
    user: undefined,
  };
  parts.requests.push(entry);
  res.set("Date", new Date(parts.site.clock()).toUTCString());
  res.set("atl-traceid", entry.n.toString(16).padStart(32, "0"));
  // Before the client can have the answer, so that a test reads a complete entry.
  res.on("prefinish", () => {
    entry.status = res.statusCode;
    if (entry.outcome === "open") entry.outcome = res.statusCode < 400 ? "answered" : "refused";
  });
  return { entry, url, raw, matched, fault: undefined, user: undefined, parts: [] };
}

async function readAll(req: Request): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req) {
    size += (chunk as Buffer).length;
    if (size > MOST_BYTES) throw new Refusal({ status: 413, errorMessages: ["Request entity too large"] });
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

async function applyFaultBefore(options: {
  parts: ServerParts;
  exchange: Exchange;
  res: Response;
  next: NextFunction;
}): Promise<void> {
  const { parts, exchange, res, next } = options;
  const { entry } = exchange;
  const { n, operation, method, path, body } = entry;
  const fault = parts.faults.take({ n, operation, method, path, body });
  exchange.fault = fault;
  if (fault === undefined) return next();
  entry.fault = fault.kind;
  if (fault.kind === "hold" && fault.stage !== "after") await fault.until;
  if (fault.kind === "headers") res.set(fault.headers);
  if (sendFaultBefore(res, fault, parts.site.cloud)) entry.outcome = "fault";
  else next();
}

function authenticate(options: {
  parts: ServerParts;
  exchange: Exchange;
  req: Request;
  res: Response;
  next: NextFunction;
}) {
  const { parts, exchange, req, res, next } = options;
  const { site } = parts;
  const identity = parts.authentication.identify(req.headers.authorization, exchange.fault?.kind === "expiredToken");
  exchange.user = identity.user;
  exchange.entry.user = identity.user;
  res.set(identity.headers);
  const limit = parts.limits.request(exchange.entry.operation);
  res.set(limit.headers);
  if (limit.hit !== undefined) return sendRateLimited(res, limit.hit);
  const refusal = identity.user === undefined ? refuseAnonymous(site, exchange.entry.operation) : undefined;
  if (refusal !== undefined) return sendRefusal(res, refusal);
  next();
}

function readBody(options: { exchange: Exchange; req: Request; next: NextFunction }): void {
  const { exchange, req, next } = options;
  const { raw } = exchange;
  const contentType = req.headers["content-type"] ?? "";
  if (/^application\/json/i.test(contentType) && raw.length > 0) {
    try {
      req.body = JSON.parse(raw.toString("utf8"));
    } catch {
      throw new Refusal({
        status: 400,
        errorMessages: ["There was an error parsing JSON. Check that your request body is valid."],
      });
    }
  } else if (/^multipart\/form-data/i.test(contentType)) {
    const parts = readMultipart(raw, contentType);
    if (parts === undefined)
      throw new Refusal({ status: 400, errorMessages: ["The multipart body is not well formed."] });
    exchange.parts = parts;
    req.body = Object.fromEntries(parts.map(({ name }) => [name, ""]));
  }
  next();
}

async function perform(options: {
  parts: ServerParts;
  exchange: Exchange;
  req: Request;
  res: Response;
}): Promise<void> {
  const { parts, exchange, req, res } = options;
  const { entry, matched, fault, user } = exchange;
  if (matched === undefined) throw new Error("Jira double: performing an unserved path");
  entry.openapi = "passed";
  const { route, params } = matched;
  const issue = isWrite(route) ? parts.site.find(params["issueIdOrKey"] ?? "") : undefined;
  const hit = issue === undefined ? undefined : parts.limits.write(issue.id);
  if (hit !== undefined) return sendRateLimited(res, hit);

  const reply = route.handler(callOf({ exchange, req, user, params }));
  if (fault?.kind === "hold" && fault.stage === "after") await fault.until;
  if (fault !== undefined && sendFaultAfter(res, fault, reply)) {
    entry.outcome = "fault";
    return;
  }
  const template = `/rest/api/${parts.site.cloud ? 3 : 2}${route.path}`;
  if (!parts.validator.declares(route.method, template, reply.status)) {
    throw new Error(`status ${reply.status} is not declared for ${route.method.toUpperCase()} ${template}`);
  }
  sendReply(res, reply);
}

/** A refusal of Jira's, of the OpenAPI document, or a fault of the double's own. */
function answerError(options: { parts: ServerParts; exchange: Exchange; error: unknown; res: Response }) {
  const { parts, exchange, error, res } = options;
  const { entry } = exchange;
  if (error instanceof Refusal) {
    entry.outcome = "refused";
    entry.refusals = error.ids;
    return sendRefusal(res, error);
  }
  const { status = 500, message } = error as { status?: number; message: string };
  if (entry.openapi !== "passed" && status < 500) {
    entry.openapi = "refused";
    entry.outcome = "refused";
    return sendRefusal(res, new Refusal({ status, errorMessages: [message] }));
  }
  entry.outcome = "violation";
  parts.violations.push({ n: entry.n, operation: entry.operation, path: entry.path, message });
  sendRefusal(res, new Refusal({ status: 500, errorMessages: [`Jira double: ${message}`] }));
}
