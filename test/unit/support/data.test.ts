import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import { parseAccessLine } from "../../support/apache-access.ts";
import { readAccessLog, readMetricSeries, readNginxStatus, shiftToEndAt } from "../../support/data.ts";

const examples = new URL("../../../examples/", import.meta.url);

describe("the sample data", () => {
  it("reads an access line into nested fields, without what the log marks as missing", () => {
    const line =
      '10.0.0.9 - - [17/May/2015:23:05:01 -0130] "GET /find?q=a%20b HTTP/1.1" 304 - "-" "curl/7 \\"quoted\\""';
    expect(parseAccessLine(line)).to.deep.equal({
      "@timestamp": "2015-05-18T00:35:01Z",
      event: { dataset: "apache.access" },
      service: { name: "www" },
      source: { ip: "10.0.0.9" },
      http: { version: "1.1", request: { method: "GET" }, response: { status_code: 304 } },
      url: { path: "/find", query: "q=a%20b" },
      user_agent: { original: 'curl/7 \\"quoted\\"' },
      message: line,
    });
  });

  it("refuses a line of another format", () => {
    expect(() => parseAccessLine("Mar 27 13:06:56 sshd[1]: Failed password")).to.throw("not a line of the combined");
  });

  it("has all Apache lines with the statuses that its source states, and ships the same", async () => {
    const documents = await readAccessLog();
    const counts: Record<string, number> = {};
    for (const { http } of documents) {
      const status = http.response.status_code;
      counts[status] = (counts[status] ?? 0) + 1;
    }
    expect(counts).to.deep.equal({ 200: 9126, 206: 45, 301: 164, 304: 445, 403: 2, 404: 213, 416: 2, 500: 3 });
    expect(await readShipped("apache/access.ndjson.gz")).to.deep.equal(documents);
  });

  it("counts NGINX's requests, errors and failed checks as increases between snapshots, and ships the same", async () => {
    const documents = await readNginxStatus();
    const sum = (name: string, field: "requests" | "responses_5xx" | "health_check_fails") =>
      documents
        .filter(({ nginx }) => (nginx.zone ?? nginx.server) === name)
        .reduce((total, { nginx }) => total + (nginx[field] ?? 0), 0);
    // Differences of the first and the last snapshot in the source.
    expect(sum("hg.nginx.org", "requests")).to.equal(205_906 - 205_543);
    expect(sum("hg.nginx.org", "responses_5xx")).to.equal(1898 - 1895);
    expect(sum("10.0.0.1:8080", "requests")).to.equal(118_972 - 118_605);
    expect(sum("10.0.0.1:8089", "health_check_fails")).to.be.greaterThan(0);
    expect(await readShipped("nginx/status.ndjson.gz")).to.deep.equal(documents);
  });

  it("gives a metric series in order of time, each instant once", async () => {
    const points = await readMetricSeries("realKnownCause/ec2_request_latency_system_failure.csv");
    expect(points).to.have.length(4021);
    expect(points.every(({ at }, index) => index === 0 || at > (points[index - 1]?.at ?? at))).to.equal(true);
    expect(points[0]).to.deep.equal({ at: Date.UTC(2014, 2, 7, 3, 41), value: 45.868 });
  });

  it("moves documents together so that the newest lies at the wanted instant", () => {
    const documents = [
      { "@timestamp": "2015-05-17T10:05:43Z", id: 1 },
      { "@timestamp": "2015-05-17T10:05:03Z", id: 2 },
    ];
    expect(shiftToEndAt(documents, Date.UTC(2026, 0, 1))).to.deep.equal([
      { "@timestamp": "2026-01-01T00:00:00.000Z", id: 1 },
      { "@timestamp": "2025-12-31T23:59:20.000Z", id: 2 },
    ]);
  });
});

async function readShipped(path: string): Promise<unknown[]> {
  const text = gunzipSync(await readFile(new URL(path, examples))).toString("utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}
