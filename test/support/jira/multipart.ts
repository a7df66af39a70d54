import type { Part } from "./operation.ts";

/** The parts of a multipart body; undefined when it is none. Bytes are untouched. */
export function readMultipart(body: Buffer, contentType: string): Part[] | undefined {
  const match = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined) return undefined;
  const delimiter = Buffer.from(`--${boundary}`);
  const parts: Part[] = [];
  let start = body.indexOf(delimiter);
  while (start >= 0) {
    const from = start + delimiter.length;
    if (body.subarray(from, from + 2).toString() === "--") return parts;
    const end = body.indexOf(Buffer.concat([Buffer.from("\r\n"), delimiter]), from);
    if (end < 0) return undefined;
    parts.push(readPart(body.subarray(from + 2, end)));
    start = end + 2;
  }
  return undefined;
}

function readPart(bytes: Buffer): Part {
  const split = bytes.indexOf("\r\n\r\n");
  const head = bytes.subarray(0, split).toString();
  const header = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, "im").exec(head)?.[1]?.trim() ?? "";
  const disposition = header("content-disposition");
  const parameter = (name: string) => new RegExp(`[;\\s]${name}="((?:[^"\\\\]|\\\\.)*)"`, "i").exec(disposition)?.[1];
  return {
    name: parameter("name") ?? "",
    filename: parameter("filename"),
    contentType: header("content-type") || "application/octet-stream",
    content: bytes.subarray(split + 4),
  };
}
