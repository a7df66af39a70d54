import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Authentication } from "./authentication.ts";
import { Faults } from "./faults.ts";
import { InProcessDispatcher } from "./in-process.ts";
import { DEFAULT_LOGIN, type Deployment, defaultCredentials, type JiraDoubleOptions } from "./options.ts";
import { Person } from "./person.ts";
import { RateLimits } from "./rate-limits.ts";
import type { HistoryEntry, IssueRecord } from "./record.ts";
import { renderIssue } from "./render-issue.ts";
import type { RequestEntry, Violation } from "./request-log.ts";
import { attachmentRoutes } from "./routes/attachment.ts";
import { commentRoutes } from "./routes/comment.ts";
import { issueRoutes } from "./routes/issue.ts";
import { issueLinkRoutes } from "./routes/issue-link.ts";
import { metaRoutes } from "./routes/meta.ts";
import { propertyRoutes } from "./routes/property.ts";
import { remoteLinkRoutes } from "./routes/remote-link.ts";
import { searchRoutes } from "./routes/search.ts";
import type { SearchIndex } from "./search-index.ts";
import { createApp } from "./server.ts";
import { Site } from "./site.ts";
import { validatorFor } from "./validator.ts";
import { Webhooks } from "./webhooks.ts";

/** A Jira that runs on a loopback port until `stop()`. */
export interface JiraDouble {
  readonly deployment: Deployment;
  /** With the context path, without a slash at the end. */
  readonly url: string;
  /** Credentials that work on a site with the default `credentials`. */
  readonly login: typeof DEFAULT_LOGIN;
  readonly faults: Faults;
  /** `lag`, `visible`, `hide(issueId, searches)`, `flush()`. */
  readonly index: SearchIndex;
  readonly webhooks: Webhooks;
  /** Every write that took effect, oldest first; equal for two runs that did the same. */
  readonly history: readonly HistoryEntry[];
  /** Every request, oldest first, with all that was received. */
  readonly requests: readonly RequestEntry[];
  /** Answers against Atlassian's documents, and paths the double lacks. A test ends with this empty. */
  readonly violations: readonly Violation[];
  /** For undici: to this double without the network. */
  readonly dispatcher: InProcessDispatcher;
  /** Copies of the issues that exist, by id. */
  issues(): IssueRecord[];
  /** Copy of an issue by id, key or former key; undefined when there is none. */
  issue(idOrKey: string): IssueRecord | undefined;
  /** An issue as GET would give it with all fields and properties, without a request. */
  json(idOrKey: string): Record<string, unknown>;
  attachment(id: string): Buffer | undefined;
  /** Ids that a bulk fetch cannot show just now, and says so. */
  readonly unshown: Set<string>;
  person(name: string): Person;
  /** The user's tokens stop working until `renewToken`. */
  expireToken(user?: string): void;
  renewToken(user?: string): void;
  stop(): Promise<void>;
}

/**
 * Starts a stateful Jira, Cloud v3 or Data Center v2, on a free loopback port. Every request and response is checked against
 * Atlassian's OpenAPI document (unless `validates` is off); what that lets through and Jira would refuse is refused too (refusals.ts).
 * Throws when the OpenAPI document is not there.
 */
export async function startJiraDouble(options: JiraDoubleOptions): Promise<JiraDouble> {
  const site = new Site(options);
  const contextPath = options.contextPath ?? "";
  const routes = [
    issueRoutes,
    commentRoutes,
    propertyRoutes,
    remoteLinkRoutes,
    attachmentRoutes,
    issueLinkRoutes,
    searchRoutes,
    metaRoutes,
  ].flatMap((routesOf) => routesOf(site));
  const operations = routes.map(({ method, path }) => `${method} ${path}`);
  const { deployment, openapiDirectory: directory } = options;
  const validator =
    options.validates === false
      ? { middleware: [], allPaths: [], declares: () => true }
      : validatorFor({ deployment, operations, contextPath, directory });
  const authentication = new Authentication(site, options.credentials ?? defaultCredentials(options.deployment));
  const limits = new RateLimits(site, options.limits ?? {});
  const faults = new Faults();
  const webhooks = new Webhooks(site, options.webhook);
  site.webhooks = webhooks;
  const requests: RequestEntry[] = [];
  const violations: Violation[] = [];

  const app = createApp({ site, contextPath, routes, validator, authentication, limits, faults, requests, violations });
  const server = options.listens === false ? undefined : await listen(app);
  const port = server === undefined ? 8080 : (server.address() as AddressInfo).port;
  site.url = `http://127.0.0.1:${port}${contextPath}`;
  site.browseUrl = options.siteUrl ?? site.url;

  return {
    deployment: options.deployment,
    url: site.url,
    login: DEFAULT_LOGIN,
    faults,
    index: site.index,
    webhooks,
    history: site.history,
    requests,
    violations,
    dispatcher: new InProcessDispatcher(app),
    issues: () => [...site.issues.values()].map((issue) => structuredClone(issue)),
    issue: (idOrKey) => structuredClone(site.find(idOrKey)),
    json: (idOrKey) =>
      renderIssue(site, site.issue(idOrKey), { fields: ["*all"], expand: new Set(), properties: ["*all"] }),
    attachment: (id) => site.files.get(id),
    unshown: site.unshown,
    person: (name) => new Person(site, name),
    expireToken: (user = "backfeed") => authentication.expire(user),
    renewToken: (user = "backfeed") => authentication.renew(user),
    stop: () =>
      new Promise((resolve) => {
        if (server === undefined) return resolve();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(app: RequestListener): Promise<Server> {
  const server = createServer(app);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}
