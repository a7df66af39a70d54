import { expect } from "chai";
import type { Context } from "mocha";
import { ServiceMissing, startOrSkip } from "../../../support/services/service-missing.ts";

describe("a service that cannot be had", () => {
  const before = process.env["CI"];
  const missing = () => Promise.reject(new ServiceMissing("no Java"));
  const skipping = { skip: () => expect.fail("skipped") } as unknown as Context;

  afterEach(() => {
    if (before === undefined) delete process.env["CI"];
    else process.env["CI"] = before;
  });

  it("skips the suite on a developer's machine", async () => {
    delete process.env["CI"];
    expect(await messageOf(startOrSkip(skipping, missing))).to.equal("skipped");
  });

  it("fails in CI with the reason", async () => {
    process.env["CI"] = "true";
    expect(await messageOf(startOrSkip(skipping, missing))).to.equal("no Java");
  });

  it("never hides a service that is there and does not start", async () => {
    delete process.env["CI"];
    const broken = () => Promise.reject(new Error("port in use"));
    expect(await messageOf(startOrSkip(skipping, broken))).to.equal("port in use");
  });
});

function messageOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "started",
    (error: Error) => error.message,
  );
}
