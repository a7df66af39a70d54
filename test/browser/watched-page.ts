import type { Browser, BrowserContextOptions, Page } from "playwright-core";

/** Runs in the page before anything of it; a violation of the content policy becomes a console error. */
const reportViolations = `document.addEventListener("securitypolicyviolation", (event) =>
  console.error("policy: " + event.violatedDirective + " " + event.blockedURI));`;

export interface WatchedPage {
  readonly page: Page;
  /** Whatever a good page never does: console errors, policy violations, dialogs, requests to other origins. */
  readonly misdeeds: readonly string[];
  close(): Promise<void>;
}

/** A page whose every misdeed is written down. A 401 or other refusal of the API that a test provokes is none. */
export async function openWatched(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions & { expectedStatuses?: readonly number[] } = {},
): Promise<WatchedPage> {
  const { expectedStatuses = [], ...contextOptions } = options;
  const context = await browser.newContext({ locale: "en-GB", timezoneId: "UTC", ...contextOptions });
  // Decides only when to give up: a machine may be busy with other suites.
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  const misdeeds: string[] = [];
  page.on("console", (message) => {
    const expected = expectedStatuses.some((status) => message.text().includes(`status of ${status}`));
    if (["error", "warning"].includes(message.type()) && !expected) misdeeds.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => misdeeds.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => {
    misdeeds.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !url.startsWith(`blob:${origin}/`)) misdeeds.push(`request: ${url}`);
  });
  page.on("popup", (popup) => misdeeds.push(`popup: ${popup.url()}`));
  await page.addInitScript({ content: reportViolations });
  return { page, misdeeds, close: () => context.close() };
}
