import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import express, { type Express, type Response } from "express";
import { BackfeedError } from "../support/errors.ts";

/** Paths that the UI's own router shows; the server answers them all with the one page. */
const pagePaths = ["/", "/findings/:id", "/tickets", "/tickets/:key", "/rules", "/silences"];

/** Stands in index.html where the style nonce of the response goes. */
const noncePlaceholder = "__STYLE_NONCE__";

/**
 * Serves the built UI. The page carries a nonce for the style elements that Mantine makes; scripts come from files of
 * this origin only. It holds no data, so it needs no token. Throws `configuration` when the UI is not built.
 */
export function servePages(app: Express, directory: string): void {
  const index = readIndex(directory);
  app.use(
    "/assets",
    express.static(join(directory, "assets"), { immutable: true, maxAge: "1y", index: false, redirect: false }),
  );
  app.get("/favicon.svg", (_request, response) => {
    response.sendFile("favicon.svg", { root: directory, maxAge: "1d" });
  });
  app.get(pagePaths, (_request, response) => {
    const nonce = randomBytes(16).toString("base64");
    response.set("content-security-policy", pagePolicy(nonce));
    response.set("cache-control", "no-store");
    response.type("html").send(index.replaceAll(noncePlaceholder, nonce));
  });
}

/** For everything but the pages: nothing of it is ever to be shown as a document that can do anything. */
export const answerPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox";

/** Images as `blob:` because the UI fetches charts with its token. */
function pagePolicy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

function readIndex(directory: string): string {
  const file = join(directory, "index.html");
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new BackfeedError("configuration", `the pages are not built: ${file} is missing; run npm run build:ui`, {
      cause,
    });
  }
}

/** Set on a response by whoever knows which route it is, for the log and the metrics. */
export function nameRoute(response: Response, route: string): void {
  response.locals["route"] = route;
}
