import type { Operation } from "./operation.ts";
import type { Credential } from "./options.ts";
import { issueNotFound, Refusal } from "./refusal.ts";
import type { Site } from "./site.ts";

export interface Identity {
  /** undefined: anonymous. */
  user: string | undefined;
  /** Sent with the answer, whatever it is. */
  headers: Record<string, string>;
}

/** Who sends credentials, and which of them have been withdrawn. */
export class Authentication {
  readonly #site: Site;
  readonly #credentials: readonly Credential[];
  readonly #expired = new Set<Credential>();

  constructor(site: Site, credentials: readonly Credential[]) {
    this.#site = site;
    this.#credentials = credentials;
  }

  /** All credentials of a user stop working, as a token does on its last day. */
  expire(user: string): void {
    for (const credential of this.#credentials) if (credential.user === user) this.#expired.add(credential);
  }

  renew(user: string): void {
    for (const credential of this.#credentials) if (credential.user === user) this.#expired.delete(credential);
  }

  /**
   * Cloud answers bad credentials as it answers nobody, with x-seraph-loginreason (JIRA.md 1.6); Data Center with 401.
   * `forcedExpiry` is the expiredToken fault.
   */
  identify(authorization: string | undefined, forcedExpiry: boolean): Identity {
    const credential = forcedExpiry ? undefined : this.#find(authorization);
    if (credential !== undefined) {
      const user = this.#site.catalog.users.get(credential.user);
      if (user === undefined) throw new Error(`Jira double: credential of unknown user ${credential.user}`);
      return {
        user: user.name,
        headers: this.#site.cloud ? { "X-AAccountId": user.accountId } : { "X-AUSERNAME": user.name },
      };
    }
    const headers: Record<string, string> =
      authorization === undefined ? {} : { "x-seraph-loginreason": "AUTHENTICATED_FAILED" };
    if (!this.#site.cloud) headers["X-AUSERNAME"] = "anonymous";
    return { user: undefined, headers };
  }

  #find(authorization: string | undefined): Credential | undefined {
    const [scheme = "", value = ""] = (authorization ?? "").split(" ");
    const matches = (credential: Credential): boolean => {
      if (this.#expired.has(credential)) return false;
      if (credential.kind === "bearer") return scheme.toLowerCase() === "bearer" && value === credential.token;
      const expected = Buffer.from(`${credential.username}:${credential.secret}`).toString("base64");
      return scheme.toLowerCase() === "basic" && value === expected;
    };
    return this.#credentials.find(matches);
  }
}

const OPEN_TO_ANYBODY: ReadonlySet<Operation> = new Set<Operation>([
  "getServerInfo",
  "search",
  "getPriorities",
  "getResolutions",
  "getStatuses",
  "getFields",
  "getIssueLinkTypes",
  "getCreateMetaIssueTypes",
  "getCreateMetaFields",
  "getMyPermissions",
  "getAttachmentMeta",
  "getProject",
]);

const NEEDS_LOGIN: ReadonlySet<Operation> = new Set<Operation>([
  "getMyself",
  "findAssignableUsers",
  "bulkFetchIssues",
  "searchPriorities",
]);

/** What an anonymous caller gets instead of the operation; undefined when it is open. */
export function refuseAnonymous(site: Site, operation: Operation): Refusal | undefined {
  if (operation === "getServerInfo") return undefined;
  if (!site.cloud) {
    const errorMessages = ["You are not authenticated. Authentication required to perform this operation."];
    return new Refusal({ status: 401, errorMessages });
  }
  if (OPEN_TO_ANYBODY.has(operation)) return undefined;
  if (NEEDS_LOGIN.has(operation)) {
    return new Refusal({ status: 401, errorMessages: ["Client must be authenticated to access this resource."] });
  }
  if (operation === "createIssue") {
    const project =
      "Anonymous users do not have permission to create issues in this project. Please try logging in first.";
    return new Refusal({ status: 400, errors: { project } });
  }
  return issueNotFound();
}
