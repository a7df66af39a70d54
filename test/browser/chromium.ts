import { existsSync } from "node:fs";
import type { Context } from "mocha";
import { type Browser, chromium } from "playwright-core";

const executablePath = "/usr/bin/chromium";

const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/** Starts the system's Chromium. Where there is none the suite is skipped, and says so; with CI=true it fails. */
export async function startChromium(suite: Context): Promise<Browser> {
  if (!existsSync(executablePath)) {
    const reason = `${executablePath} is missing: apt-get install chromium`;
    if (process.env["CI"] === "true") throw new Error(reason);
    console.warn(`      skipped: ${reason}`);
    suite.skip();
  }
  return chromium.launch({ executablePath, headless: true, args, timeout: 180_000 });
}
