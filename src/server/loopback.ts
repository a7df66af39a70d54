import { isLoopback } from "../support/loopback.ts";
import { RequestFault } from "./faults.ts";

/**
 * For a server without tokens on loopback: a page of another site that the user's browser has open must not be able
 * to read or act. A rebound DNS name shows in `Host`, a cross-site request in `Origin`. Throws a 403.
 */
export function refuseForeignPages(
  request: {
    readonly host: string | undefined;
    readonly origin: string | undefined;
    readonly fetchSite: string | undefined;
    /** A person followed a link, from a ticket for example: the other site sees nothing of the answer. */
    readonly opened: boolean;
  },
  publicHost: string | undefined,
): void {
  const allowed = (host: string | undefined) => host !== undefined && (isLoopback(host) || host === publicHost);
  if (!allowed(hostNameOf(request.host && `http://${request.host}`))) {
    throw new RequestFault(403, "forbidden_host", "this server answers under loopback names and public_url only");
  }
  const foreignOrigin = request.origin !== undefined && !allowed(hostNameOf(request.origin));
  if (foreignOrigin || (request.fetchSite === "cross-site" && !request.opened)) {
    throw new RequestFault(403, "forbidden_origin", "requests from pages of other sites are refused");
  }
}

/** The host name of a URL in lower case; undefined when the text is none. */
export function hostNameOf(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).hostname.toLowerCase() : undefined;
}
