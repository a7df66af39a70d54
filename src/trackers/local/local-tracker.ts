import { ticketLabel } from "../../model/identity.ts";
import type { LocalTicket } from "../../model/local-ticket.ts";
import type { TicketRef } from "../../model/ticket.ts";
import type { LocalTicketStore } from "../../store/store.ts";
import type { Clock } from "../../support/clock.ts";
import { BackfeedError } from "../../support/errors.ts";
import { canonicalJson } from "../../support/hashing.ts";
import type { Tracker, TrackerFault } from "../tracker.ts";
import { localLife } from "./life.ts";
import { maxAttachmentBytes, maxAttachments, maxComments, maxLinks } from "./limits.ts";
import { badProject, droppedWishes, isProject, newTicket } from "./new-ticket.ts";
import { type LocalPeople, localPeople } from "./people.ts";
import { snapshotOf } from "./snapshot.ts";
import { movedTo, statusesFrom, withHistory } from "./workflow.ts";

export interface LocalTrackerOptions {
  readonly name: string;
  readonly tickets: LocalTicketStore;
  readonly clock: Clock;
  /** Where the pages are; without it a ticket's address is only a path. */
  readonly publicUrl?: string | undefined;
  readonly labelPrefix?: string | undefined;
  /** For routes that name none. */
  readonly project?: string | undefined;
}

/** The embedded backlog: the port, and what its pages and API need. */
export interface LocalTracker extends Tracker, LocalPeople {}

/** Whose name stands on what we do; a person's stands on theirs. */
const author = "backfeed";

/**
 * Makes the embedded backlog. Throws `configuration` for a project that no key can begin with.
 * Longer than 70 lines: the verbs of the port one after another, each short.
 */
export function createLocalTracker(options: LocalTrackerOptions): LocalTracker {
  const { tickets, clock } = options;
  const labelPrefix = options.labelPrefix ?? "backfeed";
  if (options.project !== undefined && !isProject(options.project)) throw badProject("configuration", options.project);

  const refOf = ({ id, key }: { readonly id: string; readonly key: string }): TicketRef => ({
    id,
    key,
    url: `${options.publicUrl?.replace(/\/+$/, "") ?? ""}/tickets/${encodeURIComponent(key)}`,
  });

  /** Looks and writes in one transaction: `change` gives the ticket as it is to be, or the same one, and what that came to. */
  const edit = async <Outcome extends {}>(
    ref: TicketRef,
    signal: AbortSignal,
    change: (ticket: LocalTicket, now: number) => readonly [LocalTicket, Outcome],
  ): Promise<Outcome> => {
    stopIfAborted(signal);
    const outcomes: Outcome[] = [];
    await tickets.change(ref.id, (ticket) => {
      const [changed, outcome] = change(ticket, clock.now());
      outcomes[0] = outcome;
      return changed;
    });
    const [outcome] = outcomes;
    if (outcome === undefined) throw new BackfeedError("internal", "the ticket store did not call the change");
    return outcome;
  };

  return {
    ...localLife({ tickets, labelPrefix, author, refOf, edit, stopIfAborted }),
    ...localPeople({ tickets, clock, labelPrefix }),
    name: options.name,
    settleWaitsMs: [],

    find: async ({ groupKey, generation }, _route, signal) => {
      stopIfAborted(signal);
      const found = await tickets.byLabel(ticketLabel(labelPrefix, groupKey));
      return found
        .filter(({ identity }) => identity.groupKey === groupKey && identity.generation === generation)
        .map(refOf);
    },

    create: async (draft, signal) => {
      stopIfAborted(signal);
      const project = draft.route.project ?? options.project;
      if (project !== undefined && !isProject(project)) throw badProject("refused", project);
      const ticket = await tickets.create(newTicket(draft, { labelPrefix, author, now: clock.now() }), project);
      return { ref: refOf(ticket), priority: ticket.priority, dropped: droppedWishes(draft.route) };
    },

    read: async (ref, signal) => {
      stopIfAborted(signal);
      const ticket = await tickets.byId(ref.id);
      return ticket === undefined ? undefined : snapshotOf(ticket, refOf);
    },

    comment: (ref, comment, signal) =>
      edit(ref, signal, (ticket, now) => {
        if (ticket.comments.some(({ marker }) => marker === comment.marker)) return [ticket, "unchanged"];
        return [withComment(ticket, comment, now), "created"];
      }),

    keepComment: (ref, comment, signal) =>
      edit(ref, signal, (ticket, now) => {
        // A comment that a person edited carries that person's name and is no longer ours.
        const index = ticket.comments.findLastIndex((one) => one.marker === comment.marker && one.author === author);
        const ours = ticket.comments[index];
        if (ours === undefined) return [withComment(ticket, comment, now), "created"];
        if (canonicalJson(ours.document) === canonicalJson(comment.document)) return [ticket, "unchanged"];
        const comments = ticket.comments.with(index, { ...ours, at: now, document: comment.document });
        return [{ ...ticket, comments, updatedAt: now }, "updated"];
      }),

    setPriority: (ref, { band, lastWritten, always = false }, signal) =>
      edit<Awaited<ReturnType<Tracker["setPriority"]>>>(ref, signal, (ticket, now) => {
        const { priority } = ticket;
        // First, since a repetition finds what it wrote itself.
        if (priority === band) return [ticket, { outcome: "unchanged", priority }];
        // We have written over a person's only where the rule says `always`, so theirs is the newest unless it is that.
        const isTheirs = priority !== lastWritten || ticket.history.some(({ field }) => field === "priority");
        if (isTheirs && !always) return [ticket, { outcome: "kept", priority }];
        const changed = { ...ticket, priority: band, updatedAt: now };
        const entry = { at: now, author, text: `priority from ${priority} to ${band}` };
        return [withHistory(changed, entry), { outcome: "written", priority: band }];
      }),

    transition: (ref, category, signal) =>
      edit(ref, signal, (ticket, now) => {
        if (ticket.statusCategory === category) return [ticket, "unchanged"];
        const status = statusesFrom(ticket).find((one) => one.category === category);
        if (status === undefined) return [ticket, "unavailable"];
        return [movedTo(ticket, status, author, now), "moved"];
      }),

    attach: async (ref, { name, contentType, bytes }, signal) => {
      stopIfAborted(signal);
      if (!/^[A-Za-z0-9._-]{1,200}$/.test(name)) throw refused("the attachment's name may hold A-Z a-z 0-9 . _ - only");
      if (bytes.byteLength > maxAttachmentBytes)
        throw refused(`an attachment has ${bytes.byteLength} bytes, at most ${maxAttachmentBytes} are taken`);
      const ticket = await tickets.byId(ref.id);
      if (ticket?.attachments.some((one) => one.name === name)) return "unchanged";
      if ((ticket?.attachments.length ?? 0) >= maxAttachments)
        throw refused(`the ticket has ${maxAttachments} attachments already`);
      // The bytes first: killed in between, they are written again and nothing is listed that is not there.
      await tickets.putAttachment(ref.id, name, contentType, bytes);
      return edit(ref, signal, (current, now) => {
        if (current.attachments.some((one) => one.name === name)) return [current, "unchanged"];
        const attachments = [...current.attachments, { name, contentType, bytes: bytes.byteLength }];
        const changed = { ...current, attachments, updatedAt: now };
        return [withHistory(changed, { at: now, author, text: `attached ${name}` }), "created"];
      });
    },

    linkBack: async (ref, { globalId, url, title }, signal) => {
      await edit(ref, signal, (ticket, now) => {
        const index = ticket.links.findIndex((one) => one.globalId === globalId);
        const link = { globalId, url, title };
        if (index >= 0 && canonicalJson(ticket.links[index]) === canonicalJson(link)) return [ticket, "unchanged"];
        if (index < 0 && ticket.links.length >= maxLinks) throw refused(`the ticket has ${maxLinks} links already`);
        const links = index < 0 ? [...ticket.links, link] : ticket.links.with(index, link);
        return [{ ...ticket, links, updatedAt: now }, "written"];
      });
    },

    check: async (routes, signal) => {
      stopIfAborted(signal);
      const faults = new Map<string, TrackerFault>();
      const tell = (fault: TrackerFault) => {
        if (!faults.has(fault.message)) faults.set(fault.message, fault);
      };
      for (const route of routes) {
        const { project } = route;
        if (project !== undefined && !isProject(project)) {
          const { message } = badProject("refused", project);
          tell({ severity: "error", message, fix: "name a project such as PAY, or none", route });
        }
        for (const message of droppedWishes(route)) {
          tell({ severity: "warning", message, fix: "take it out, or name a Jira tracker", route });
        }
      }
      return [...faults.values()];
    },

    close: async () => undefined,
  };
}

function withComment(
  ticket: LocalTicket,
  { marker, document }: Parameters<Tracker["comment"]>[1],
  now: number,
): LocalTicket {
  if (ticket.comments.length >= maxComments) throw refused(`the ticket has ${maxComments} comments already`);
  return { ...ticket, comments: [...ticket.comments, { marker, at: now, author, document }], updatedAt: now };
}

function refused(message: string): BackfeedError {
  return new BackfeedError("refused", message);
}

function stopIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new BackfeedError("aborted", "the work was stopped", { cause: signal.reason });
}
