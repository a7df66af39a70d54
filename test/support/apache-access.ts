/** One access log line in Elastic's common schema, as Filebeat's Apache module would store it. */
export interface AccessDocument {
  /** ISO 8601, UTC, whole seconds. */
  readonly "@timestamp": string;
  readonly event: { readonly dataset: "apache.access" };
  readonly service: { readonly name: string };
  readonly source: { readonly ip: string };
  readonly http: {
    readonly version?: string;
    readonly request: { readonly method: string; readonly referrer?: string };
    readonly response: { readonly status_code: number; readonly body?: { readonly bytes: number } };
  };
  /** `path` is without the query, `query` without its question mark. */
  readonly url: { readonly path: string; readonly query?: string };
  readonly user_agent?: { readonly original: string };
  /** The raw line. */
  readonly message: string;
}

// Apache's "combined" format. The last quote may be missing: one of the sample's lines was cut off.
const combined =
  /^(?<ip>\S+) \S+ \S+ \[(?<time>[^\]]+)\] "(?<method>\S+) (?<target>.*?)(?: HTTP\/(?<version>[\d.]+))?" (?<status>\d{3}) (?<bytes>\d+|-) "(?<referrer>(?:[^"\\]|\\.)*)" "(?<agent>(?:[^"\\]|\\.)*)"?$/;
const logTime = /^(\d{2})\/(\w{3})\/(\d{4}):(\d{2}:\d{2}:\d{2}) ([+-]\d{2})(\d{2})$/;
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Reads one line of Apache's combined log format. Throws on a line that is not one. */
export function parseAccessLine(line: string, service = "www"): AccessDocument {
  const field = combined.exec(line)?.groups;
  if (field === undefined) throw new Error(`not a line of the combined log format: ${line.slice(0, 200)}`);
  const { ip = "", time = "", method = "", target = "", version, status, bytes, referrer, agent } = field;
  const query = target.indexOf("?");
  return {
    "@timestamp": toIso(time),
    event: { dataset: "apache.access" },
    service: { name: service },
    source: { ip },
    http: {
      ...(version === undefined ? {} : { version }),
      request: { method, ...(isGiven(referrer) ? { referrer } : {}) },
      response: { status_code: Number(status), ...(isGiven(bytes) ? { body: { bytes: Number(bytes) } } : {}) },
    },
    url: query === -1 ? { path: target } : { path: target.slice(0, query), query: target.slice(query + 1) },
    ...(isGiven(agent) ? { user_agent: { original: agent } } : {}),
    message: line,
  };
}

/** Apache writes a dash where it has no value. */
function isGiven(value: string | undefined): value is string {
  return value !== undefined && value !== "-" && value !== "";
}

function toIso(time: string): string {
  const [, day, month = "", year, clock, hours, minutes] = logTime.exec(time) ?? [];
  const number = String(months.indexOf(month) + 1).padStart(2, "0");
  const instant = new Date(`${year}-${number}-${day}T${clock}${hours}:${minutes}`);
  return instant.toISOString().replace(".000Z", "Z");
}
