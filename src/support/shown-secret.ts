import { isSameSecret } from "./same-secret.ts";

/**
 * Whether an `Authorization` header shows the secret: as bearer token, or as password of basic authentication, whoever the
 * user is. Takes the same time wherever they differ.
 */
export function showsSecret(authorization: string | undefined, secret: string): boolean {
  const [, bearer = ""] = /^Bearer +(\S+)$/i.exec(authorization ?? "") ?? [];
  const [, basic = ""] = /^Basic +(\S+)$/i.exec(authorization ?? "") ?? [];
  const pair = Buffer.from(basic, "base64").toString("utf8");
  const password = pair.includes(":") ? pair.slice(pair.indexOf(":") + 1) : "";
  const shown = [isSameSecret(bearer, secret), isSameSecret(password, secret)];
  return secret !== "" && shown.includes(true);
}
