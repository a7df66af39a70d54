import { createHmac } from "node:crypto";
import { z } from "zod";
import { sha256 } from "../../support/hashing.ts";
import { isSameSecret } from "../../support/same-secret.ts";
import { cleanLine, shorten } from "./text.ts";

/** What a delivery of Jira's webhook tells us, and no more: that an issue changed is a hint to read it, nothing here is believed. */
export interface JiraWebhook {
  /** The same for a repeated delivery. Jira's own identifier; Data Center sends none, then the hash of the body. */
  readonly deliveryId: string;
  /** None for an event that is about no issue, both for one about a link. */
  readonly issueIds: readonly string[];
  readonly kind: "created" | "updated" | "deleted" | "commented" | "linked" | "other";
  /** Who did it, by the name that people know. */
  readonly who: string | undefined;
  /** Who did it, as `assignee` of a snapshot names users: our own writes are delivered, too. */
  readonly account: string | undefined;
  readonly labels: readonly string[];
}

/** Header names in lower case, as Node gives them. */
type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

const id = z
  .union([z.string(), z.number()])
  .transform(String)
  .pipe(z.string().regex(/^\d{1,19}$/));
const person = z.object({
  accountId: z.string().max(255).optional().catch(undefined),
  name: z.string().max(255).optional().catch(undefined),
  displayName: z.string().optional().catch(undefined),
});

// Of each delivery only what stands here is looked at. Its changelog is not: an item's `toString` would be read from
// Object.prototype where it is missing, and the issue itself says what it is now.
const payload = z.object({
  webhookEvent: z.string().max(100),
  user: person.optional().catch(undefined),
  comment: z.object({ author: person, updateAuthor: person.optional() }).optional().catch(undefined),
  issue: z
    .object({
      id,
      fields: z
        .object({ labels: z.array(z.string().max(255)).max(1_000) })
        .optional()
        .catch(undefined),
    })
    .optional()
    .catch(undefined),
  issueLink: z
    .object({ sourceIssueId: id, destinationIssueId: id.optional().catch(undefined) })
    .optional()
    .catch(undefined),
});

/** Reads a delivery; undefined when it is none of Jira's. Lenient: versions differ in all but the few parts taken. Pure. */
export function readWebhook(delivery: { headers: Headers; body: Uint8Array }): JiraWebhook | undefined {
  const { headers, body } = delivery;
  const parsed = payload.safeParse(readJson(body));
  if (!parsed.success) return undefined;
  const { webhookEvent, issue, issueLink, user, comment } = parsed.data;
  const actor = user ?? comment?.updateAuthor ?? comment?.author;
  const linked = [issueLink?.sourceIssueId, issueLink?.destinationIssueId].filter((end) => end !== undefined);
  const who = shorten(cleanLine(actor?.displayName ?? actor?.name ?? ""), 100);
  return {
    deliveryId: deliveryIdOf(headers, body),
    issueIds: [...new Set(issue === undefined ? linked : [issue.id])],
    kind: kindOf(webhookEvent),
    who: who === "" ? undefined : who,
    account: actor?.accountId ?? actor?.name,
    labels: issue?.fields?.labels ?? [],
  };
}

/**
 * Whether a delivery comes from somebody who knows the secret: by the signature over its raw bytes (Cloud, and Data Center
 * from version 10), or, for versions that do not sign, by the secret itself as a bearer token or as `secret` in the
 * address. A signature that is there must hold. Compared in constant time.
 */
export function isGenuine(delivery: {
  headers: Headers;
  /** The address's `secret`, where it has one. */
  urlSecret: string | undefined;
  body: Uint8Array;
  secret: string;
}): boolean {
  const { headers, urlSecret, body, secret } = delivery;
  // An empty secret would be known to everybody.
  if (secret === "") return false;
  const signature = only(headers["x-hub-signature"]);
  if (signature !== undefined) {
    return isSameSecret(signature.toLowerCase(), `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`);
  }
  const bearer = /^Bearer (.+)$/i.exec(only(headers["authorization"]) ?? "")?.[1];
  const shown = bearer ?? urlSecret;
  return shown !== undefined && isSameSecret(shown, secret);
}

function deliveryIdOf(headers: Headers, body: Uint8Array): string {
  const given = only(headers["x-atlassian-webhook-identifier"]);
  if (given !== undefined && /^[\w.:-]{1,200}$/.test(given)) return given;
  return `sha256:${sha256(body)}`;
}

const kinds: Readonly<Record<string, JiraWebhook["kind"]>> = {
  "jira:issue_created": "created",
  "jira:issue_updated": "updated",
  "jira:issue_deleted": "deleted",
};

function kindOf(event: string): JiraWebhook["kind"] {
  if (Object.hasOwn(kinds, event)) return kinds[event] ?? "other";
  if (event.startsWith("comment_")) return "commented";
  return event.startsWith("issuelink_") ? "linked" : "other";
}

/** A header that was sent twice is none. */
function only(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === "string" ? header : undefined;
}

function readJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}
