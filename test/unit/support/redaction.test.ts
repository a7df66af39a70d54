import { expect } from "chai";
import fc from "fast-check";
import { createRedactor } from "../../../src/support/redaction.ts";
import { isSecretName } from "../../../src/support/redaction-members.ts";

const { redact } = createRedactor();
// Put together here, so that no scanner takes a made-up token in this file for a real one.
const jwt = ["eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiIxMjM0NTY3ODkwIn0", "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"].join(
  ".",
);
const github = `ghp_${"a1B2".repeat(9)}`;
const awsId = `AKIA${"IOSFODNN7EXAMPLE"}`;
const slack = `xoxb-${"123456789012-abcdefABCDEF"}`;
const stripe = `sk_live_${"4eC39HqLyjWDarjtT1zdp7dc"}`;
const google = `AIza${"Sy".repeat(17)}x`;

describe("redaction of known tokens", () => {
  for (const [name, before, after] of [
    ["a bearer header", `Authorization: Bearer abc.def-123 ok`, "Authorization: Bearer <redacted:authorization> ok"],
    ["a basic header", "authorization: Basic dXNlcjpwYXNz", "authorization: Basic <redacted:authorization>"],
    ["a bearer token in prose", `sent bearer ${github} twice`, "sent bearer <redacted:github-token> twice"],
    [
      "a digest header",
      'Authorization: Digest username="u", response="r"\nnext',
      "Authorization: <redacted:authorization>\nnext",
    ],
    ["an unknown scheme in logfmt", "authorization=abcdef path=/x", "authorization=<redacted:authorization> path=/x"],
    ["a JWT", `token was ${jwt}, refused`, "token was <redacted:jwt>, refused"],
    ["an AWS key id", `key ${awsId}.`, "key <redacted:aws-access-key>."],
    [
      "an AWS secret key",
      "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfi",
      "aws_secret_access_key = <redacted:secret>",
    ],
    ["a GitHub token", `git clone with ${github}`, "git clone with <redacted:github-token>"],
    ["a GitLab token", `glpat-${"abcdefghij0123456789"}!`, "<redacted:gitlab-token>!"],
    ["a Slack token", `${slack} sent`, "<redacted:slack-token> sent"],
    [
      "a Slack webhook",
      "https://hooks.slack.com/services/T000/B000/abcdefghijklmnop",
      "https://hooks.slack.com/services/<redacted:slack-webhook>",
    ],
    ["a Stripe key", `using ${stripe}`, "using <redacted:stripe-key>"],
    ["a Google key", `?key=${google}&q=1`, "?key=<redacted:google-key>&q=1"],
    ["a card number", "paid with 4111 1111 1111 1111 today", "paid with <redacted:card> today"],
    ["a password in a URL", "postgres://app:s3cr/et@db:5432/x", "postgres://app:<redacted:url-password>@db:5432/x"],
    ["a password without user in a URL", "redis://:hunter2@cache:6379", "redis://:<redacted:url-password>@cache:6379"],
    ["key=value", "login password=hunter2,x user=bob", "login password=<redacted:password> user=bob"],
    ["a query string", "/cb?access_token=abc123&state=1", "/cb?access_token=<redacted:token>&state=1"],
    [
      "a JSON member",
      '{"db_password": "a\\"b c", "user": "bob"}',
      '{"db_password": "<redacted:password>", "user": "bob"}',
    ],
    [
      "JSON inside JSON",
      '{"m":"{\\"apiKey\\":\\"k-1\\",\\"n\\":1}"}',
      '{"m":"{\\"apiKey\\":\\"<redacted:api-key>\\",\\"n\\":1}"}',
    ],
    ["an array member", '"set-cookie": ["a=b; Path=/"], "n": 1', '"set-cookie": <redacted:cookie>, "n": 1'],
    ["a cookie header", "Cookie: sid=1; theme=dark\nHost: a", "Cookie: <redacted:cookie>\nHost: a"],
    ["a header in a hash", "'X-Api-Key' => 'abc'", "'X-Api-Key' => '<redacted:api-key>'"],
    [
      "a private key",
      "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nb",
      "a\n<redacted:private-key>\nb",
    ],
    ["a private key cut short", "-----BEGIN PRIVATE KEY-----\\nMIIE", "<redacted:private-key>"],
  ] as const) {
    it(`hides ${name}`, () => {
      expect(redact(before)).to.equal(after);
    });
  }

  it("leaves alone what only looks like a secret", () => {
    for (const text of [
      "basic authentication failed for bob",
      "Bearer Authentication required",
      "tokens: 512, token_count=5",
      "token=null password: undefined",
      "request 1431857106000 took 20 ms at 1.4111111111111111",
      "order 4111111111111112",
      "GET http://shop:8080/a?mail=x@y.org",
      "bob@example.org wrote",
      "the password was wrong",
    ]) {
      expect(redact(text)).to.equal(text);
    }
  });

  it("hides e-mail addresses when asked to", () => {
    expect(createRedactor({ emails: true }).redact("to <bob.b+x@mail.example.org>.")).to.equal(
      "to <<redacted:email>>.",
    );
  });

  it("names every member whose value is a secret", () => {
    expect(
      ["password", "db_passwd", "X-Api-Key", "Set-Cookie", "client_secret"].filter((n) => !isSecretName(n)),
    ).to.eql([]);
    expect(["token_count", "path", "author", "cookies"].filter(isSecretName)).to.eql([]);
  });
});

describe("redaction of the service's own secrets", () => {
  const secret = 'p@ss "wörd"/1+=';
  const redactor = createRedactor({ secrets: [secret, "", "abc"] });

  for (const [form, text] of [
    ["plain", secret],
    ["URL-encoded", encodeURIComponent(secret)],
    ["URL-encoded in lower case", encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase())],
    ["form-encoded", new URLSearchParams({ a: secret }).toString().slice(2)],
    ["JSON-escaped", JSON.stringify(secret).slice(1, -1)],
    ["JSON-escaped twice", JSON.stringify(JSON.stringify(secret)).slice(3, -3)],
    ["base64", Buffer.from(secret).toString("base64")],
    ["base64url", Buffer.from(secret).toString("base64url")],
  ] as const) {
    it(`finds it ${form}`, () => {
      expect(redactor.redact(`x ${text} y`)).to.equal("x <secret> y");
    });
  }

  it("finds it in base64 behind a user name of any length", () => {
    for (const user of ["a", "ab", "abc", "mail@example.org"]) {
      const encoded = Buffer.from(`${user}:${secret}`).toString("base64");
      const redacted = redactor.redact(`x ${encoded} y`);
      expect(Buffer.from(redacted.replace("<secret>", ""), "base64").toString()).not.to.contain("wörd");
      expect(redacted).to.contain("<secret>");
    }
  });

  it("finds a very short one only as a word of its own", () => {
    expect(redactor.redact("abc abcd xabc (abc)")).to.equal("<secret> abcd xabc (<secret>)");
  });

  it("finds one that was learned later, and prefers it to a pattern's name", () => {
    const late = createRedactor();
    late.addSecret("hunter2hunter2");
    expect(late.redact("password=hunter2hunter2")).to.equal("password=<secret>");
  });

  it("lets no secret through whatever stands around it", () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 8, unit: "grapheme" }), fc.string(), (before, own, after) => {
        fc.pre(own.trim() === own && !"<redacted:secret>".includes(own));
        expect(createRedactor({ secrets: [own] }).redact(`${before}${own}${after}`)).not.to.contain(own);
      }),
      { numRuns: 200 },
    );
  });
});

describe("redaction of patterns of our users", () => {
  it("runs them by RE2 and names them", () => {
    const own = createRedactor({ patterns: [{ name: "customer-id", pattern: "\\bC-[0-9]{6}\\b" }] });
    expect(own.redact("for C-123456 and C-1234567")).to.equal("for <redacted:customer-id> and C-1234567");
  });

  it("finds a match on any border between pieces", () => {
    const own = createRedactor({ patterns: [{ name: "id", pattern: "id-[0-9]+" }] });
    for (const offset of [7_150, 7_165, 8_180, 8_190]) {
      expect(own.redact(`${" ".repeat(offset)}id-1234567890`)).to.equal(`${" ".repeat(offset)}<redacted:id>`);
    }
  });

  for (const [fault, pattern] of [
    ["does not parse", "("],
    ["looks back", "(?<=a)b"],
    ["refers back", "(a)\\1"],
    ["matches nothing at all", "a*"],
    ["is too long", "a".repeat(501)],
  ] as const) {
    it(`refuses one that ${fault}`, () => {
      expect(() => createRedactor({ patterns: [{ name: "x", pattern }] })).to.throw(/redaction pattern "x"/);
    });
  }

  it("refuses a name that could break out of its marker, and too many patterns", () => {
    expect(() => createRedactor({ patterns: [{ name: "a>b", pattern: "x" }] })).to.throw(/name/);
    const many = Array.from({ length: 51 }, (_, at) => ({ name: `p${at}`, pattern: "x" }));
    expect(() => createRedactor({ patterns: many })).to.throw(/at most 50/);
  });
});

describe("redaction of hostile texts", () => {
  const parts = [
    'password="',
    'password=\\"',
    "token:{",
    "cookie=a;",
    "://a:",
    "://a:b://",
    "eyJa-",
    "eyJaaaaa.",
    "-----BEGIN PRIVATE KEY",
    "-----BEGIN PRIVATE KEY-----",
    "4111 ",
    "1",
    "a@",
    "a.a@a.",
    "basic ",
    "bearer a",
    "gl",
    "xoxb-",
    "\\",
    "authorization: ",
    "secret",
  ];
  for (const part of parts) {
    it(`ends for a megabyte of ${JSON.stringify(part)}`, function () {
      // Not a measurement: a walk that is not linear takes minutes here.
      this.timeout(300_000);
      const own = createRedactor({
        emails: true,
        secrets: ["aaaaaaaaab"],
        patterns: [{ name: "p", pattern: "(a+)+b" }],
      });
      own.redact(part.repeat(Math.ceil(1_000_000 / part.length)));
    });
  }

  it("cuts what is too long, and hides a secret that lies across the cut", () => {
    const short = createRedactor({ maxLength: 20, secrets: ["a-long-secret"] });
    expect(short.redact(`${"x".repeat(15)}a-long-secret and more`)).to.equal(`${"x".repeat(15)}<secret>… <cut>`);
    expect(short.redact("y".repeat(30))).to.equal(`${"y".repeat(20)}… <cut>`);
  });

  it("changes nothing more the second time", () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(...parts, jwt, github, "password=x", 'token: "a"', "u://a:b@c"),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const once = redact(pieces.join(" "));
        expect(redact(once)).to.equal(once);
      }),
      { numRuns: 500 },
    );
  });
});
