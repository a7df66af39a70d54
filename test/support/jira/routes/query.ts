import type { Call } from "../operation.ts";
import { refuse } from "../refusal.ts";
import type { IssueView } from "../render-issue.ts";
import type { Site } from "../site.ts";

/** A list parameter: repeated, or comma separated, as Jira takes both. */
export function list(query: URLSearchParams, name: string): string[] {
  return query
    .getAll(name)
    .flatMap((value) => value.split(","))
    .map((value) => value.trim())
    .filter((value) => value !== "");
}

/** `startAt` and `maxResults`. Cloud refuses more than `limit`, Data Center gives `limit` instead. */
export function page(
  site: Site,
  query: URLSearchParams,
  defaults: { size: number; limit: number },
): { startAt: number; maxResults: number } {
  const startAt = Number(query.get("startAt") ?? 0);
  const maxResults = Number(query.get("maxResults") ?? defaults.size);
  if (!(startAt >= 0)) refuse(site.deployment, "startAt");
  if (!site.cloud) return { startAt, maxResults: Math.max(0, Math.min(maxResults, defaults.limit)) };
  if (!(maxResults >= 0 && maxResults <= defaults.limit)) refuse(site.deployment, "maxResults", "0", defaults.limit);
  return { startAt, maxResults };
}

/** What of the issue a GET asks for; without `fields` all of it. */
export function issueView(call: Call): IssueView {
  const fields = list(call.query, "fields");
  return {
    fields: fields.length === 0 ? ["*all"] : fields,
    expand: new Set(list(call.query, "expand")),
    properties: list(call.query, "properties"),
  };
}

/** The name a write is recorded under. */
export function actor(call: Call): string {
  return call.user ?? "anonymous";
}
