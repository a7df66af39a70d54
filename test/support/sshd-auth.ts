/** One line of auth.log as the `auth` part of Filebeat's system module (8.x) stores it, as far as rules read it. */
interface AuthDocument {
  /** ISO 8601; the host's clock is taken for UTC. */
  readonly "@timestamp": string;
  readonly event: { readonly dataset: "system.auth"; readonly action?: string; readonly outcome?: string };
  readonly host: { readonly hostname: string };
  readonly process: { readonly name: string };
  readonly user?: { readonly name: string };
  readonly source?: { readonly ip: string };
  readonly system?: { readonly auth: { readonly ssh: { readonly event: string; readonly method?: string } } };
  readonly message: string;
}

/** Syslog writes no year. */
export const sshdLogYear = 2016;

const header = /^(?<time>\w{3} +\d+ [\d:]{8}) (?<host>\S+) (?<program>[^\s:[]+)(?:\[\d+\])?: (?<message>.*)$/;
// The module's own two patterns for sshd, in the module's order. The blank before a name that the host does not have stays in it.
const login = /^(?<event>.*?) (?<method>.*?) for (?:invalid user)?(?<user>.*?) from (?<ip>\S+) port \d+ ssh2/;
const attempt = /^(?<event>.*?) user (?<user>.*?) from (?<ip>\S+)/;

/** Undefined for what is no line of syslog. */
export function parseSshdLine(line: string): AuthDocument | undefined {
  const { time = "", host = "", program = "", message = "" } = header.exec(line)?.groups ?? {};
  if (message === "") return undefined;
  const ssh = (login.exec(message) ?? attempt.exec(message))?.groups;
  const { event, method, user, ip } = ssh ?? {};
  const outcome = event === "Accepted" ? "success" : event === "Failed" || event === "Invalid" ? "failure" : undefined;
  return {
    "@timestamp": new Date(Date.parse(`${time} ${sshdLogYear} UTC`)).toISOString(),
    event: { dataset: "system.auth", ...(outcome === undefined ? {} : { action: "ssh_login", outcome }) },
    host: { hostname: host },
    process: { name: program },
    ...(user === undefined ? {} : { user: { name: user } }),
    ...(ip === undefined || !/^[\da-f.:]+$/i.test(ip) ? {} : { source: { ip } }),
    ...(event === undefined
      ? {}
      : { system: { auth: { ssh: { event, ...(method === undefined ? {} : { method }) } } } }),
    message,
  };
}
