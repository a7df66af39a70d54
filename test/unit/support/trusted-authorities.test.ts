import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { expect } from "chai";
import { trustedAuthorities } from "../../../src/support/trusted-authorities.ts";

describe("trusted authorities", () => {
  it("are the company's beside those that are trusted anyway", () => {
    const folder = mkdtempSync(join(tmpdir(), "backfeed-ca-"));
    const file = join(folder, "company.pem");
    const [own = ""] = rootCertificates;
    writeFileSync(file, own);
    try {
      const certificates = trustedAuthorities(file).match(/-----BEGIN CERTIFICATE-----/g);
      expect(certificates).to.have.length(rootCertificates.length + 1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("name the file that cannot be read", () => {
    expect(() => trustedAuthorities("/nowhere/company.pem")).to.throw("/nowhere/company.pem cannot be read");
  });
});
