import { timingSafeEqual } from "node:crypto";
import { BackfeedError } from "../support/errors.ts";
import { sha256 } from "../support/hashing.ts";
import { RequestFault } from "./faults.ts";

/** A viewer reads; an operator also acts. */
type Role = "viewer" | "operator";

export interface TokenConfig {
  readonly name: string;
  readonly role: Role;
  readonly token: { reveal(): string };
}

/** Who asks, as the timeline and the log name them. */
export interface Caller {
  readonly name: string;
  readonly role: Role;
}

/** What a route asks of its caller; `open` is for probes that carry no token. */
export type Access = "open" | Role;

/**
 * Gives the function that tells who sent an `Authorization` header; undefined for nobody we know. Without tokens
 * everybody is "someone", an operator: the server sees to it that this listens on loopback only.
 */
export function createAuthenticator(
  tokens: readonly TokenConfig[],
): (header: string | undefined) => Caller | undefined {
  if (tokens.length === 0) return () => ({ name: "someone", role: "operator" });
  const known = tokens.map(({ name, role, token }) => {
    const secret = token.reveal();
    if (secret === "") throw new BackfeedError("configuration", `the API token ${name} is empty`);
    return { caller: { name, role }, digest: digest(secret) };
  });
  return (header) => {
    const given = /^Bearer +(\S+)$/i.exec(header ?? "")?.[1];
    if (given === undefined) return undefined;
    const asked = digest(given);
    let found: Caller | undefined;
    // All are compared, whatever matched: the time it takes says nothing.
    for (const { caller, digest: expected } of known) if (timingSafeEqual(asked, expected)) found ??= caller;
    return found;
  };
}

/** Throws a 401 or 403 unless the caller may use a route. */
export function requireAccess(access: Access, caller: Caller | undefined): void {
  if (access === "open") return;
  if (caller === undefined) {
    throw new RequestFault(401, "unauthorized", "send a known token as `Authorization: Bearer …`", {
      headers: { "www-authenticate": 'Bearer realm="backfeed"' },
    });
  }
  if (access === "operator" && caller.role !== "operator") {
    throw new RequestFault(403, "forbidden", "this needs the operator role", { details: { role: caller.role } });
  }
}

function digest(secret: string): Buffer {
  return Buffer.from(sha256(secret), "hex");
}
