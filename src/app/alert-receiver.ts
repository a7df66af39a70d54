import type { Secret } from "../config/secret.ts";
import { labelsKey } from "../model/labels.ts";
import { RequestFault } from "../server/faults.ts";
import type { Delivery, TakenWithNote, WebhookReceiver } from "../server/webhooks/receiver.ts";
import { hear } from "../sources/alertmanager/hear.ts";
import { type AlertNotice, type ReadDelivery, readDelivery } from "../sources/alertmanager/read-delivery.ts";
import type { Store } from "../store/store.ts";
import { BackfeedError } from "../support/errors.ts";
import type { Logger } from "../support/logging.ts";
import { showsSecret } from "../support/shown-secret.ts";

/** An alert is one to two kilobytes: over a thousand of them, more than `max_alerts` should let through. */
const maxBodyBytes = 2 * 1024 * 1024;
const deliveriesPerMinute = 600;

export interface AlertReceiverOptions {
  readonly token: Secret | undefined;
  readonly store: Pick<Store, "receivedAlerts">;
  /** Takes secrets out of one text, before it is stored. */
  readonly redact: (text: string) => string;
  readonly logger: Pick<Logger, "warn">;
}

/**
 * `POST /webhooks/alertmanager`: payloads of version 4, and Grafana's. What they say of each alert is remembered by its label
 * set; what becomes of it is judged at the next tick.
 */
export function alertReceiver({ token, store, redact, logger }: AlertReceiverOptions): WebhookReceiver {
  return {
    name: "alertmanager",
    operation: "receiveAlerts",
    summary: "Alerts that Alertmanager (payload version 4) or Grafana raises: they become findings.",
    proof:
      "`server.webhooks.alertmanager.token` as bearer token, or as the password of basic authentication with any user name.",
    parameters: {},
    notConfigured:
      token === undefined
        ? "`server.webhooks.alertmanager.token` is not configured; docs/alertmanager.md says how to"
        : undefined,
    maxBodyBytes,
    deliveriesPerMinute,
    verify: ({ headers }) =>
      token !== undefined && showsSecret(headers.authorization, token.reveal()) ? ["alertmanager"] : [],
    async take(delivery) {
      const read = readDelivery(jsonOf(delivery), { now: delivery.now, redact });
      if (read === undefined) {
        throw new RequestFault(
          400,
          "invalid_request",
          "the body has no list `alerts`: it is neither Alertmanager's payload of version 4 nor that of Grafana's webhook contact point",
        );
      }
      const note = noteOf(read);
      if (read.notices.length === 0) {
        if (read.unreadable > 0) throw new RequestFault(400, "invalid_request", note);
        return { outcome: "ignored", note: "it tells of no alert" };
      }
      warn(read, logger);
      const changed = await remember(read.notices, delivery.now, store);
      const outcome = changed ? "stored" : "repeated";
      return note === "" ? outcome : ({ outcome, note } satisfies TakenWithNote);
    },
  };
}

/** Whether anything of it was news. */
async function remember(
  notices: readonly AlertNotice[],
  now: number,
  store: AlertReceiverOptions["store"],
): Promise<boolean> {
  const byLabels = new Map<string, AlertNotice[]>();
  for (const notice of notices) {
    const key = labelsKey(notice.labels);
    byLabels.set(key, [...(byLabels.get(key) ?? []), notice]);
  }
  const labelSets = [...byLabels.values()].flatMap(([first]) => (first === undefined ? [] : [first.labels]));
  let changed = false;
  await store.receivedAlerts.hear(labelSets, (known, labels) => {
    let alert = known;
    for (const notice of byLabels.get(labelsKey(labels)) ?? []) {
      const heard = hear(alert, notice, now);
      changed ||= heard.isNews;
      alert = heard.alert;
    }
    if (alert === undefined) throw new BackfeedError("internal", "an alert is asked for that was not told of");
    return alert;
  });
  return changed;
}

function noteOf({ notices, unreadable, leftOut }: ReadDelivery): string {
  const parts = [
    ...(unreadable === 0
      ? []
      : [
          `${unreadable} of ${notices.length + unreadable} alerts have no status \`firing\` or \`resolved\`, or no labels`,
        ]),
    ...(leftOut === 0
      ? []
      : [`${leftOut} alerts were left out by the sender (max_alerts): they are not taken as resolved`]),
  ];
  return parts.join("; ");
}

function warn({ unreadable, leftOut }: ReadDelivery, logger: AlertReceiverOptions["logger"]): void {
  if (leftOut > 0) {
    // `ALERTS_LEFT_OUT`: what was cut off is not known here; raise `max_alerts`, or group by more labels.
    logger.warn("ALERTS_LEFT_OUT", "a delivery was cut by its sender's max_alerts; what is missing is unknown", {
      leftOut,
    });
  }
  if (unreadable > 0) {
    // `ALERTS_UNREADABLE`: the sender writes a payload that is not quite the documented one.
    logger.warn("ALERTS_UNREADABLE", "some alerts of a delivery could not be read", { unreadable });
  }
}

function jsonOf({ body }: Delivery): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch (cause) {
    throw new BackfeedError("invalid_request", "the body is not UTF-8", { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BackfeedError("invalid_request", "the body is not JSON", { cause });
  }
}
