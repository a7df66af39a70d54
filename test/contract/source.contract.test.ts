import { createScriptedSource } from "../../src/sources/scripted/scripted-source.ts";
import type { FilterKind } from "../support/source-expectation.ts";
import { sourceContract } from "./source.contract.ts";

const scriptedFilters: Readonly<Record<FilterKind, Record<string, unknown>>> = {
  slow: { duration_ms: { gte: 250 } },
  server_error: { "http.response.status_code": { gte: 500 } },
  not_health: { not: { "url.path": { prefix: "/health" } } },
  broken: { "url.path": { resembles: "x" } },
};

sourceContract({
  name: "scripted",
  async create({ events }) {
    const script = { events: { events: events.map((event) => ({ ...event })) } };
    return {
      source: createScriptedSource({ name: "scripted", script }),
      target: "events",
      missingTarget: "nowhere",
      filterFor: (kind) => scriptedFilters[kind],
      async close() {},
    };
  },
});
