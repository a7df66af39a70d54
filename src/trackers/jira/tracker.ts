import type { Dispatcher } from "undici";
import type { TicketRoute } from "../../model/ticket.ts";
import { type Clock, systemClock } from "../../support/clock.ts";
import { asBackfeedError, BackfeedError } from "../../support/errors.ts";
import { type Logger, silentLogger } from "../../support/logging.ts";
import { createRedactor } from "../../support/redaction.ts";
import type { Attachment, Tracker } from "../tracker.ts";
import { type JiraAuth, readAddress, readAuth } from "./address.ts";
import { checkRoutes, faultOf } from "./check.ts";
import { type Flavour, safeKey } from "./client.ts";
import { addOnce, keepCurrent } from "./comments.ts";
import { createIssue } from "./create-issue.ts";
import { createScreens } from "./create-screen.ts";
import { adoptIssue, changeLabels, writeField } from "./edit.ts";
import { editedByOthers } from "./edited-by-others.ts";
import { findIssues } from "./find-issues.ts";
import { linkTo } from "./link.ts";
import type { Urgency } from "./pace.ts";
import { createPacer, type Pacer } from "./pacer.ts";
import { readSnapshot, readSnapshots } from "./read-snapshot.ts";
import { changedIssues, labelledIssues, ownIssues } from "./search-ours.ts";
import { createSession, type Jira } from "./session.ts";
import { setPriority } from "./set-priority.ts";
import { cleanLine, safeUrl, shorten } from "./text.ts";
import { moveTo, reopen } from "./transition.ts";
import { createTransport, type PaceObserver } from "./transport.ts";

export interface JiraTrackerOptions {
  readonly name: string;
  /** Where the API is: `https://acme.atlassian.net`, `https://api.atlassian.com/ex/jira/<cloudId>`, `https://jira.example.com/jira`. */
  readonly url: string;
  readonly deployment?: "auto" | Flavour;
  readonly auth: JiraAuth;
  /** Used where a route names none. */
  readonly project?: string | undefined;
  readonly issueType?: string | undefined;
  readonly labelPrefix?: string;
  /** Deadline of one request in milliseconds. */
  readonly timeoutMs?: number;
  readonly allowHttp?: boolean;
  /** What links to tickets begin with; asked from Jira when not given. */
  readonly siteUrl?: string | undefined;
  /** Statuses and resolutions that mean "won't do": we never close into one. */
  readonly wontDo?: readonly string[];
  readonly clock?: Clock;
  /** Shared by all trackers of one Jira in this process; without it a pace of its own, 600 requests a minute. */
  readonly pacer?: Pacer;
  readonly observer?: PaceObserver;
  readonly logger?: Logger;
  /** For what Jira says in its errors; known tokens and our own credentials are taken out besides. */
  readonly redact?: (text: string) => string;
  /** `ca`: certificates in PEM that are trusted instead of Node's own. */
  readonly tls?: { readonly ca?: string; readonly rejectUnauthorized?: boolean };
  /** Takes the requests instead of connections of our own: a Jira that is in this process. */
  readonly dispatcher?: Dispatcher;
}

/** A tracker, and what else is known of an account in Jira. */
export interface JiraTracker extends Tracker {
  /** Whom webhooks name for what we did ourselves; undefined before Jira was asked for the first time. */
  ownAccount(): string | undefined;
}

// How long search may lag behind a create: Cloud "seconds to minutes", Data Center's own node at once (JIRA.md 2.3, 2.7).
const cloudWaitsMs = [2_000, 5_000, 15_000, 30_000, 60_000, 120_000];
const datacenterWaitsMs = [1_000, 2_000, 5_000, 10_000];

/** Far below what Cloud's burst limits take, and what a Data Center of some size does not notice. */
const defaultPerMinute = 600;

const defaultWontDo: readonly string[] = ["Won't Do", "Won't Fix", "Declined", "Duplicate", "Cannot Reproduce"];

/**
 * The port on Jira Cloud and Data Center. Throws `configuration` for what is wrong in the options; makes no request. Long
 * because it is the port's list of verbs; what a verb does stands in the verb's own file.
 */
export function createJiraTracker(options: JiraTrackerOptions): JiraTracker {
  const {
    name,
    clock = systemClock,
    deployment = "auto",
    labelPrefix = "backfeed",
    wontDo = defaultWontDo,
    logger = silentLogger,
  } = options;
  if (!/^[a-z][a-z0-9-]{0,49}$/.test(labelPrefix)) {
    throw new BackfeedError(
      "configuration",
      `tracker ${name}: label_prefix must be of a-z, 0-9 and -, at most 50, and begin with a letter`,
    );
  }
  const address = readAddress({ name, url: options.url, allowHttp: options.allowHttp === true });
  const { header, secrets } = readAuth({ name, auth: options.auth });
  const siteUrl = options.siteUrl === undefined ? undefined : safeUrl(options.siteUrl);
  if (options.siteUrl !== undefined && siteUrl === undefined)
    throw new BackfeedError("configuration", `tracker ${name}: site_url is not an http(s) URL`);
  const ownRedactor = createRedactor({ secrets });
  const redact = (text: string): string => ownRedactor.redact(options.redact?.(text) ?? text);
  const transport = createTransport({
    address,
    authorization: header,
    timeoutMs: options.timeoutMs ?? 20_000,
    tls: options.tls ?? {},
    dispatcher: options.dispatcher,
    pacer: options.pacer ?? createPacer({ clock, requestsPerMinute: defaultPerMinute }),
    clock,
    observer: options.observer,
  });
  const connect = createSession({ address, transport, deployment, siteUrl, clock, redact });
  const screens = createScreens({ clock });
  let flavour: Flavour | undefined = deployment === "auto" ? undefined : deployment;
  let ownAccount: string | undefined;

  const jiraFor = async (signal: AbortSignal, urgency: Urgency = "deliver"): Promise<Jira> => {
    if (signal.aborted) throw new BackfeedError("aborted", "Jira: stopped before it began");
    const jira = await connect(signal, urgency);
    flavour = jira.flavour;
    ownAccount = jira.account.accountId ?? jira.account.name;
    return jira;
  };
  const place = (route: TicketRoute): { project: string; issueType: string } => {
    const project = route.project ?? options.project;
    const issueType = route.issueType ?? options.issueType ?? "Bug";
    if (project === undefined)
      throw new BackfeedError("configuration", `tracker ${name}: neither it nor the owner names a project`);
    return { project: safeKey(project), issueType };
  };

  return {
    name,
    find: async (identity, _route, signal) =>
      findIssues(await jiraFor(signal, "create"), { identity, labelPrefix, signal }),
    create: async (draft, signal) => {
      const where = place(draft.route);
      // Nothing is made before the issue itself: a lost answer here is no lost create.
      const jira = await jiraFor(signal, "create");
      const created = await createIssue({ jira, screens, draft, where, labelPrefix, signal });
      if (created.dropped.length > 0) {
        logger.warn("JIRA_WISHES_DROPPED", "a ticket was filed without some of what was wished for it", {
          tracker: name,
          ticket: created.ref.key,
          dropped: created.dropped,
        });
      }
      return created;
    },
    read: async (ref, signal) => readSnapshot(await jiraFor(signal), { issueId: ref.id, signal }),
    comment: async (ref, { marker, document }, signal) =>
      addOnce(await jiraFor(signal), { issueId: ref.id, marker, document, signal }),
    keepComment: async (ref, { marker, document }, signal) =>
      keepCurrent(await jiraFor(signal), { issueId: ref.id, marker, document, signal }),
    setPriority: async (ref, change, signal) =>
      setPriority(await jiraFor(signal), { issueId: ref.id, ...change, signal }),
    transition: async (ref, category, signal) =>
      moveTo(await jiraFor(signal), { issueId: ref.id, category, wontDo, signal }),
    reopen: async (ref, signal) => reopen(await jiraFor(signal), { issueId: ref.id, signal }),
    readMany: async (refs, signal) =>
      readSnapshots(await jiraFor(signal, "background"), { ids: refs.map(({ id }) => id), certain: true, signal }),
    editedByOthers: async (ref, signal) =>
      editedByOthers(await jiraFor(signal, "background"), { issueId: ref.id, signal }),
    changedSince: async (since, limit, signal) =>
      changedIssues(await jiraFor(signal, "background"), { since, limit, now: clock.now(), labelPrefix, signal }),
    labelled: async (labels, limit, signal) =>
      labelledIssues(await jiraFor(signal, "background"), { labels, limit, signal }),
    async *ours(signal) {
      yield* ownIssues(await jiraFor(signal, "background"), { labelPrefix, signal });
    },
    changeLabels: async (ref, { add, remove }, signal) =>
      changeLabels(await jiraFor(signal), { issueId: ref.id, add, remove, signal }),
    writeField: async (ref, change, signal) =>
      writeField(await jiraFor(signal), { issueId: ref.id, ...change, signal }),
    link: async (ref, { other, type }, signal) =>
      linkTo(await jiraFor(signal), { issueId: ref.id, other, type, signal }),
    adopt: async (ref, identity, signal) =>
      adoptIssue(await jiraFor(signal), { issueId: ref.id, identity, labelPrefix, signal }),
    attach: async (ref, attachment, signal) => {
      checkAttachment(attachment);
      const { client } = await jiraFor(signal);
      const issue = await client.readIssue(ref.id, { fields: "attachment" }, signal);
      if (issue.fields.attachment?.some((one) => one.filename === attachment.name) === true) return "unchanged";
      await client.attach(ref.id, attachment, signal);
      return "created";
    },
    linkBack: async (ref, { globalId, url, title }, signal) => {
      const href = safeUrl(url);
      if (href === undefined || globalId === "" || globalId.length > 255) {
        throw new BackfeedError(
          "internal",
          "the link back needs an http(s) URL and a global id of 1 to 255 characters",
        );
      }
      const { client } = await jiraFor(signal);
      const object = { url: href, title: shorten(cleanLine(title), 200) || "Backfeed" };
      await client.putRemoteLink(
        ref.id,
        { globalId, application: { type: "backfeed", name: "Backfeed" }, relationship: "found by", object },
        signal,
      );
    },
    check: async (routes, signal) => {
      let jira: Jira;
      try {
        jira = await jiraFor(signal, "background");
        const placed = routes.map((route) => ({ route, ...place(route) }));
        return await checkRoutes({ jira, screens, routes: placed, wontDo, signal });
      } catch (thrown) {
        return [faultOf(asBackfeedError(thrown), `tracker ${name}`)];
      }
    },
    get settleWaitsMs() {
      // Until the kind is known the longer waits are the safe ones.
      return flavour === "datacenter" ? datacenterWaitsMs : cloudWaitsMs;
    },
    ownAccount: () => ownAccount,
    close: () => transport.close(),
  };
}

function checkAttachment({ name, contentType }: Attachment): void {
  if (!/^[A-Za-z0-9._-]{1,200}$/.test(name) || !/^[a-z]+\/[a-z0-9.+-]+$/.test(contentType)) {
    throw new BackfeedError("internal", "an attachment's name or type has characters that are not allowed");
  }
}
