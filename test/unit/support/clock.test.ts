import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { ManualClock, systemClock } from "../../../src/support/clock.ts";

const src = fileURLToPath(new URL("../../../src/", import.meta.url));

describe("the clock", () => {
  it("is read in one file of src only; the pages run in a browser and have their own", () => {
    const readers = readdirSync(src, { recursive: true, encoding: "utf8" })
      .filter((file) => /\.tsx?$/.test(file) && !file.startsWith("ui/"))
      .filter((file) =>
        /Date\.now\(|new Date\(\)|performance\.now\(|process\.hrtime/.test(readFileSync(src + file, "utf8")),
      );
    expect(readers).to.deep.equal(["support/clock.ts"]);
  });

  it("of the machine wakes a sleeper, and not one whose signal has aborted", async () => {
    await systemClock.sleep(0);
    const gone = AbortSignal.abort(new Error("stopped"));
    expect(await systemClock.sleep(60_000, gone).catch((error: Error) => error.message)).to.equal("stopped");
    const stop = new AbortController();
    const sleeping = systemClock.sleep(60_000, stop.signal).catch((error: Error) => error.message);
    stop.abort(new Error("woken"));
    expect(await sleeping).to.equal("woken");
  });

  it("of tests stands still until it is moved, and wakes sleepers in the order of their time", async () => {
    const clock = new ManualClock("2026-01-05T10:00:00Z");
    const woken: string[] = [];
    const later = clock.sleep(2_000).then(() => woken.push("later"));
    const sooner = clock.sleep(1_000).then(() => woken.push("sooner"));
    clock.advance(999);
    await Promise.resolve();
    expect([woken, clock.sleeping]).to.deep.equal([[], 2]);
    clock.advance(5_000);
    await Promise.all([later, sooner]);
    expect(woken).to.deep.equal(["sooner", "later"]);
    expect(clock.now()).to.equal(Date.parse("2026-01-05T10:00:05.999Z"));
  });

  it("of tests can jump back, and forgets a sleeper whose signal aborts", async () => {
    const clock = new ManualClock(10_000);
    const stop = new AbortController();
    const sleeping = clock.sleep(1_000, stop.signal).catch((error: Error) => error.message);
    clock.set(5_000);
    stop.abort(new Error("stopped"));
    expect(await sleeping).to.equal("stopped");
    expect([clock.now(), clock.sleeping]).to.deep.equal([5_000, 0]);
  });
});
