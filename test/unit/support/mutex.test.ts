import { expect } from "chai";
import { Mutex } from "../../../src/support/mutex.ts";

describe("a mutex", () => {
  it("runs one piece of work at a time, in the order they came", async () => {
    const mutex = new Mutex();
    const seen: string[] = [];
    let letGo = () => {};
    const first = mutex.run(async () => {
      seen.push("first begins");
      await new Promise<void>((resolve) => {
        letGo = resolve;
      });
      seen.push("first ends");
    });
    const second = mutex.run(async () => seen.push("second"));
    await Promise.resolve();
    expect([seen, mutex.busy]).to.deep.equal([["first begins"], true]);
    letGo();
    await Promise.all([first, second]);
    expect([seen, mutex.busy]).to.deep.equal([["first begins", "first ends", "second"], false]);
  });

  it("goes on after a failure, which is its caller's alone", async () => {
    const mutex = new Mutex();
    const failed = mutex.run(() => Promise.reject(new Error("no"))).catch((error: Error) => error.message);
    expect(await mutex.run(async () => "yes")).to.equal("yes");
    expect(await failed).to.equal("no");
  });
});
