import type { Delivery, Taken, WebhookReceiver } from "../../../src/server/webhooks/receiver.ts";

export const fakeSecret = "fake-secret-4713-of-a-sender";

interface FakeReceiver extends WebhookReceiver {
  readonly taken: { delivery: Delivery; senders: readonly string[] }[];
  /** What `take` does with the next ones. */
  next: () => Taken;
}

/** Takes what shows its secret as bearer token, or as `secret` in the address. */
export function fakeReceiver(more: Partial<WebhookReceiver> = {}): FakeReceiver {
  const receiver: FakeReceiver = {
    taken: [],
    next: () => "stored",
    name: "fake",
    operation: "receiveFake",
    summary: "Something happened elsewhere.",
    proof: "A secret.",
    parameters: { secret: "The secret." },
    notConfigured: undefined,
    maxBodyBytes: 1_024,
    deliveriesPerMinute: 100,
    verify: ({ headers, query }) =>
      [headers.authorization, `Bearer ${query["secret"]}`].includes(`Bearer ${fakeSecret}`) ? ["sender"] : [],
    async take(delivery, senders) {
      receiver.taken.push({ delivery, senders });
      return receiver.next();
    },
    ...more,
  };
  return receiver;
}
