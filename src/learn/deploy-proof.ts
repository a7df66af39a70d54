import { createHmac } from "node:crypto";
import { minute } from "../support/duration.ts";
import { isSameSecret } from "../support/same-secret.ts";

export interface DeployDelivery {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
  readonly now: number;
}

/** A signature with a time is good for this long, in both directions, as Standard Webhooks has it. */
const signatureHoldsMs = 5 * minute;

/**
 * Whether a delivery shows that its sender has the token: by GitHub's `X-Hub-Signature-256` over the raw body; by GitLab's
 * signing token, which signs as Standard Webhooks do (`webhook-signature: v1,<base64>` over
 * `<webhook-id>.<webhook-timestamp>.<body>`); as bearer token; as GitLab's `X-Gitlab-Token`. A signature that is there must
 * hold, whatever else is shown. All is compared in constant time.
 */
export function showsToken(delivery: DeployDelivery, token: string): boolean {
  const { headers, body } = delivery;
  const one = (name: string) => {
    const value = headers[name];
    return typeof value === "string" ? value : "";
  };
  const [, bearer = ""] = /^Bearer +(\S+)$/i.exec(one("authorization")) ?? [];
  const hub = `sha256=${createHmac("sha256", token).update(body).digest("hex")}`;
  const signatures = [
    ...(headers["x-hub-signature-256"] === undefined
      ? []
      : [isSameSecret(one("x-hub-signature-256").toLowerCase(), hub)]),
    ...(headers["webhook-signature"] === undefined
      ? []
      : [isSigned(one("webhook-signature"), one("webhook-id"), one("webhook-timestamp"), delivery, token)]),
  ];
  const shown = [isSameSecret(bearer, token), isSameSecret(one("x-gitlab-token"), token)];
  return signatures.length > 0 ? !signatures.includes(false) : shown.includes(true);
}

/** A token that begins with `whsec_` is the key in base64, as such tokens are given out; any other is the key itself. */
function isSigned(
  signatures: string,
  id: string,
  timestamp: string,
  { body, now }: DeployDelivery,
  token: string,
): boolean {
  const key = token.startsWith("whsec_") ? Buffer.from(token.slice("whsec_".length), "base64") : token;
  const signature = `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64")}`;
  // Several, while a token is being replaced.
  const fits = signatures
    .split(" ")
    .slice(0, 10)
    .map((each) => isSameSecret(each, signature));
  return (
    fits.includes(true) && /^\d{1,12}$/.test(timestamp) && Math.abs(Number(timestamp) * 1_000 - now) <= signatureHoldsMs
  );
}
