import type { Dispatcher } from "undici";

/** undici heeds its signal only once it is connected; a call that waits for a connection must end as well. */
export function unlessStopped<T>(pending: Promise<T>, stop: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onStop = () => reject(stop.reason);
    if (stop.aborted) onStop();
    stop.addEventListener("abort", onStop, { once: true });
    pending.then(resolve, reject).finally(() => stop.removeEventListener("abort", onStop));
  });
}

/** The body as text; undefined when it has more bytes than `limit`, of which no more is read. */
export async function readBounded(body: Dispatcher.ResponseData["body"], limit: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > limit) {
      body.destroy();
      return undefined;
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Node's or undici's error code; their messages may hold addresses and stay out. */
export function errorCode(thrown: unknown): string | undefined {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  return typeof code === "string" && /^[A-Z0-9_]{1,60}$/.test(code) ? code : undefined;
}
