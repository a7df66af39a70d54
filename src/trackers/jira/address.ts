import { BackfeedError } from "../../support/errors.ts";
import { isLoopback } from "../../support/loopback.ts";

/** Where Jira is and how we log in, checked once: what is wrong here is our user's configuration. */
export interface JiraAddress {
  /** `https://acme.atlassian.net`, with the context path, without a slash at the end. */
  readonly base: string;
  readonly url: URL;
}

/** `{email, token}`: Cloud. `{token}`: personal access token of Data Center. `{user, password}`: basic. */
export type JiraAuth =
  | { readonly email: string; readonly token: string }
  | { readonly token: string }
  | { readonly user: string; readonly password: string };

/** Throws `configuration` for anything but https without credentials, query or fragment; http is for loopback, or `allowHttp`. */
export function readAddress(options: { name: string; url: string; allowHttp: boolean }): JiraAddress {
  const wrong = (why: string): BackfeedError => new BackfeedError("configuration", `tracker ${options.name}: ${why}`);
  if (!URL.canParse(options.url)) throw wrong("url is not a URL");
  const url = new URL(options.url);
  if (url.protocol !== "https:" && url.protocol !== "http:") throw wrong("url must begin with https://");
  if (url.username !== "" || url.password !== "") throw wrong("url must not carry credentials: write them under auth");
  if (url.search !== "" || url.hash !== "") throw wrong("url must not have a query or a fragment");
  if (/%|\/\.{1,2}(\/|$)|\/rest\//.test(url.pathname)) throw wrong("url must end before /rest, without escapes");
  if (url.protocol === "http:" && !options.allowHttp && !isLoopback(url.hostname)) {
    throw wrong("http:// would send the token in clear: use https://, or set allow_http: true");
  }
  return { base: `${url.origin}${url.pathname.replace(/\/+$/, "")}`, url };
}

/** The Authorization header, and every text that must not be seen again. An empty credential would make us anonymous, so it is refused. */
export function readAuth(options: { name: string; auth: JiraAuth }): { header: string; secrets: readonly string[] } {
  const { auth, name } = options;
  const [user, secret] =
    "password" in auth
      ? [auth.user, auth.password]
      : "email" in auth
        ? [auth.email, auth.token]
        : [undefined, auth.token];
  if (secret.trim() === "" || user?.trim() === "") {
    throw new BackfeedError("configuration", `tracker ${name}: auth is empty: is the environment variable set?`);
  }
  if (user === undefined) {
    if (!/^[\x21-\x7e]+$/.test(secret)) {
      throw new BackfeedError("configuration", `tracker ${name}: auth.token has characters that no token has`);
    }
    return { header: `Bearer ${secret}`, secrets: [secret] };
  }
  const encoded = Buffer.from(`${user}:${secret}`).toString("base64");
  return { header: `Basic ${encoded}`, secrets: [secret, encoded] };
}
