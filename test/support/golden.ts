import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect } from "chai";

/** Compares a text with a file that a person has read. `UPDATE_GOLDEN=1` writes the file anew; read the difference then. */
export function expectGolden(file: URL, actual: string): void {
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, actual);
  expect(existsSync(file), `${file.pathname} is missing: run with UPDATE_GOLDEN=1 and read it`).to.equal(true);
  expect(actual).to.equal(readFileSync(file, "utf8"));
}
