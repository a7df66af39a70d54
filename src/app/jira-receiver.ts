import type { ServiceConfig } from "../config/types.ts";
import { labelCommands } from "../learn/label-commands.ts";
import type { WebhookHint } from "../model/ticket-life.ts";
import type { Delivery, Taken, WebhookReceiver } from "../server/webhooks/receiver.ts";
import type { Store } from "../store/store.ts";
import { BackfeedError } from "../support/errors.ts";
import { isGenuine, type JiraWebhook, readWebhook } from "../trackers/jira/webhook.ts";

/** Jira's deliveries carry the whole issue, whose texts may have 32,767 characters each, and its changelog. */
const maxBodyBytes = 1024 * 1024;
/** Twenty a second: Jira Cloud delivers about as fast for one webhook, and each costs a write. */
const deliveriesPerMinute = 1_200;

export interface JiraReceiverOptions {
  readonly trackers: ServiceConfig["trackers"];
  readonly store: Pick<Store, "inbox" | "tickets">;
  /** Whether an account, as the delivery names it, is the one that a tracker works with. */
  readonly isOwn: (tracker: string, account: string) => boolean;
  /** Takes secrets out of the name of who did it, before it is stored. */
  readonly redact: (text: string) => string;
  /** A hint is there to be looked at. */
  readonly wake: () => void;
}

/**
 * `POST /webhooks/jira`: what it brings is a hint to read an issue, kept in the inbox until reconcile has looked. Of issues
 * that are none of our tickets only those are kept that ask to be adopted.
 */
export function jiraReceiver({ trackers, store, isOwn, redact, wake }: JiraReceiverOptions): WebhookReceiver {
  const known = Object.entries(trackers).flatMap(([name, config]) =>
    config.type === "jira" && config.webhookSecret !== undefined
      ? [{ name, secret: config.webhookSecret, labelPrefix: config.labelPrefix }]
      : [],
  );

  /** What one tracker is to be told of it. */
  async function hintsFor(tracker: string, webhook: JiraWebhook, now: number): Promise<readonly WebhookHint[]> {
    const { deliveryId, issueIds, labels, who, kind, account } = webhook;
    // Nothing that comments say is read.
    if (kind === "commented" || issueIds.length === 0) return [];
    // Everything we write is delivered as well, and known already. We delete nothing: that was a person with our account.
    if (account !== undefined && isOwn(tracker, account) && kind !== "deleted") return [];
    const prefix = known.find(({ name }) => name === tracker)?.labelPrefix ?? "";
    const adopts = labelCommands(labels, prefix).some((command) => command.kind === "adopt");
    const ours = new Set((await store.tickets.byIssueIds(tracker, issueIds)).map(({ ref }) => ref.id));
    return issueIds
      .filter((issueId) => ours.has(issueId) || adopts)
      .map((issueId) => ({
        tracker,
        // One delivery about a link is of two issues.
        deliveryId: issueIds.length === 1 ? deliveryId : `${deliveryId}:${issueId}`,
        issueId,
        who: who === undefined ? undefined : redact(who),
        adopts,
        receivedAt: now,
      }));
  }

  async function take(delivery: Delivery, senders: readonly string[]): Promise<Taken> {
    const webhook = readWebhook(delivery);
    if (webhook === undefined) throw new BackfeedError("invalid_request", "this is no delivery of Jira's webhooks");
    let outcome: Taken = "ignored";
    for (const tracker of senders) {
      for (const hint of await hintsFor(tracker, webhook, delivery.now)) {
        const received = await store.inbox.receive(hint);
        if (received === "stored" || outcome === "ignored") outcome = received;
      }
    }
    if (outcome === "stored") wake();
    return outcome;
  }

  return {
    name: "jira",
    operation: "receiveJira",
    summary: "Jira says that an issue changed. The issue itself is read; of the delivery nothing else is believed.",
    proof:
      "`X-Hub-Signature: sha256=…`, the HMAC of the raw body under the `webhook_secret` of a tracker; from a Data Center that " +
      "does not sign, the secret itself as bearer token or as `secret` in the address.",
    parameters: {
      secret: "The tracker's `webhook_secret`, where Jira does not sign.",
      tracker: "The name of the only tracker that this is for, where several have one secret.",
    },
    notConfigured:
      known.length > 0
        ? undefined
        : "no tracker of the type jira has a `webhook_secret`: Jira is asked every minute instead; docs/jira.md says how to set webhooks up",
    maxBodyBytes,
    deliveriesPerMinute,
    verify: ({ headers, query, body }) =>
      known
        .filter(({ secret }) => isGenuine({ headers, urlSecret: query["secret"], body, secret: secret.reveal() }))
        .map(({ name }) => name)
        .filter((name) => query["tracker"] === undefined || name === query["tracker"]),
    take,
  };
}
