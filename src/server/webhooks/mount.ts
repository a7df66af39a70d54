import type { Express, Request } from "express";
import { ipKeyGenerator } from "express-rate-limit";
import type { Clock } from "../../support/clock.ts";
import { minute, second } from "../../support/duration.ts";
import { asBackfeedError, type BackfeedError } from "../../support/errors.ts";
import type { Logger } from "../../support/logging.ts";
import type { Metrics } from "../../support/metrics.ts";
import { RequestFault } from "../faults.ts";
import { nameRoute } from "../pages.ts";
import { PerMinute } from "./per-minute.ts";
import { readBody } from "./read-body.ts";
import {
  type Delivery,
  receiverPath,
  type Taken,
  type TakenWithNote,
  takenOutcomes,
  type WebhookReceiver,
} from "./receiver.ts";

export interface WebhookEdge {
  readonly receivers: readonly WebhookReceiver[];
  readonly metrics: Pick<Metrics, "recordWebhook">;
  readonly logger: Pick<Logger, "warn" | "error">;
  readonly clock: Pick<Clock, "now">;
}

/*
 * Wrong deliveries of one address in a minute. A genuine one is taken whatever was wrong before it, since behind a proxy all
 * senders share one address, and a webhook with last year's secret must not silence the one with this year's. Only an address
 * that sends nothing but wrong ones, and many, is not listened to for the rest of the minute.
 */
const wrongTold = 60;
const wrongRead = 600;

/** Bodies under way at once: what they may hold of memory. Slow senders are cut off by the server's own deadline for a request. */
const mostAtOnce = 100;

/** A sender that is refused for the store's sake comes again after this. */
const patienceMs = minute;

type Headers = Readonly<Record<string, string>>;

/** Where the body was not read: what is left of it is not waited for. */
const hangUp: Headers = { connection: "close" };

/** What can become of a delivery beside being taken, by the status that says so. */
const refusedOutcomes: Readonly<Record<number, string>> = {
  400: "unreadable",
  401: "unverified",
  404: "not_configured",
  413: "too_large",
  415: "unreadable",
  429: "too_many",
  503: "failed",
};

/**
 * Mounts `POST /webhooks/<name>` for each receiver. It stands before the defence against other sites' pages and before tokens:
 * what a delivery must show is the receiver's matter alone. Counted by receiver and outcome; neither body nor address is logged.
 */
export function mountWebhooks(app: Express, edge: WebhookEdge): void {
  for (const receiver of edge.receivers) {
    const count = (outcome: string, times = 1) =>
      edge.metrics.recordWebhook({ receiver: receiver.name, outcome }, times);
    // A counter that first appears with a value above zero has no increase() for its first event.
    for (const outcome of new Set([...takenOutcomes, ...Object.values(refusedOutcomes)])) count(outcome, 0);
    const receive = reception(receiver, edge);
    app.post(receiverPath(receiver), async (request, response) => {
      nameRoute(response, receiverPath(receiver));
      try {
        const taken = await receive(request);
        const answer = typeof taken === "string" ? { outcome: taken } : taken;
        count(answer.outcome);
        response.json(answer);
      } catch (thrown) {
        const fault = thrown instanceof RequestFault ? thrown : undefined;
        count((fault && refusedOutcomes[fault.status]) ?? "failed");
        throw thrown;
      }
    });
  }
}

/** One delivery from its first byte to the store. Throws a RequestFault for whatever is not taken. */
function reception(receiver: WebhookReceiver, edge: WebhookEdge): (request: Request) => Promise<Taken | TakenWithNote> {
  const wrong = new PerMinute();
  const genuine = new PerMinute();
  const told = new PerMinute();
  const { clock, logger } = edge;
  let underWay = 0;

  const refuseStranger = (address: string, now: number): RequestFault => {
    // `WEBHOOK_REFUSED`: somebody uses an old secret, or tries. Once a minute: the metric has the number.
    if (told.add("refused", now) === 1) {
      const message = "a delivery was refused: it is not signed with a secret that is configured";
      logger.warn("WEBHOOK_REFUSED", message, { receiver: receiver.name });
    }
    if (wrong.add(address, now) > wrongTold) return tooMany("too many deliveries that show no known secret");
    const unproven = `the delivery shows no known secret and is not signed with one. Wanted: ${receiver.proof}`;
    return new RequestFault(401, "unauthorized", unproven, {
      headers: { "www-authenticate": 'Bearer realm="backfeed webhooks"' },
    });
  };

  return async (request) => {
    if (receiver.notConfigured !== undefined) {
      throw new RequestFault(404, "not_configured", receiver.notConfigured, { headers: hangUp });
    }
    const now = clock.now();
    const address = ipKeyGenerator(request.ip ?? "");
    if (wrong.count(address, now) >= wrongRead) {
      throw tooMany("too many deliveries that show no known secret", hangUp);
    }
    if (underWay >= mostAtOnce) throw later("unavailable", "too many deliveries come at once", second, hangUp);
    underWay += 1;
    const body = await readBody(request, receiver.maxBodyBytes)
      .catch((fault: unknown) => {
        // Nobody has shown anything yet, and reading costs the same.
        wrong.add(address, now);
        throw fault;
      })
      .finally(() => {
        underWay -= 1;
      });
    const delivery: Delivery = { headers: request.headers, query: singles(request.query), body, now };
    const senders = receiver.verify(delivery);
    const [sender] = senders;
    if (sender === undefined) throw refuseStranger(address, now);
    if (genuine.add(sender, now) > receiver.deliveriesPerMinute) throw tooMany("too many deliveries in this minute");
    try {
      return await receiver.take(delivery, senders);
    } catch (thrown) {
      if (thrown instanceof RequestFault) throw thrown;
      const error = asBackfeedError(thrown);
      if (error.kind === "invalid_request") throw new RequestFault(400, "invalid_request", error.message);
      // `WEBHOOK_NOT_STORED`: who does not send it again has told us nothing. Once a minute, as above.
      if (told.add("failed", now) === 1) {
        logger.error("WEBHOOK_NOT_STORED", "a delivery could not be stored", { receiver: receiver.name }, error);
      }
      throw notStored(error);
    }
  };
}

/** Whatever it was, the sender has done nothing wrong: it is asked to come again. */
function notStored({ kind, retryAfterMs = patienceMs }: BackfeedError): RequestFault {
  if (kind === "limit") return later("limit", "too many deliveries wait to be looked at", retryAfterMs);
  return later("unavailable", "the delivery cannot be stored now", retryAfterMs);
}

function later(code: string, message: string, waitMs: number, more: Headers = {}): RequestFault {
  const headers = { "retry-after": `${Math.ceil(waitMs / 1_000)}`, ...more };
  return new RequestFault(503, code, `${message}: send it again later`, { headers });
}

function tooMany(message: string, more: Headers = {}): RequestFault {
  return new RequestFault(429, "too_many_requests", message, { headers: { "retry-after": "60", ...more } });
}

/** A parameter that is given twice is none: which of them counts would be a guess. */
function singles(query: Request["query"]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(query).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
