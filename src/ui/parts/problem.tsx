import { Alert, Loader } from "@mantine/core";
import { ApiFault } from "../api/client.ts";

/** What stands where an answer should: that it is awaited, or why there is none. Nothing once there is data. */
export function Awaiting({ query }: { query: { error: unknown; data: unknown } }) {
  if (query.data !== undefined) return query.error === null ? null : <Problem error={query.error} stale />;
  return query.error === null ? <Loader size="sm" aria-label="Loading" /> : <Problem error={query.error} />;
}

export function Problem({ error, stale = false }: { error: unknown; stale?: boolean }) {
  if (error === null || error === undefined) return null;
  return (
    <Alert color="red" variant="light" role="alert" title={titleOf(error)}>
      {error instanceof Error ? error.message : "unknown fault"}
      {stale && " What is shown below is older."}
    </Alert>
  );
}

function titleOf(error: unknown): string {
  if (!(error instanceof ApiFault)) return "Backfeed cannot be reached";
  if (error.status === 403) return "Your token does not allow this";
  if (error.status === 404) return "Not found";
  return error.status >= 500 ? "Backfeed could not answer" : "Backfeed did not accept this";
}
