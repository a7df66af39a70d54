import { isLoopback } from "../support/loopback.ts";
import { RequestFault } from "./faults.ts";

/** What a browser says of itself; other clients leave all but `host` out. */
interface Asking {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
  /** A person followed a link, from a ticket for example: the other site sees nothing of the answer. */
  readonly opened: boolean;
  /** Whatever is no read. */
  readonly writes: boolean;
}

/**
 * For a server without tokens on loopback: a page that is not this server's must not be able to read or act. A rebound
 * DNS name shows in `Host`, a page elsewhere in `Origin` and `Sec-Fetch-Site`. Another port of this machine is another
 * origin too, and may be anybody's program: it cannot read an answer, since none is shared, and must not act either.
 * Throws a 403.
 */
export function refuseForeignPages(request: Asking, publicUrl: string | undefined): void {
  const publicHost = hostNameOf(publicUrl);
  const allowed = (host: string | undefined) => host !== undefined && (isLoopback(host) || host === publicHost);
  if (!allowed(hostNameOf(request.host && `http://${request.host}`))) {
    throw new RequestFault(403, "forbidden_host", "this server answers under loopback names and public_url only");
  }
  const { origin, fetchSite } = request;
  const foreignOrigin =
    origin !== undefined &&
    (request.writes ? !isOwnOrigin(origin, request.host, publicUrl) : !allowed(hostNameOf(origin)));
  const foreignPage = (fetchSite === "cross-site" && !request.opened) || (fetchSite === "same-site" && request.writes);
  if (foreignOrigin || foreignPage) {
    throw new RequestFault(403, "forbidden_origin", "requests from pages of other sites are refused");
  }
}

/** Scheme, name and port of the page: those asked for, or those of `public_url`, which a proxy may stand behind. */
function isOwnOrigin(origin: string, host: string | undefined, publicUrl: string | undefined): boolean {
  const given = originOf(origin);
  if (given === undefined) return false;
  return given === originOf(publicUrl) || given === originOf(host && `http://${host}`);
}

function originOf(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).origin : undefined;
}

/** The host name of a URL in lower case; undefined when the text is none. */
function hostNameOf(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).hostname.toLowerCase() : undefined;
}
