import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import type { EventSums } from "../../src/model/alert.ts";
import { finding, findingId, localTicket, now } from "../unit/server/fixtures.ts";
import { operatorToken, type RunningServer, runServer, viewerToken } from "../unit/server/running-server.ts";
import { buildPages } from "./built-pages.ts";
import { startChromium } from "./chromium.ts";
import { sectionsSeed } from "./evidence-seed.ts";
import { hostileSeed, image, longTitle, rightToLeft, script } from "./seed.ts";
import { openWatched } from "./watched-page.ts";

const phone = { viewport: { width: 390, height: 844 } };

describe("pages in a browser", function () {
  this.timeout(300_000);
  let browser: Browser;
  let pages: Awaited<ReturnType<typeof buildPages>>;

  before(async function () {
    browser = await startChromium(this);
    pages = await buildPages();
  });
  after(async () => {
    await browser?.close();
    pages?.remove();
  });

  describe("without tokens", () => {
    let running: RunningServer;
    beforeEach(async () => {
      running = await runServer({ open: true, seed: hostileSeed, ui: pages.directory });
    });
    afterEach(() => running.stop());

    /** Opens a page, lets the test look, and expects that nothing happened that a good page never does. */
    async function visit(path: string, look: (page: Page) => Promise<void>, options = {}): Promise<void> {
      const { page, misdeeds, close } = await openWatched(browser, running.origin, options);
      try {
        await page.goto(`${running.origin}${path}`);
        await look(page);
        expect(await page.evaluate("window.hacked")).to.equal(undefined);
        expect(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).to.equal(
          true,
          "too wide",
        );
        expect(misdeeds).to.deep.equal([]);
      } finally {
        await close();
      }
    }

    const shown = async (page: Page, text: string) => {
      await page.getByText(text).first().waitFor();
    };

    it("show the list: band, measured against limit, who is touched, ticket, decision in words", () =>
      visit("/", async (page) => {
        const row = page.getByRole("row", { name: /checkout: 6.0% of requests fail/ });
        await row.waitFor();
        for (const text of [
          "High",
          "6.0% measured, bad above 5.0%",
          "1,240 users",
          "OPS-12",
          "Nothing has changed since.",
        ]) {
          expect(await row.textContent()).to.contain(text);
        }
        expect(await row.getByRole("link", { name: "OPS-12" }).getAttribute("href")).to.equal(
          "https://acme.atlassian.net/browse/OPS-12",
        );
        expect(await page.locator("tbody tr").count()).to.equal(3);
        await shown(page, "No ticket: dry run. It would be: A ticket is filed.");
      }));

    it("say who is touched: events where those are counted, and what was not measured apart from what cannot be", async () => {
      const none = { bad: 0, total: 0 };
      const of = (id: number, title: string, sums: EventSums, usersAsked: boolean, reach?: string) => {
        const text = reach ?? "reach not measured";
        return finding({
          id: findingId(id),
          title,
          episode: { ...finding().episode, sums },
          impact: { askedAt: now, usersBad: undefined, usersTotal: undefined, usersAsked, trend: undefined },
          priority: {
            score: 10,
            band: "Low",
            parts: [{ name: "reach", points: 0, text, measured: reach !== undefined }],
            adjustment: undefined,
          },
        });
      };
      running.state.findings = [
        of(1, "counts", { bad: 120, total: 0 }, false, "reach 120 events"),
        of(2, "outage", { bad: 900, total: 900 }, false, "reach 100.0% of requests"),
        of(3, "slow", none, false),
        of(4, "unanswered", none, true),
      ];
      await visit("/", async (page) => {
        for (const [title, text] of [
          ["counts", "120 events"],
          ["outage", "100.0% of events"],
          ["slow", "not applicable"],
          ["unanswered", "not measured"],
        ] as const) {
          const cell = page.getByRole("row", { name: title }).locator("[data-label=Touched]");
          await cell.waitFor();
          expect(await cell.textContent(), title).to.equal(text);
        }
      });
    });

    it("show hostile text as text, and cut what is too long", () =>
      visit("/", async (page) => {
        await shown(page, script);
        expect(await page.locator("main script, main img").count()).to.equal(0);
        const long = page.getByRole("link", { name: longTitle.slice(0, 100) });
        expect((await long.boundingBox())?.height).to.be.below(60);
      }));

    it("filter by state and priority, in the address", () =>
      visit("/", async (page) => {
        await page.getByLabel("State").selectOption("quiet");
        await page.getByRole("link", { name: longTitle.slice(0, 100) }).waitFor();
        await page.waitForFunction("document.querySelectorAll('tbody tr').length === 1");
        expect(new URL(page.url()).search).to.equal("?state=quiet");
        await page.getByLabel("Priority").selectOption("Highest");
        await shown(page, "No finding matches these filters.");
        await page.goBack();
        await page.getByRole("link", { name: longTitle.slice(0, 100) }).waitFor();
      }));

    it("page through a long list by cursor", async () => {
      const [first] = running.state.findings;
      if (first === undefined) throw new Error("no finding");
      running.state.findings = Array.from({ length: 70 }, (_, index) => ({
        ...first,
        id: findingId(index),
        title: `f-${index}-`,
      }));
      await visit("/", async (page) => {
        await shown(page, "f-49-");
        await page.getByRole("button", { name: "Next page" }).click();
        await shown(page, "f-69-");
        expect(await page.getByRole("button", { name: "Next page" }).isDisabled()).to.equal(true);
        await page.getByRole("button", { name: "First page" }).click();
        await shown(page, "f-0-");
      });
    });

    it("show one finding in full: why, parts of the priority, chart, samples, timeline, ticket, deliveries, alerts", () =>
      visit("/", async (page) => {
        await page.getByRole("link", { name: "checkout: 6.0% of requests fail" }).click();
        await page.getByRole("heading", { name: "Why High" }).waitFor();
        for (const text of [
          "People see an error page instead of a paid order.",
          "burn 60x, 5.6% of the 30-day budget",
          "OPS-12 was created",
          "assignee 5b10ac8d is unknown",
          "could not be delivered; waits for an operator after 7 attempts",
          "Jira refused the comment: the issue is archived",
          "service.name=checkout, region=eu",
          "1,240 of 20,600",
          "POST /pay 500 upstream timed out",
          "the hosts' CPU could not be asked: timeout",
        ]) {
          await shown(page, text);
        }
        const chart = page.getByRole("img", { name: "Chart: Share of failed requests, limit 5.0%" });
        await chart.waitFor();
        expect(await chart.getAttribute("src")).to.match(/^blob:/);
        expect(await page.title()).to.equal("checkout: 6.0% of requests fail – Backfeed");
      }));

    it("say whose episode the evidence is of, and when the newest one is another", async () => {
      const of = "Evidence of the episode that began 2 Mar 2026, 09:20";
      await visit(`/findings/${findingId(1)}`, async (page) => {
        await shown(page, of);
        expect(await page.getByText("The newest one began later").count()).to.equal(0);
      });
      const [first, ...others] = running.state.findings;
      running.state.findings = [{ ...first!, episode: { ...first!.episode, startedAt: now - 60_000 } }, ...others];
      await visit(`/findings/${findingId(1)}`, (page) => shown(page, `${of}. The newest one began later`));
    });

    it("let an operator deliver a parked entry again", () =>
      visit(`/findings/${findingId(1)}`, async (page) => {
        await page.getByRole("button", { name: "Deliver again" }).click();
        await shown(page, "someone asked to deliver again: comment");
        expect(running.state.woken).to.equal(1);
      }));

    it("show a hostile finding as text and lead nowhere but to the web", () =>
      visit(`/findings/${findingId(2)}`, async (page) => {
        await page.getByRole("heading", { name: "Evidence" }).waitFor();
        await page.locator("pre").waitFor();
        await page.locator("main img").waitFor();
        expect(await page.locator("main script").count()).to.equal(0);
        expect(await page.locator("main").textContent())
          .to.contain(image)
          .and.to.contain(rightToLeft);
        const links = await page.evaluate<string[]>("Array.from(document.links, ({ protocol }) => protocol)");
        expect(new Set(links)).to.deep.equal(new Set(["http:", "https:"]));
        const out = page.getByRole("link", { name: image });
        expect(await out.getAttribute("rel")).to.contain("noopener");
      }));

    it("show a title of ten thousand characters folded", () =>
      visit(`/findings/${findingId(3)}`, async (page) => {
        await page.getByRole("button", { name: "Whole title" }).click();
        await shown(page, "Less");
        await shown(page, "None has been collected yet");
      }));

    it("show a local ticket with its text, comments and image, and move it", () =>
      visit("/tickets/LOCAL-1", async (page) => {
        await page.getByRole("heading", { name: "Measured" }).waitFor();
        await page.getByRole("img", { name: "Attachment chart-1a2b.png" }).waitFor();
        await shown(page, "Comments (1)");
        expect(await page.locator("main script").count()).to.equal(0);
        await page.getByRole("button", { name: "Move to Done" }).click();
        await page.getByRole("button", { name: "Move to To Do" }).waitFor();
        await shown(page, "moved from To Do to Done");
      }));

    it("comment on a local ticket, edit it and close it as a duplicate", () =>
      visit("/tickets/LOCAL-1", async (page) => {
        const send = page.getByRole("button", { name: "Comment", exact: true });
        expect(await send.isDisabled()).to.equal(true);
        await page.getByLabel("Your comment").fill("<b>Looking</b>\ninto it");
        await send.click();
        await shown(page, "<b>Looking</b>");
        await shown(page, "Comments (2)");
        expect(await page.getByLabel("Your comment").inputValue()).to.equal("");

        await page.getByRole("button", { name: "Edit…" }).click();
        await page.getByLabel("Priority").selectOption("Low");
        await page.getByLabel("Assignee").fill("bob");
        await page.getByLabel("Labels").fill(`${running.state.localTickets[0]?.labels.join(" ")} backfeed-snooze-7d`);
        await page.getByRole("button", { name: "Save" }).click();
        await shown(page, "priority from Medium to Low");
        await shown(page, "assigned to bob, before to nobody");
        expect(running.state.localTickets[0]?.labels).to.include("backfeed-snooze-7d");
        await shown(page, "Edit…");

        running.state.localTickets.push(localTicket({ id: "2", number: 2, key: "LOCAL-2" }));
        await page.getByRole("button", { name: "Duplicate of…" }).click();
        await page.getByLabel("The ticket that goes on").fill("LOCAL-2");
        await page.getByRole("button", { name: "Close as duplicate" }).click();
        await page.getByRole("link", { name: "LOCAL-2" }).waitFor();
        await shown(page, "Duplicate of");
      }));

    it("list rules with their faults and run one", () =>
      visit("/rules", async (page) => {
        await shown(page, "Faults in rule files (1)");
        await shown(page, "2 breached, 14 clear");
        await shown(page, "Has failed since");
        await page.getByRole("button", { name: "Run now checkout-errors" }).click();
        await shown(page, "checkout-errors was run: 1 clear");
      }));

    it("list silences with who wanted them and why, and end one", () =>
      visit("/silences", async (page) => {
        await shown(page, script);
        await shown(page, "ended early");
        expect(await page.locator("main script, main img").count()).to.equal(0);
        expect(await page.getByRole("button", { name: /^End now/ }).count()).to.equal(1);
        await page.getByRole("button", { name: "End now silence 2" }).click();
        await page.getByRole("button", { name: /^End now/ }).waitFor({ state: "detached" });
        expect(running.state.silences[0]).to.include({ id: "2", endedAt: now });
      }));

    it("silence a finding for a day when a reason is given", () =>
      visit(`/findings/${findingId(1)}`, async (page) => {
        await page.getByRole("button", { name: "Silence…" }).click();
        const send = page.getByRole("button", { name: "Silence", exact: true });
        expect(await send.isDisabled()).to.equal(true);
        await page.getByLabel("Why nothing is to be told of it").fill("planned work");
        running.clock.set(Date.now());
        await send.click();
        await shown(page, "Silenced for 24 hours.");
        const [silence] = running.state.silences;
        expect(silence).to.deep.include({ reason: "planned work", matchers: { "service.name": "checkout" } });
        expect(silence).to.include({ ruleId: "checkout-errors", author: "someone" });
      }));

    it("silence a finding until it gets worse", () =>
      visit(`/findings/${findingId(1)}`, async (page) => {
        await page.getByRole("button", { name: "Silence…" }).click();
        await page.getByLabel("Why nothing is to be told of it").fill("known");
        await page.getByLabel("its priority rises a band").check();
        await page.getByRole("button", { name: "Silence", exact: true }).click();
        await shown(page, "Silenced until it gets worse.");
        expect(running.state.silences[0]).to.include({ reason: "known", untilWorse: true });
        await page.goto(new URL("/silences", page.url()).href);
        await shown(page, "it is worse, at the latest");
      }));

    it("list maintenance windows with whether they are on, and when next", () =>
      visit("/silences", async (page) => {
        const [first, second] = ["weekly-patching", "backup"].map((name) => page.getByRole("row", { name }));
        await first?.waitFor();
        expect(await first?.locator("[data-label=Now]").textContent()).to.match(/^on until /);
        expect(await first?.textContent())
          .to.contain("rules checkout-*")
          .and.to.contain("for 2 h");
        expect(await second?.locator("[data-label=Now]").textContent()).to.equal("off");
      }));

    it("say how many findings wait for a ticket and why, and lead to them and from a storm's finding to its parent", () => {
      const storm = { id: "s", parentId: findingId(1), joinedAt: now, until: now, band: "Low", child: false } as const;
      const memory = { ...finding().memory, storm };
      running.state.findings = [
        finding({ problem: "backfeed-storm", groupLabels: { storm: "s" } }),
        finding({ id: findingId(2), title: "waits", decision: { action: "none", reason: "over_cap", at: now } }),
        finding({ id: findingId(3), title: "listed", decision: { action: "none", reason: "storm", at: now }, memory }),
      ];
      return visit("/", async (page) => {
        const note = page.getByRole("status").filter({ hasText: "waits for a ticket" });
        expect((await note.textContent()) ?? "").to.match(
          /^1 finding waits for a ticket.* 1 finding is told on the ticket of a storm/s,
        );
        await note.getByRole("link", { name: "Show them" }).click();
        await page.getByRole("link", { name: "listed" }).click();
        await page.getByRole("link", { name: "a storm", exact: true }).click();
        await page.getByRole("link", { name: "all findings of this storm" }).click();
        await page.getByRole("button", { name: "Storm of s: show all findings" }).waitFor();
        expect(new URL(page.url()).search).to.equal("?storm=s");
      });
    });

    it("say what explains a finding and what it explains, with links", () => {
      running.state.findings[0] = finding({
        explains: { count: 23, findings: [{ id: findingId(2), title: script }] },
      });
      running.state.findings[1] = finding({
        id: findingId(2),
        title: script,
        decision: { action: "none", reason: "inhibited", at: now },
        memory: {
          ...finding().memory,
          inhibition: {
            by: { findingId: findingId(1), title: finding().title, ticketKey: "OPS-12", since: now },
            since: now,
            endedAt: undefined,
            releasedAt: undefined,
          },
        },
      });
      return visit(`/findings/${findingId(1)}`, async (page) => {
        await shown(page, "Explains 23 other findings");
        await shown(page, "and 22 more");
        await page.getByRole("link", { name: script }).click();
        await shown(page, "explained by");
        const back = page.getByRole("link", { name: finding().title });
        expect(await back.getAttribute("href")).to.equal(`/findings/${findingId(1)}`);
      });
    });

    it("file a finding anew after asking once more", () =>
      visit(`/findings/${findingId(1)}`, async (page) => {
        await page.getByRole("button", { name: "File anew…" }).click();
        expect(running.state.findings[0]?.generation).to.equal(1);
        await page.getByRole("button", { name: "File a new ticket" }).click();
        await shown(page, "Its next tick files a new ticket.");
        expect(running.state.findings[0]?.generation).to.equal(2);
        await shown(page, "someone filed it anew");
        await shown(page, "given up for a new one");
      }));

    for (const colorScheme of ["light", "dark"] as const) {
      it(`show each rule's evidence, and infrastructure under the application's chart on one time axis: ${colorScheme}`, () => {
        running.state.evidence.set(findingId(1), sectionsSeed());
        const [first] = running.state.findings;
        if (first === undefined) throw new Error("no finding");
        const verdict = { ...first.worst.verdict, value: 4_200, threshold: 1_000 };
        const slow = { ...first.worst, fingerprint: "slow", ruleId: "checkout-slow", verdict };
        running.state.findings[0] = { ...first, others: [slow], alertCount: 2 };
        return visit(
          `/findings/${findingId(1)}`,
          async (page) => {
            const panel = (rule: string) => page.getByRole("region", { name: `Evidence: ${rule}` });
            const own = panel("checkout-errors").getByRole("img", { name: /^Chart: Share of failed requests/ });
            const cpu = panel("checkout-errors").getByRole("img", { name: "Chart: CPU" });
            await own.waitFor();
            await cpu.waitFor();
            await panel("checkout-slow")
              .getByRole("img", { name: /^Chart: Checkout takes 4\.2 s/ })
              .waitFor();
            const [above, below] = [await own.boundingBox(), await cpu.boundingBox()];
            // The same left edge and width: an instant of one is right under the same instant of the other.
            expect([below?.x, below?.width, below?.height]).to.deep.equal([above?.x, above?.width, above?.height]);
            expect(below?.y).to.be.above((above?.y ?? 0) + (above?.height ?? 0));
            await shown(page, "web-3 0.31 before, 0.94 in the episode (3.0x)");
            await shown(page, "People wait for their basket.");
            expect(await panel("checkout-slow").locator("pre").textContent()).to.contain("basket took 4,200 ms");
            expect(await panel("checkout-errors").locator("pre").textContent()).to.contain("upstream timed out");
            // In its own rule's unit, which is no share of requests.
            const other = page.getByRole("row", { name: /by checkout-slow/ });
            expect(await other.textContent()).to.match(/4,200 measured, bad above 1,000/);
            await shown(page, "2 more of its rules tell of it: checkout-queue");
            const folder = process.env["SCREENSHOTS"];
            if (folder !== undefined) await page.screenshot({ path: `${folder}/${colorScheme}.png`, fullPage: true });
          },
          { colorScheme },
        );
      });
    }

    for (const path of ["/", `/findings/${findingId(2)}`, "/tickets", "/tickets/LOCAL-1", "/rules", "/silences"]) {
      it(`fit a phone, in dark colours: ${path}`, () =>
        visit(
          path,
          async (page) => {
            await page.locator("main h1").first().waitFor();
            await page.waitForLoadState("networkidle");
            expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).to.equal("rgb(22, 24, 28)");
          },
          { ...phone, colorScheme: "dark" },
        ));
    }

    it("say what is wrong when there is no such finding", () =>
      visit(
        `/findings/${findingId(99)}`,
        async (page) => {
          await page.getByRole("alert").waitFor();
          await shown(page, "there is no such finding");
        },
        { expectedStatuses: [404] },
      ));
  });

  describe("of a server with tokens", () => {
    let running: RunningServer;

    before(async () => {
      running = await runServer({ seed: hostileSeed, ui: pages.directory });
    });
    after(() => running?.stop());

    async function signIn(page: Page, token: string): Promise<void> {
      await page.getByLabel("Token").fill(token);
      await page.getByRole("button", { name: "Continue" }).click();
    }

    it("ask for a token, refuse a wrong one, keep a right one for the tab and forget it when told", async () => {
      const { page, misdeeds, close } = await openWatched(browser, running.origin, { expectedStatuses: [401] });
      await page.goto(running.origin);
      await signIn(page, "wrong");
      await page.getByText("The last token was not accepted.").waitFor();
      await signIn(page, viewerToken);
      await page.getByRole("link", { name: "checkout: 6.0% of requests fail" }).click();
      await page.getByRole("img", { name: /^Chart/ }).waitFor();
      await page.reload();
      await page.getByRole("heading", { name: "Why High" }).waitFor();
      expect(await page.evaluate("document.cookie + JSON.stringify(localStorage)")).not.to.contain(viewerToken);
      await page.getByRole("button", { name: "Forget token" }).click();
      await page.getByLabel("Token").waitFor();
      expect(await page.evaluate("JSON.stringify(sessionStorage)")).not.to.contain(viewerToken);
      expect(misdeeds).to.deep.equal([]);
      await close();
    });

    it("tell a viewer that acting needs an operator, and let an operator act", async () => {
      const { page, misdeeds, close } = await openWatched(browser, running.origin, { expectedStatuses: [401, 403] });
      await page.goto(`${running.origin}/tickets/LOCAL-1`);
      await signIn(page, viewerToken);
      await page.getByRole("button", { name: "Move to Done" }).click();
      await page.getByText("Your token does not allow this").waitFor();
      await page.getByRole("button", { name: "Forget token" }).click();
      await signIn(page, operatorToken);
      await page.getByRole("button", { name: "Move to Done" }).click();
      await page.getByRole("button", { name: "Move to To Do" }).waitFor();
      expect(misdeeds).to.deep.equal([]);
      await close();
    });
  });
});
