import JiraApi from "jira-client";
import { z } from "zod";
import type { Clock } from "../../support/clock.ts";
import { BackfeedError } from "../../support/errors.ts";
import type { Attachment } from "../tracker.ts";
import type { JiraAddress } from "./address.ts";
import {
  type Answer,
  type AnswerContext,
  acceptAnswer,
  type CallFacts,
  type Envelope,
  strangeAnswer,
} from "./answer.ts";
import type { Urgency } from "./pace.ts";
import * as schemas from "./schemas.ts";
import type { JiraTransport, RequestOptions } from "./transport.ts";

export type Flavour = "cloud" | "datacenter";

export interface ClientOptions {
  readonly address: JiraAddress;
  readonly transport: JiraTransport;
  readonly flavour: Flavour;
  readonly clock: Pick<Clock, "now">;
  readonly redact: (text: string) => string;
  /** Asked for each answer: whether this Jira names the account with each (see session.ts). */
  readonly namesAccount: () => boolean;
  /** Whose turn its requests are in when the pace holds some back. */
  readonly urgency: Urgency;
}

/** One typed call per operation. All throw BackfeedError; only `createIssue` throws `unknown_outcome`. */
export type JiraClient = ReturnType<typeof createClient>;

/** The two ways of one call to Jira. */
interface Line {
  readonly api: JiraApi;
  readonly send: (request: RequestOptions) => Promise<Envelope>;
}

// What may stand in a path without encoding.
const pathPart = /^[A-Za-z0-9_.-]{1,255}$/;

/**
 * The calls, on top of jira-client where it has a method and otherwise through the same transport. No other file imports
 * jira-client. One long function, because it is a list: each call a few lines, all sharing `call` and `own`.
 */
export function createClient(options: ClientOptions) {
  const { address, transport, flavour } = options;
  const version = flavour === "cloud" ? "3" : "2";
  // No credentials: they belong to the transport, and jira-client could only lose them.
  const place = {
    protocol: address.url.protocol.slice(0, -1),
    host: address.url.hostname,
    ...(address.url.port === "" ? {} : { port: address.url.port }),
    base: address.url.pathname.replace(/\/+$/, ""),
    apiVersion: version,
  };

  async function call<S extends z.ZodType>(
    facts: CallFacts & { signal: AbortSignal; schema: S; writesTo?: string },
    exchange: (line: Line) => Promise<unknown>,
  ): Promise<{ value: z.infer<S>; answer: Answer }> {
    const { effect, signal, writesTo } = facts;
    const scope = { effect, signal, writesTo, urgency: options.urgency };
    const send = (request: RequestOptions) => transport.request(request, scope);
    // One jira-client a call: its methods take no options, so what the transport must know of the call is bound to it here.
    const envelope = (await exchange({ send, api: new JiraApi({ ...place, request: send }) })) as Envelope;
    const context: AnswerContext = {
      operation: facts.operation,
      effect: facts.effect,
      namesAccount: options.namesAccount(),
      now: options.clock.now(),
      redact: options.redact,
    };
    const answer = acceptAnswer(envelope, context);
    const parsed = facts.schema.safeParse(answer.body);
    if (!parsed.success) throw strangeAnswer(answer, context);
    return { value: parsed.data, answer };
  }

  /** An endpoint that jira-client has no method for, or whose method builds its URL unsafely (JIRA.md 1.1). */
  function own(
    path: readonly string[],
    rest: { query?: Record<string, string>; method?: string; body?: unknown; upload?: Attachment } = {},
  ): (line: Line) => Promise<Envelope> {
    const { query, ...request } = rest;
    for (const part of path) if (!pathPart.test(part) || /^\.+$/.test(part)) throw unsafe(part);
    const search = query === undefined ? "" : `?${new URLSearchParams(query)}`;
    const full: RequestOptions = { ...request, uri: `${address.base}/rest/api/${version}/${path.join("/")}${search}` };
    return ({ send }) => send(full);
  }

  const read = (operation: string, signal: AbortSignal) => ({ operation, effect: "read" as const, signal });
  const write = (operation: string, signal: AbortSignal, writesTo?: string) => ({
    ...{ operation, effect: "write" as const, signal },
    ...(writesTo === undefined ? {} : { writesTo }),
  });

  return {
    flavour,
    serverInfo: async (signal: AbortSignal) =>
      (
        await call({ ...read("read the server's information", signal), schema: schemas.serverInfo }, ({ api }) =>
          api.getServerInfo(),
        )
      ).value,

    /** Whoever we are, and whether this Jira names accounts in its headers. 401 when nobody. */
    myself: async (signal: AbortSignal) => {
      const facts = { ...read("ask who we are", signal), schema: schemas.account };
      const { value, answer } = await call(facts, ({ api }) => api.getCurrentUser());
      return { account: value, named: (answer.headers["x-aaccountid"] ?? "") !== "" };
    },

    createIssue: async (body: Record<string, unknown>, signal: AbortSignal) => {
      const facts = { operation: "create the issue", effect: "create" as const, signal, schema: schemas.createdIssue };
      return (await call(facts, ({ api }) => api.addNewIssue(body as JiraApi.IssueObject))).value;
    },

    readIssue: async (
      id: string,
      ask: { fields: string; properties?: string; expand?: "changelog" },
      signal: AbortSignal,
    ) =>
      (await call({ ...read("read the issue", signal), schema: schemas.issue }, own(["issue", id], { query: ask })))
        .value,

    /** Up to 100 issues by their ids. What is not in the answer may be gone, or could not be shown: whoever needs to know reads it. */
    readIssues: async (
      ids: readonly string[],
      ask: { fields: readonly string[]; properties: readonly string[] },
      signal: AbortSignal,
    ) => {
      const facts = { ...read("read issues", signal), schema: schemas.manyIssues };
      const body = { issueIdsOrKeys: ids, ...ask };
      return (await call(facts, own(["issue", "bulkfetch"], { method: "POST", body }))).value.issues;
    },

    editIssue: async (
      id: string,
      change: { fields?: Record<string, unknown>; update?: Record<string, unknown> },
      signal: AbortSignal,
    ) => {
      await call({ ...write("edit the issue", signal, id), schema: nothing }, ({ api }) =>
        api.updateIssue(safeId(id), change),
      );
    },

    setIssueProperty: async (id: string, key: string, value: unknown, signal: AbortSignal) => {
      const facts = { ...write("mark the issue as ours", signal, id), schema: nothing };
      await call(facts, own(["issue", id, "properties", key], { method: "PUT", body: value }));
    },

    linkTypes: async (signal: AbortSignal) => {
      const facts = { ...read("read the types of links", signal), schema: schemas.linkTypes };
      return (await call(facts, ({ api }) => api.listIssueLinkTypes())).value.issueLinkTypes;
    },

    linkIssues: async (id: string, link: Record<string, unknown>, signal: AbortSignal) => {
      const facts = { ...write("link the issue to another", signal, id), schema: nothing };
      await call(facts, ({ api }) => api.issueLink(link as JiraApi.LinkObject));
    },

    editMeta: async (id: string, signal: AbortSignal) =>
      (
        await call(
          { ...read("read what can be edited", signal), schema: schemas.editMeta },
          own(["issue", id, "editmeta"]),
        )
      ).value.fields,

    /**
     * One page of what JQL finds. Cloud has removed what jira-client calls for it. `lenient`: values that no longer exist match
     * nothing, where Data Center would refuse the whole query.
     */
    search: async (
      query: {
        jql: string;
        after: string | number | undefined;
        size: number;
        fields?: readonly string[];
        lenient?: boolean;
      },
      signal: AbortSignal,
    ) => {
      const { jql, after, size } = query;
      const fields = [...(query.fields ?? ["summary"])];
      const facts = { ...read("search for issues", signal), schema: schemas.foundIssues };
      const cloudBody = {
        jql,
        fields,
        maxResults: size,
        ...(after === undefined ? {} : { nextPageToken: after }),
      };
      const dataCenterQuery = { fields, maxResults: size, startAt: Number(after ?? 0) };
      const exchange =
        flavour === "cloud"
          ? own(["search", "jql"], { method: "POST", body: cloudBody })
          : ({ api }: Line) =>
              api.searchJira(jql, query.lenient === true ? { ...dataCenterQuery, ...unvalidated } : dataCenterQuery);
      return (await call(facts, exchange)).value;
    },

    transitions: async (id: string, signal: AbortSignal) => {
      const facts = { ...read("read the transitions", signal), schema: schemas.transitions };
      return (await call(facts, ({ api }) => api.listTransitions(safeId(id)))).value.transitions;
    },

    transition: async (id: string, body: Record<string, unknown>, signal: AbortSignal) => {
      const facts = { ...write("move the issue", signal, id), schema: nothing };
      await call(facts, ({ api }) => api.transitionIssue(safeId(id), body as JiraApi.TransitionObject));
    },

    comments: async (id: string, page: { startAt: number; size: number }, signal: AbortSignal) => {
      const query = {
        orderBy: "-created",
        expand: "properties",
        startAt: String(page.startAt),
        maxResults: String(page.size),
      };
      const facts = { ...read("read the comments", signal), schema: schemas.comments };
      return (await call(facts, own(["issue", id, "comment"], { query }))).value;
    },

    addComment: async (id: string, body: Record<string, unknown>, signal: AbortSignal) => {
      const facts = { ...write("comment", signal, id), schema: schemas.comment };
      return (await call(facts, ({ api }) => api.addCommentAdvanced(safeId(id), body))).value;
    },

    updateComment: async (id: string, commentId: string, body: Record<string, unknown>, signal: AbortSignal) => {
      const request = { method: "PUT", body, query: { expand: "properties" } };
      const facts = { ...write("edit our comment", signal, id), schema: schemas.comment };
      return (await call(facts, own(["issue", id, "comment", commentId], request))).value;
    },

    commentProperty: async (commentId: string, key: string, signal: AbortSignal) => {
      const facts = { ...read("read a comment's property", signal), schema: schemas.property };
      return (await call(facts, own(["comment", commentId, "properties", key]))).value.value;
    },

    setCommentProperty: async (commentId: string, key: string, value: unknown, signal: AbortSignal) => {
      const facts = { ...write("mark our comment", signal), schema: nothing };
      await call(facts, own(["comment", commentId, "properties", key], { method: "PUT", body: value }));
    },

    attach: async (id: string, upload: Attachment, signal: AbortSignal) => {
      const facts = { ...write("attach a file", signal, id), schema: nothing };
      await call(facts, own(["issue", id, "attachments"], { method: "POST", upload }));
    },

    putRemoteLink: async (id: string, link: Record<string, unknown>, signal: AbortSignal) => {
      const facts = { ...write("link the issue to us", signal, id), schema: nothing };
      await call(facts, ({ api }) => api.createRemoteLink(safeId(id), link));
    },

    issueTypes: async (projectKey: string, startAt: number, signal: AbortSignal) => {
      const facts = { ...read("read the project's issue types", signal), schema: schemas.issueTypePage };
      return (await call(facts, own(["issue", "createmeta", projectKey, "issuetypes"], { query: pageQuery(startAt) })))
        .value;
    },

    createFields: async (projectKey: string, typeId: string, startAt: number, signal: AbortSignal) => {
      const facts = { ...read("read the create screen", signal), schema: schemas.fieldPage };
      const path = ["issue", "createmeta", projectKey, "issuetypes", typeId];
      return (await call(facts, own(path, { query: pageQuery(startAt) }))).value;
    },

    permissions: async (projectKey: string, keys: readonly string[], signal: AbortSignal) => {
      // Data Center takes no list and answers with all.
      const query: Record<string, string> =
        flavour === "cloud" ? { projectKey, permissions: keys.join(",") } : { projectKey };
      const facts = { ...read("read our permissions", signal), schema: schemas.permissions };
      return (await call(facts, own(["mypermissions"], { query }))).value.permissions;
    },

    project: async (projectKey: string, signal: AbortSignal) =>
      (
        await call({ ...read("read the project", signal), schema: schemas.project }, ({ api }) =>
          api.getProject(safeKey(projectKey)),
        )
      ).value,
  };
}

const nothing = z.unknown();
const unvalidated = { validateQuery: false };

// Cloud refuses more than 200 with 400 (JIRA.md 2.2).
function pageQuery(startAt: number): Record<string, string> {
  return { startAt: String(startAt), maxResults: "100" };
}

/** jira-client decodes the URLs it builds, so only digits may go into one. */
function safeId(id: string): string {
  if (!/^\d{1,19}$/.test(id)) throw unsafe(id);
  return id;
}

/** A project's key. Throws `configuration`: it was written by our users. */
export function safeKey(key: string): string {
  if (!/^[A-Z][A-Z0-9_]{0,99}$/.test(key)) {
    throw new BackfeedError("configuration", `"${key.slice(0, 40)}" is not the key of a Jira project`);
  }
  return key;
}

function unsafe(part: string): BackfeedError {
  return new BackfeedError("internal", `"${part.slice(0, 40)}" cannot stand in the address of a Jira request`);
}
