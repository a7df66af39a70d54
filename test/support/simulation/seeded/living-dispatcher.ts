import { Dispatcher, errors } from "undici";
import type { Time } from "./time.ts";

/** As long as the tracker's own deadline: an answer that takes longer finds nobody, though what was asked may be done. */
export const deadlineMs = 20_000;

/** The requests of one life: none leaves and no answer arrives once it is over, and none is waited for without end. */
export class LivingDispatcher extends Dispatcher {
  readonly #inner: Dispatcher;
  readonly #time: Time;
  /** Told before each request; false when it must not leave. */
  readonly #mayLeave: () => boolean;

  constructor(options: { inner: Dispatcher; time: Time; mayLeave: () => boolean }) {
    super();
    this.#inner = options.inner;
    this.#time = options.time;
    this.#mayLeave = options.mayLeave;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (!this.#mayLeave()) return true;
    let isOver = false;
    const forget = this.#time.after(deadlineMs, () => {
      isOver = true;
      handler.onError?.(new errors.HeadersTimeoutError());
    });
    const end = () => {
      isOver = true;
      forget();
    };
    return this.#inner.dispatch(options, {
      onConnect: (abort) => handler.onConnect?.(abort),
      onHeaders: (...given) => (isOver ? true : (handler.onHeaders?.(...given) ?? true)),
      onData: (chunk) => (isOver ? true : (handler.onData?.(chunk) ?? true)),
      onComplete: (trailers) => {
        if (!isOver) handler.onComplete?.(trailers);
        end();
      },
      onError: (error) => {
        if (!isOver) handler.onError?.(error);
        end();
      },
    });
  }
}
