import type { Document } from "../../model/document.ts";
import { BackfeedError } from "../../support/errors.ts";
import { canonicalJson, sha256 } from "../../support/hashing.ts";
import { propertyKey } from "./create-issue.ts";
import { type Comment, type CommentMark, commentMark } from "./schemas.ts";
import type { Jira } from "./session.ts";

const pageSize = 100;
/** Comments of one issue that are looked at, newest first: an issue with more has other troubles than a comment too many. */
const mostComments = 500;
/** Comments of ours that are asked for their property one by one, where the list does not show properties. */
const mostPropertyReads = 50;

export interface CommentOptions {
  readonly issueId: string;
  readonly marker: string;
  readonly document: Document;
  readonly signal: AbortSignal;
}

/** Adds a comment unless one with this marker is there. */
export async function addOnce(jira: Jira, options: CommentOptions): Promise<"created" | "unchanged"> {
  if ((await findMarked(jira, options)) !== undefined) return "unchanged";
  await add(jira, options);
  return "created";
}

/** Keeps one comment current. What a person edited is theirs from then on: it stays, and we start a new one. */
export async function keepCurrent(jira: Jira, options: CommentOptions): Promise<"created" | "updated" | "unchanged"> {
  const found = await findMarked(jira, options);
  if (found === undefined || isTouched(jira, found)) {
    await add(jira, options);
    return "created";
  }
  const body = jira.markup.document(options.document);
  if (found.mark.sent === hashOf(body)) return "unchanged";
  const mark = markOf(jira, options.marker, body);
  const request = { body, properties: [{ key: propertyKey, value: mark }] };
  try {
    const updated = await jira.client.updateComment(options.issueId, found.comment.id, request, options.signal);
    await settleMark(jira, { comment: updated, mark, isEdit: true, signal: options.signal });
    return "updated";
  } catch (thrown) {
    if (!(thrown instanceof BackfeedError) || thrown.kind !== "not_found") throw thrown;
    // Deleted since it was listed.
    await add(jira, options);
    return "created";
  }
}

interface Marked {
  readonly comment: Comment;
  readonly mark: CommentMark;
}

type FullMark = CommentMark & { readonly v: 1; readonly sent: string; readonly held: string };

async function add(jira: Jira, { issueId, marker, document, signal }: CommentOptions): Promise<void> {
  const body = jira.markup.document(document);
  const mark = markOf(jira, marker, body);
  const request = { body, properties: [{ key: propertyKey, value: mark }] };
  const comment = await jira.client.addComment(issueId, request, signal);
  await settleMark(jira, { comment, mark, isEdit: false, signal });
}

/** `sent` tells a new text from the old one, `held` tells a person's edit. */
function markOf(jira: Jira, marker: string, body: unknown): FullMark {
  return { v: 1, marker, sent: hashOf(body), held: sha256(jira.markup.words(body)).slice(0, 32) };
}

function hashOf(body: unknown): string {
  return sha256(canonicalJson(body)).slice(0, 32);
}

/** Jira may hold other words than we sent, or not take properties with an edit: then the mark is put right, so that neither looks like a person's doing. */
async function settleMark(
  jira: Jira,
  options: { comment: Comment; mark: FullMark; isEdit: boolean; signal: AbortSignal },
): Promise<void> {
  const { comment, mark, isEdit, signal } = options;
  const held = sha256(jira.markup.words(comment.body)).slice(0, 32);
  const isShown = comment.properties !== undefined;
  // A new comment takes its properties in the same request, on both kinds of Jira; of an edit that is not certain.
  const shown = isShown ? readMark(comment) : isEdit ? await askMark(jira, comment.id, signal) : mark;
  if (held === mark.held && shown?.sent === mark.sent && shown.marker === mark.marker) return;
  await jira.client.setCommentProperty(comment.id, propertyKey, { ...mark, held }, signal);
}

function isTouched(jira: Jira, { comment, mark }: Marked): boolean {
  const { author, updateAuthor } = comment;
  const isByOther = updateAuthor !== undefined && updateAuthor !== null && nameOf(updateAuthor) !== nameOf(author);
  // Another account's comment is not ours to edit, even if it was us under another name.
  const isOurs = nameOf(author) === nameOf(jira.account);
  return isByOther || !isOurs || mark.held !== sha256(jira.markup.words(comment.body)).slice(0, 32);
}

function nameOf(account: Comment["author"]): string | undefined {
  return account?.accountId ?? account?.key ?? account?.name;
}

async function findMarked(jira: Jira, { issueId, marker, signal }: CommentOptions): Promise<Marked | undefined> {
  let propertyReads = 0;
  for (let startAt = 0; startAt < mostComments; startAt += pageSize) {
    const page = await jira.client.comments(issueId, { startAt, size: pageSize }, signal);
    for (const comment of page.comments) {
      let mark = readMark(comment);
      const isHidden = comment.properties === undefined && nameOf(comment.author) === nameOf(jira.account);
      if (isHidden && propertyReads < mostPropertyReads) {
        propertyReads++;
        mark = await askMark(jira, comment.id, signal);
      }
      if (mark?.marker === marker) return { comment, mark };
    }
    if (page.comments.length === 0 || startAt + page.comments.length >= (page.total ?? Infinity)) return undefined;
  }
  return undefined;
}

function readMark(comment: Comment): CommentMark | undefined {
  const value = comment.properties?.find(({ key }) => key === propertyKey)?.value;
  return commentMark.safeParse(value).data;
}

async function askMark(jira: Jira, commentId: string, signal: AbortSignal): Promise<CommentMark | undefined> {
  try {
    return commentMark.safeParse(await jira.client.commentProperty(commentId, propertyKey, signal)).data;
  } catch (thrown) {
    if (thrown instanceof BackfeedError && thrown.kind === "not_found") return undefined;
    throw thrown;
  }
}
