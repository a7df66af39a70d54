import type { NextFunction, Request, Response } from "express";
import { LOGIN_PAGE, sendHtml, sendRefusal, sendReply } from "./answers.ts";
import { apiPath, callOf, type Exchange, type ServerParts } from "./exchange.ts";
import { Refusal } from "./refusal.ts";
import { getContent } from "./routes/attachment.ts";
import { patternOf, type Routing } from "./routing.ts";

const REMOVED_SEARCH =
  "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046";

/** The login page, Data Center's attachment addresses, what was removed, and what is not served: none of it is in the subset. */
export function serveSpecialPaths(options: {
  parts: ServerParts;
  routing: Routing;
  exchange: Exchange;
  req: Request;
  res: Response;
  next: NextFunction;
}) {
  const { parts, routing, exchange, req, res, next } = options;
  const { site, contextPath } = parts;
  const { entry, url, matched } = exchange;
  if (matched !== undefined) return next();
  const path = apiPath(parts, url.pathname);
  if (url.pathname === `${contextPath}/login.jsp` || url.pathname === "/login.jsp")
    return sendHtml(res, 200, LOGIN_PAGE);
  const file = site.cloud ? null : /^\/secure\/attachment\/(\d+)\//.exec(url.pathname.slice(contextPath.length));
  if (file !== null && req.method === "GET") {
    const { user } = parts.authentication.identify(req.headers.authorization, false);
    if (user === undefined) return res.redirect(302, "/login.jsp");
    return sendReply(res, getContent(site, callOf({ exchange, req, user, params: { id: file[1] ?? "" } })));
  }
  if (site.cloud && path === "/search")
    return sendRefusal(res, new Refusal({ status: 410, errorMessages: [REMOVED_SEARCH] }));
  const methods = path === undefined ? [] : routing.methods(path);
  if (methods.length > 0) {
    res.set("Allow", methods.join(", "));
    return sendRefusal(res, new Refusal({ status: 405, errorMessages: ["Method Not Allowed"] }));
  }
  if (path !== undefined && parts.validator.allPaths.some((known) => patternOf(known).test(path))) {
    const message = `the double does not serve ${req.method} ${path}, though Jira does`;
    entry.outcome = "violation";
    parts.violations.push({ n: entry.n, operation: entry.operation, path: entry.path, message });
    return sendRefusal(res, new Refusal({ status: 501, errorMessages: [message] }));
  }
  if (site.cloud) sendHtml(res, 404, "<html><body>Oops, you&#39;ve found a dead link.</body></html>");
  else res.status(404).json({ message: `null for uri: ${parts.site.url}${entry.path}`, "status-code": 404 });
}
