import { getEventListeners } from "node:events";
import { expect } from "chai";
import { onAbort, underAny } from "../../../src/support/abort.ts";

const listeners = (signal: AbortSignal) => getEventListeners(signal, "abort").length;

describe("waiting for a signal", () => {
  it("takes one listener however many wait, and none when nobody does", () => {
    const { signal } = new AbortController();
    const leave = Array.from({ length: 50 }, () => onAbort(signal, () => undefined));
    expect(listeners(signal)).to.equal(1);
    for (const each of leave) each();
    expect(listeners(signal)).to.equal(0);
    onAbort(signal, () => undefined);
    expect(listeners(signal)).to.equal(1);
  });

  it("calls those who still wait, once, in order", () => {
    const controller = new AbortController();
    const called: string[] = [];
    const note = () => called.push("same");
    onAbort(controller.signal, () => called.push("first"));
    const leave = onAbort(controller.signal, () => called.push("left"));
    onAbort(controller.signal, note);
    onAbort(controller.signal, note);
    leave();
    leave();
    controller.abort();
    expect(called).to.deep.equal(["first", "same", "same"]);
  });

  it("calls at once when the signal has aborted", () => {
    let called = false;
    onAbort(AbortSignal.abort(), () => {
      called = true;
    })();
    expect(called).to.equal(true);
  });
});

describe("work under any of several signals", () => {
  it("aborts with the reason of the first, and leaves nothing on them", async () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const reason = new Error("enough");
    const work = underAny([one.signal, other.signal], async (signal) => {
      other.abort(reason);
      return signal.reason;
    });
    expect(await work).to.equal(reason);
    expect(listeners(one.signal)).to.equal(0);
    expect(listeners(other.signal)).to.equal(0);
  });

  it("leaves nothing on them when it fails", async () => {
    const { signal } = new AbortController();
    const failed = await underAny([signal], () => Promise.reject(new Error("no"))).catch(
      (error: Error) => error.message,
    );
    expect(failed).to.equal("no");
    expect(listeners(signal)).to.equal(0);
  });
});
