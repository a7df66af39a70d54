import { createHmac } from "node:crypto";
import type { WebhookEvent } from "../../jira/webhooks.ts";
import { webhookSecret } from "./life.ts";
import { minute } from "./plan.ts";
import { Random } from "./random.ts";
import type { Simulation } from "./simulation.ts";

/** As Jira Cloud does it: what is not taken is sent again, and given up in the end. */
const mostAttempts = 3;
/** What happens at once arrives at once. */
const promptMs = 2_000;
const latestMinutes = 20;

/** What happens to deliveries besides arriving, by the names it is counted under. */
export const webhookFates = ["late", "lost", "repeated", "forged", "not taken", "out of order"] as const;

/** Carries the deliveries of Jira's webhook to the program: as the plan says not at all, at once, or as badly as the network can. */
export class Postman {
  readonly #run: Simulation;
  readonly #random: Random;
  #sent = 0;
  /** The latest delivery that has arrived. */
  #arrived = 0;

  constructor(run: Simulation) {
    this.#run = run;
    this.#random = new Random(run.plan.seed ^ 0x5eed);
  }

  /** Takes what Jira has to tell, and puts it on its way. */
  collect(): void {
    const events = this.#run.jira.webhooks.pending.splice(0);
    const { webhooks } = this.#run.plan;
    if (webhooks === "none") return;
    for (const event of events) {
      this.#sent += 1;
      if (webhooks === "prompt") this.#send(event, this.#sent, promptMs);
      else this.#sendBadly(event, this.#sent);
    }
  }

  #sendBadly(event: WebhookEvent, number: number): void {
    const random = this.#random;
    const fate = random.weighted({ prompt: 5, late: 3, lost: 2, repeated: 2, forged: 1 });
    if (fate !== "prompt") this.#run.trace.count(`fault:webhook ${fate}`);
    if (fate === "lost") return;
    const lateMs = random.int(1, latestMinutes) * minute;
    this.#send(event, number, fate === "late" ? lateMs : promptMs, fate === "forged" ? "a guess" : webhookSecret);
    if (fate === "repeated") this.#send(event, number, promptMs + lateMs);
  }

  #send(event: WebhookEvent, number: number, afterMs: number, secret = webhookSecret, attempt = 1): void {
    const { time, trace } = this.#run;
    this.#run.at(time.now() + afterMs, async () => {
      const body = Buffer.from(JSON.stringify(event.payload));
      const headers = {
        "content-type": "application/json",
        "x-atlassian-webhook-identifier": event.id,
        "x-hub-signature": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
      };
      const taken = await this.#answer({ headers, query: {}, body, now: time.now() });
      if (taken === undefined) {
        trace.count("fault:webhook not taken");
        if (attempt < mostAttempts) this.#send(event, number, minute, secret, attempt + 1);
        return;
      }
      if (number < this.#arrived) trace.count("fault:webhook out of order");
      this.#arrived = Math.max(this.#arrived, number);
      trace.count(`webhook:${taken}`);
      if (taken !== "ignored") trace.say(`delivery ${number}, ${event.payload["webhookEvent"]}, is ${taken}`);
      const isForged = secret !== webhookSecret;
      if (isForged !== (taken === "refused")) this.#run.crashes.push(`a delivery signed with ${secret} was ${taken}`);
    });
  }

  async #answer(delivery: Parameters<NonNullable<Simulation["life"]>["receive"]>[0]) {
    try {
      return await this.#run.life?.receive(delivery);
    } catch {
      // "Later", as the server answers 503.
      return undefined;
    }
  }
}
