import type { Response } from "express";
import type { FaultKind } from "./faults.ts";

import type { Reply } from "./operation.ts";
import type { Refusal } from "./refusal.ts";

/** The ways an answer leaves the double, right or wrong. Only `sendJson` and errors pass the response validator. */

export const LOGIN_PAGE =
  '<!DOCTYPE html><html><head><title>Log in - Jira</title></head><body><form action="/login.jsp" method="post"><input name="os_username"></form></body></html>';

const ERROR_PAGE = (status: number) =>
  `<!DOCTYPE html><html><head><title>${status}</title></head><body><h1>We're having some trouble</h1><p>Status ${status}</p></body></html>`;

export function sendHtml(res: Response, status: number, html: string): void {
  res.status(status).set("content-type", "text/html;charset=UTF-8").end(html);
}

export function sendRefusal(res: Response, refusal: Refusal): void {
  const { status, errorMessages, errors } = refusal;
  res.status(status).json({ errorMessages, errors });
}

export function sendRateLimited(
  res: Response,
  hit: { retryAfter?: number | null | undefined; reason?: string | undefined },
): void {
  const { retryAfter = 5, reason = "jira-burst-based" } = hit;
  if (retryAfter !== null) res.set("Retry-After", String(retryAfter));
  res.set("RateLimit-Reason", reason).set("content-type", "application/json").status(429);
  res.end(JSON.stringify({ errorMessages: ["Rate limit exceeded."], errors: {} }));
}

/** Answers a fault that replaces the operation; false when the fault does not. */
export function sendFaultBefore(res: Response, fault: FaultKind, cloud: boolean): boolean {
  switch (fault.kind) {
    case "rateLimited":
      res.set(fault.headers ?? {});
      sendRateLimited(res, fault);
      return true;
    case "resetBefore":
      res.socket?.resetAndDestroy();
      return true;
    case "redirectToLogin":
      res.status(302).set("location", "/login.jsp?permissionViolation=true").end();
      return true;
    case "htmlLoginPage":
      sendHtml(res, 200, LOGIN_PAGE);
      return true;
    case "unauthorized":
      sendJsonError(res, 401, "Client must be authenticated to access this resource.");
      return true;
    case "forbidden":
      if (fault.captcha === true) res.set("X-Authentication-Denied-Reason", "CAPTCHA_CHALLENGE; login-url=/login.jsp");
      if (cloud) sendJsonError(res, 403, "You do not have permission to perform this operation.");
      else sendHtml(res, 403, ERROR_PAGE(403));
      return true;
    case "htmlError":
    case "serverError":
      if (fault.processed === true) return false;
      sendErrorFault(res, fault);
      return true;
    default:
      return false;
  }
}

function sendJsonError(res: Response, status: number, message: string): void {
  res.status(status).set("content-type", "application/json");
  res.end(JSON.stringify({ errorMessages: [message], errors: {} }));
}

function sendErrorFault(res: Response, fault: Extract<FaultKind, { kind: "htmlError" | "serverError" }>) {
  if (fault.kind === "serverError") return sendJsonError(res, fault.status ?? 500, "Internal server error");
  if (fault.retryAfter !== undefined) res.set("Retry-After", String(fault.retryAfter));
  sendHtml(res, fault.status ?? 503, ERROR_PAGE(fault.status ?? 503));
}

/** Spoils the answer of a processed request; false when the fault leaves it alone. */
export function sendFaultAfter(res: Response, fault: FaultKind, reply: { status: number; body?: unknown }): boolean {
  const text = reply.body === undefined ? "{}" : JSON.stringify(reply.body);
  const half = text.slice(0, Math.ceil(text.length / 2));
  switch (fault.kind) {
    case "lostAnswer":
      res.socket?.resetAndDestroy();
      return true;
    case "truncatedBody":
      res.status(reply.status).set("content-type", "application/json;charset=UTF-8");
      res.set("content-length", String(Buffer.byteLength(text)));
      res.write(half, () => res.socket?.destroy());
      return true;
    case "invalidJson":
      res.status(reply.status).set("content-type", "application/json;charset=UTF-8").end(half);
      return true;
    case "htmlError":
    case "serverError":
      sendErrorFault(res, fault);
      return true;
    default:
      return false;
  }
}

/** The answer of an operation that went well. JSON passes the response validator. */
export function sendReply(res: Response, reply: Reply): void {
  res.status(reply.status).set(reply.headers ?? {});
  if (reply.bytes !== undefined) res.set("content-type", reply.bytes.contentType).end(reply.bytes.content);
  else if (reply.body === undefined) res.end();
  else res.json(reply.body);
}
