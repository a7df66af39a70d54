import { makeProjectFolder, type ProjectFolder } from "../support/project-folder.ts";

export const apacheIndex = "logs-scenario-apache";

/** Limits of the two rules below, as numbers for whoever computes what they should say. */
export const apacheLimits = { storm: 8, calm: 5, drop: 0.16, floor: 50 } as const;

const rules = `apiVersion: backfeed/v1
defaults:
  owner: web
  schedule: "0 * * * *"
  signal: { source: logs, index: "${apacheIndex}*", measure: count, window: 1h }
rules:
  - id: www-not-found-storm
    title: '{{ labels["service.name"] }}: {{ value | number }} requests for missing pages in {{ window | duration }}'
    why: Visitors land on "not found" instead of the page they came for.
    severity: warning
    signal: { where: { http.response.status_code: 404 }, by: [service.name] }
    when: { above: ${apacheLimits.storm} }
    until: { below: ${apacheLimits.calm}, for: 1h }
    impact: { users: unique(source.ip) }
    evidence: { samples: 5, fields: ["@timestamp", source.ip, url.path] }
  - id: www-traffic-drop
    title: 'traffic fell to {{ value | number }} requests in {{ window | duration }}'
    why: Visitors cannot reach the site, or its log does not reach us.
    severity: high
    when: { change: { versus: previous, down: ${apacheLimits.drop * 100}%, floor: ${apacheLimits.floor} } }
    evidence: { fields: [message] }
`;

/** Two rules that were written with a slip of the pen. */
export const apacheTypos = `apiVersion: backfeed/v1
defaults: { schedule: "0 * * * *", severity: high, signal: { source: logs, measure: count, window: 1h }, when: { above: 0 } }
rules:
  - { id: no-such-index, title: x, why: y, signal: { index: logs-nobody-writes } }
  - { id: no-such-field, title: x, why: y, signal: { index: "${apacheIndex}*", where: { http.response.status: 404 } } }
`;

/** A folder as an operator would write it, over the Apache log in a real Elasticsearch. */
export function makeApacheProject({
  url,
  auth,
  more = "trackers: { local: { type: local } }\ntracker: local",
}: {
  url: string;
  /** As written under `auth`, with `${VAR}` for secrets. */
  auth?: string;
  /** Trackers, `tracker` and what else the configuration says. */
  more?: string;
}): Promise<ProjectFolder> {
  return makeProjectFolder({
    "config/backfeed.yaml": `apiVersion: backfeed/v1
instance: apache-scenario
sources:
  logs:
    type: elasticsearch
    nodes: ["${url}"]
    delay: 30s
    stale_after: 2h
${auth === undefined ? "" : `    auth: ${auth}\n`}catch_up: 2d
${more}
`,
    "config/owners.yaml": "default: {}\nweb: { labels: [team-web] }\n",
    "rules/www.yaml": rules,
  });
}
