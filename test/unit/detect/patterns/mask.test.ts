import { expect } from "chai";
import fc from "fast-check";
import { maskedWords } from "../../../../src/detect/patterns/mask.ts";

const masked = (message: string) => maskedWords(message).join(" ");

describe("the words of a message", () => {
  const cases: readonly (readonly [message: string, expected: string])[] = [
    ["payment 4711 refused after 12.5ms", "payment <num> refused after <num>ms"],
    ["2026-01-05T10:00:00.123Z ready", "<time> ready"],
    ["2026-01-05 10:00:00,123 ready", "<time> ready"],
    ["Jan  5 10:00:00 host sshd[233]: closed", "<time> host sshd[<num>]: closed"],
    ["[05/Jan/2026:10:00:00 +0000] GET /", "[<time>] GET /"],
    ["at 10:00:00 it began", "at <time> it began"],
    ["order 3fa85f64-5717-4562-b3fc-2c963f66afa6 lost", "order <uuid> lost"],
    ["from 10.0.0.17:53211 to 192.168.1.1", "from <ip> to <ip>"],
    ["from fe80:0:0:0:204:61ff:fe9d:f156 port 22", "from <ip> port <num>"],
    ["fault at 0x7fff5fbff8a0", "fault at <hex>"],
    ["commit 9f86d081884c7d65 is bad", "commit <hex> is bad"],
    ["facade added dead beef", "facade added dead beef"],
    ["session aB3dE5fG7hI9jK1lM is over", "session <id> is over"],
    ["node7 of worker-12 is 99% full, HTTP/1.1", "node7 of worker-<num> is <num>% full, HTTP/<num>"],
    ["ORA00942 stays ORA00942", "ORA00942 stays ORA00942"],
    ["token=<redacted:token> refused", "token=<redacted:token> refused"],
    [" \t two   words \r\n  at Foo.bar(Foo.java:17)", "two words"],
    ["\u001b[31mred\u001b[0m alert\u202e", "red alert"],
    ["", ""],
    [" \n ", ""],
  ];
  for (const [message, expected] of cases) {
    it(`of ${JSON.stringify(message)} are ${JSON.stringify(expected)}`, () => {
      expect(masked(message)).to.equal(expected);
    });
  }

  it("are those of the first thousand characters, at most 64, and none is long", () => {
    expect(maskedWords("word ".repeat(10_000))).to.have.length(64);
    expect(maskedWords(`${"x".repeat(101)} y`)).to.deep.equal(["<*>", "y"]);
    expect(maskedWords(`a ${"b ".repeat(20)}`)).to.have.length(21);
    expect(masked(`${"y ".repeat(499)}z1234567890`)).to.not.include("z1234");
  });

  it("take no long time, whatever the message is made of", () => {
    const hostile = ["1,", "1.", "a:", "0:", "f", "-", "<", "0x", "1", "\u001b[", "Jan ", "10:00:0", "١", "é1"];
    // Half a second; where one expression ran back and forth over a message, it would not end in the time that a test has.
    for (const part of hostile) {
      for (let times = 0; times < 200; times += 1) expect(maskedWords(part.repeat(2_000)).length).to.be.at.most(64);
    }
  });

  it("hold no blank and no control character, whatever the message holds", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        for (const word of maskedWords(text)) expect(word).to.match(/^[^\s\p{Cc}]+$/u);
      }),
    );
  });
});
