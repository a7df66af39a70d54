import { readFileSync } from "node:fs";
import { rootCertificates } from "node:tls";
import { BackfeedError } from "./errors.ts";

/**
 * The certificate authorities that Node trusts by itself and those of a PEM file, as one PEM text: what is given as `ca` takes
 * the place of Node's own (nodejs.org, tls.createSecureContext). Throws `configuration` for a file that cannot be read.
 */
export function trustedAuthorities(file: string): string {
  try {
    return [...rootCertificates, readFileSync(file, "utf8")].join("\n");
  } catch (cause) {
    throw new BackfeedError("configuration", `the certificate authority ${file} cannot be read`, { cause });
  }
}
