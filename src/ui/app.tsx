import { Button, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useSyncExternalStore } from "react";
import { Link, Route, Switch } from "wouter";
import { tokenStore } from "./api/client.ts";
import { FindingListPage } from "./pages/finding-list-page.tsx";
import { FindingPage } from "./pages/finding-page.tsx";
import { RulesPage } from "./pages/rules-page.tsx";
import { SilencesPage } from "./pages/silences-page.tsx";
import { TicketListPage } from "./pages/ticket-list-page.tsx";
import { TicketPage } from "./pages/ticket-page.tsx";
import { TokenForm } from "./parts/token-form.tsx";

/** The frame around every page, and which page an address shows. The server knows the same addresses (pages.ts). */
export function App() {
  const tokenWanted = useSyncExternalStore(tokenStore.subscribe, tokenStore.isWanted);
  return (
    <>
      <a href="#main" className="skip-link">
        Skip to content
      </a>
      <header className="top">
        <span className="wordmark">Backfeed</span>
        <nav aria-label="Main" className="top-links">
          <TopLink href="/">Findings</TopLink>
          <TopLink href="/tickets">Tickets</TopLink>
          <TopLink href="/rules">Rules</TopLink>
          <TopLink href="/silences">Silences</TopLink>
        </nav>
        <div className="top-actions">
          {tokenStore.isKept() && !tokenWanted && (
            <Button variant="subtle" size="compact-sm" color="gray" onClick={tokenStore.forget}>
              Forget token
            </Button>
          )}
          <SchemeButton />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {tokenWanted ? <TokenForm /> : <Pages />}
      </main>
    </>
  );
}

function Pages() {
  return (
    <Switch>
      <Route path="/">
        <FindingListPage />
      </Route>
      <Route path="/findings/:id">{({ id }) => <FindingPage key={id} id={id} />}</Route>
      <Route path="/tickets">
        <TicketListPage />
      </Route>
      <Route path="/tickets/:key">{({ key }) => <TicketPage key={key} ticketKey={key} />}</Route>
      <Route path="/rules">
        <RulesPage />
      </Route>
      <Route path="/silences">
        <SilencesPage />
      </Route>
      <Route>
        <p>There is no page under this address.</p>
      </Route>
    </Switch>
  );
}

function TopLink({ href, children }: { href: string; children: string }) {
  return (
    <Link href={href} className={(active) => (active ? "top-link current" : "top-link")}>
      {children}
    </Link>
  );
}

function SchemeButton() {
  const { setColorScheme } = useMantineColorScheme();
  const other = useComputedColorScheme("light") === "light" ? "dark" : "light";
  return (
    <Button
      variant="subtle"
      size="compact-sm"
      color="gray"
      aria-label={`Use the ${other} colours`}
      onClick={() => setColorScheme(other)}
    >
      {other === "dark" ? "Dark" : "Light"}
    </Button>
  );
}
