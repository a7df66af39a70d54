import type { IncomingHttpHeaders } from "node:http";

/** One request of another system, as it came. Everything in it is hostile until `verify` has named a sender. */
export interface Delivery {
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** Parameters of the address that were given exactly once. They may hold secrets: neither they nor the body are ever logged. */
  readonly query: Readonly<Record<string, string>>;
  /** The raw bytes: signatures are over these. */
  readonly body: Uint8Array;
  /** When it came, milliseconds UTC. */
  readonly now: number;
}

/** What became of a genuine delivery. `ignored`: nothing in it is of any use to us. All three are answered 200. */
export const takenOutcomes = ["stored", "repeated", "ignored"] as const;
export type Taken = (typeof takenOutcomes)[number];
/** With a sentence for whoever looks at the answer. */
export interface TakenWithNote {
  readonly outcome: Taken;
  readonly note: string;
}

/** One kind of webhook that comes in under `/webhooks/<name>`. `app` makes it, so the server knows nobody's payloads. */
export interface WebhookReceiver {
  /** `[a-z]+`; the last part of the path, and the metric's label. */
  readonly name: string;
  /** For the OpenAPI document. */
  readonly operation: string;
  readonly summary: string;
  /** How a sender shows who it is, in a sentence for the OpenAPI document and for senders that do not. */
  readonly proof: string;
  /** Parameters of the address, with what they mean. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Why nobody can send anything yet, and what to configure; undefined when somebody can. Answered as 404. */
  readonly notConfigured: string | undefined;
  /** A longer body is refused before it is read to its end. */
  readonly maxBodyBytes: number;
  /** Of one sender that has shown who it is. */
  readonly deliveriesPerMinute: number;
  /**
   * The names of those whose secret the delivery shows or is signed with; none when nobody's fits. Compares in constant
   * time, and goes through all of them whatever fits.
   */
  verify(delivery: Delivery): readonly string[];
  /**
   * Takes a genuine delivery in. It is on the disk when this resolves to `stored`. Throws `invalid_request` for one that
   * can never be taken (400); whatever else it throws means "later" to the sender (503 with Retry-After).
   */
  take(delivery: Delivery, senders: readonly string[]): Promise<Taken | TakenWithNote>;
}

/** Where it is received. */
export function receiverPath({ name }: Pick<WebhookReceiver, "name">): string {
  return `/webhooks/${name}`;
}
