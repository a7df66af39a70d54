import type { Deploy } from "../../src/model/deploy.ts";

/** A deploy of checkout to production that succeeded; everything can be overridden. */
export function buildDeploy(overrides: Partial<Deploy> = {}): Deploy {
  const { service = "checkout", environment = "production", version = "1.4.2", at = 0 } = overrides;
  return {
    key: `${service} ${environment} ${version} ${at}`,
    origin: "backfeed",
    service,
    environment,
    version,
    commit: "0f2c1d9e8b7a6f5e4d3c2b1a0f9e8d7c6b5a4f3e",
    author: "anna",
    url: "https://ci.example.com/jobs/1",
    startedAt: undefined,
    at,
    outcome: "succeeded",
    receivedAt: at,
    ...overrides,
  };
}
