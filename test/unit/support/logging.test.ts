import { expect } from "chai";
import { ManualClock } from "../../../src/support/clock.ts";
import { BackfeedError } from "../../../src/support/errors.ts";
import { createLogger, type LogLevel, silentLogger } from "../../../src/support/logging.ts";
import { createRedactor } from "../../../src/support/redaction.ts";

function recorded(level: LogLevel = "debug") {
  const lines: string[] = [];
  const logger = createLogger({
    level,
    redactor: createRedactor({ secrets: ["hunter2hunter2"] }),
    clock: new ManualClock("2026-01-05T10:00:00Z"),
    destination: { write: (line: string) => void lines.push(line) },
  });
  return { logger, lines, parsed: () => lines.map((line) => JSON.parse(line)) };
}

describe("logging", () => {
  it("writes one JSON line with level, time, message and facts", () => {
    const { logger, parsed } = recorded();
    logger.info("tick done", { schedule: "* * * * *", rules: 12 });
    expect(parsed()).to.eql([
      { level: "info", time: "2026-01-05T10:00:00.000Z", schedule: "* * * * *", rules: 12, message: "tick done" },
    ]);
  });

  it("puts a code on warnings and errors, and the error with kind and causes", () => {
    const { logger, parsed } = recorded();
    const cause = new Error("socket closed");
    logger.error(
      "source_down",
      "source failed",
      { source: "logs" },
      new BackfeedError("unavailable", "no answer", { cause }),
    );
    logger.warn("rule_slow", "rule was slow");
    const [error, warning] = parsed();
    expect(error).to.include({ level: "error", code: "source_down", source: "logs" });
    expect(error.error).to.include({ kind: "unavailable", retryable: true, message: "no answer" });
    expect(error.error.cause.message).to.equal("socket closed");
    expect(warning).to.include({ level: "warn", code: "rule_slow" });
  });

  it("lets no secret out, in message, facts, names or errors", () => {
    const { logger, lines } = recorded();
    const secret = "hunter2hunter2";
    logger
      .child({ child: secret })
      .warn(
        "c",
        `with ${secret}`,
        { [secret]: 1, deep: { list: [`a ${secret}`] }, password: "short", url: "https://u:pw-in-url@h/" },
        new Error(`failed with ${secret}`, { cause: { toString: () => secret } }),
      );
    expect(lines.join("")).not.to.match(/hunter2|"short"|pw-in-url/);
  });

  it("keeps facts of a child on each of its lines, and lets none of them forge level, time or message", () => {
    const { logger, parsed } = recorded();
    logger
      .child({ rule: "r1", level: "forged", message: "forged" })
      .child({ tick: 5 })
      .info("judged", { time: "forged" });
    expect(parsed()[0]).to.eql({
      level: "info",
      time: "2026-01-05T10:00:00.000Z",
      rule: "r1",
      tick: 5,
      message: "judged",
    });
  });

  it("writes whatever JSON cannot say, bounded", () => {
    const { logger, parsed } = recorded();
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    logger.info("odd", {
      circle,
      big: 12n,
      run: () => 1,
      bytes: new Uint8Array(3),
      at: new Date(0),
      long: "x".repeat(9_000),
    });
    const [line] = parsed();
    expect(line).to.include({ big: "12", run: "<function>", bytes: "<3 bytes>", at: "1970-01-01T00:00:00.000Z" });
    expect(line.long.length).to.be.below(4_100);
  });

  it("writes nothing under its level, and nothing at all when silent", () => {
    const { logger, lines } = recorded("warn");
    logger.info("no");
    logger.debug("no");
    silentLogger.child({}).error("c", "no");
    expect(lines).to.eql([]);
  });
});
