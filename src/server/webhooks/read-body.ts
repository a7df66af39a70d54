import type { IncomingMessage } from "node:http";
import { RequestFault } from "../faults.ts";

/**
 * The raw bytes of a request. One that says it is longer is refused before anything of it is read, one that turns out to be
 * longer as soon as it is: what is left is not read, and `connection: close` in the fault tells the answer to hang up.
 * Throws a 413, 415 or 400.
 */
export async function readBody(request: IncomingMessage, atMost: number): Promise<Buffer> {
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    throw new RequestFault(415, "unsupported_media_type", "send the body without a content encoding", hangUp);
  }
  if (Number(request.headers["content-length"] ?? 0) > atMost) throw tooLarge(atMost);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const settle = (done: () => void) => {
      request.off("data", onData).off("end", onEnd).off("error", onBroken).off("close", onBroken);
      done();
    };
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      if (length <= atMost) {
        chunks.push(chunk);
        return;
      }
      request.pause();
      settle(() => reject(tooLarge(atMost)));
    };
    const onEnd = () => settle(() => resolve(Buffer.concat(chunks)));
    const onBroken = () => settle(() => reject(new RequestFault(400, "invalid_request", "the body is not whole")));
    request.on("data", onData).on("end", onEnd).on("error", onBroken).on("close", onBroken);
  });
}

const hangUp = { headers: { connection: "close" } };

function tooLarge(atMost: number): RequestFault {
  return new RequestFault(413, "payload_too_large", `the body is larger than ${Math.floor(atMost / 1_024)} kB`, hangUp);
}
