import type { Report } from "../support/yaml/fault.ts";
import type { ConfigParts } from "./checks.ts";
import type { Secret } from "./secret.ts";

const shortest = 16;

/** What others show or sign with when they call us must be hard to guess. */
export function checkLength(secret: Secret, path: Parameters<Report>[0], report: Report): void {
  if (secret.reveal().length >= shortest) return;
  const what = path.at(-1) === "webhook_secret" ? "secret" : "token";
  report(
    path,
    {
      message: `the ${what} is shorter than ${shortest} characters and can be guessed`,
      fix: "make one with `openssl rand -hex 24`",
    },
    { severity: "warning" },
  );
}

/** Webhook secrets: long enough, one for each Jira, and none that opens the API as well. */
export function checkWebhookSecrets({ server, trackers }: ConfigParts, report: Report): void {
  const apiTokens = new Map<string, string>();
  for (const token of server?.auth?.tokens ?? []) {
    const secret = token?.token as Secret | undefined;
    if (secret !== undefined) apiTokens.set(secret.reveal(), token?.name ?? "");
  }
  const checkApart = (secret: Secret, path: Parameters<Report>[0]) => {
    const holder = apiTokens.get(secret.reveal());
    if (holder === undefined) return;
    report(path, {
      message: `this is the API token \`${holder}\` as well: whoever sends webhooks could use the API`,
      fix: "make another with `openssl rand -hex 24`",
    });
  };
  for (const name of ["alertmanager", "deploys"] as const) {
    const secret = server?.webhooks?.[name]?.token as Secret | undefined;
    if (secret === undefined) continue;
    const path = ["server", "webhooks", name, "token"];
    checkLength(secret, path, report);
    checkApart(secret, path);
  }
  const jiras = new Map<string, { readonly name: string; readonly url: string | undefined }>();
  for (const [name, tracker] of Object.entries(trackers ?? {})) {
    if (tracker?.type !== "jira" || tracker.webhook_secret === undefined) continue;
    const secret = tracker.webhook_secret as Secret;
    const path = ["trackers", name, "webhook_secret"];
    checkLength(secret, path, report);
    checkApart(secret, path);
    const other = jiras.get(secret.reveal());
    if (other === undefined) {
      jiras.set(secret.reveal(), { name, url: tracker.url });
    } else if (!isSameJira(other.url, tracker.url)) {
      report(path, {
        message: `this secret is that of \`${other.name}\` too, which is another Jira: nobody could tell whose delivery it is`,
        fix: "give each Jira a secret of its own",
      });
    }
  }
}

/** Two trackers of one Jira may share the one webhook that it sends. */
function isSameJira(a: string | undefined, b: string | undefined): boolean {
  const plain = (url: string | undefined) => url?.toLowerCase().replace(/\/+$/, "");
  return plain(a) === plain(b);
}
