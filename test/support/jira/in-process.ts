import { IncomingMessage, type OutgoingHttpHeaders, type RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Writable } from "node:stream";
import { Dispatcher } from "undici";

/**
 * undici's way to a server that is in this process: the same requests and answers, without sockets, in a third of the
 * processor time and, since nothing waits for the network, in the same order at every run.
 */
export class InProcessDispatcher extends Dispatcher {
  readonly #listener: RequestListener;

  constructor(listener: RequestListener) {
    super();
    this.#listener = listener;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    let isOver = false;
    const fail = (error: Error) => {
      if (isOver) return;
      isOver = true;
      handler.onError?.(error);
    };
    handler.onConnect?.((reason) => fail(reason ?? new Error("aborted")));
    void readBody(options.body).then((body) => {
      if (isOver) return;
      const socket = new NoSocket(() => fail(Object.assign(new Error("reset"), { code: "ECONNRESET" })));
      const request = requestOf(options, body, socket);
      const response = new ServerResponse(request);
      response.assignSocket(socket as unknown as Socket);
      let hasBegun = false;
      const begin = () => {
        if (!hasBegun) handler.onHeaders?.(response.statusCode, rawHeaders(response.getHeaders()), () => undefined, "");
        hasBegun = true;
      };
      relay(response, {
        data: (chunk) => {
          if (isOver) return;
          begin();
          handler.onData?.(chunk);
        },
        end: () => {
          if (isOver) return;
          begin();
          isOver = true;
          handler.onComplete?.([]);
        },
      });
      this.#listener(request, response);
    }, fail);
    return true;
  }

  override async close(): Promise<void> {}
  override async destroy(): Promise<void> {}
}

/** Takes everything and tells when it is destroyed. */
class NoSocket extends Writable {
  readonly #reset: () => void;

  constructor(reset: () => void) {
    super({ write: (_chunk, _encoding, done) => done() });
    this.#reset = reset;
  }

  resetAndDestroy(): this {
    return this.destroy();
  }

  override destroy(error?: Error): this {
    this.#reset();
    return super.destroy(error);
  }
}

async function readBody(body: Dispatcher.DispatchOptions["body"]): Promise<Buffer> {
  if (body === null || body === undefined) return Buffer.alloc(0);
  if (typeof body === "string" || body instanceof Uint8Array) return Buffer.from(body);
  const chunks: Buffer[] = [];
  for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function requestOf({ method, path, headers }: Dispatcher.DispatchOptions, body: Buffer, socket: NoSocket) {
  const request = new IncomingMessage(socket as unknown as Socket);
  request.method = method;
  request.url = path;
  request.httpVersion = "1.1";
  // Or its end would be taken for a connection that broke off.
  request.complete = true;
  for (const [name, value] of Object.entries((headers ?? {}) as Record<string, string>)) {
    request.headers[name.toLowerCase()] = value;
  }
  if (body.length > 0) request.push(body);
  request.push(null);
  return request;
}

/** Hands what is written to an answer on to another instead. The answer itself ends empty, for those who watch it. */
function relay(response: ServerResponse, to: { data: (chunk: Buffer) => void; end: () => void }): void {
  const endEmpty = response.end.bind(response);
  const handOn = (chunk: unknown) => {
    if (typeof chunk === "string" || chunk instanceof Uint8Array) to.data(Buffer.from(chunk as string));
  };
  response.write = ((chunk: unknown, ...rest: readonly unknown[]) => {
    handOn(chunk);
    for (const each of rest) if (typeof each === "function") each();
    return true;
  }) as ServerResponse["write"];
  response.end = ((chunk: unknown) => {
    endEmpty();
    handOn(chunk);
    to.end();
    return response;
  }) as ServerResponse["end"];
}

function rawHeaders(headers: OutgoingHttpHeaders): Buffer[] {
  return Object.entries(headers).flatMap(([name, value]) => [Buffer.from(name), Buffer.from(String(value))]);
}
