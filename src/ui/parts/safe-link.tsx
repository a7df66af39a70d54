import type { ReactNode } from "react";
import { Link } from "wouter";

const allowed = new Set(["http:", "https:", "mailto:"]);

/**
 * A link to wherever hostile text says. Other schemes (`javascript:`, `data:`) become plain text; addresses of these
 * pages stay in the page; whatever leads out opens apart and is told nothing about us.
 */
export function SafeLink({ url, children }: { url: string; children: ReactNode }) {
  const parsed = URL.canParse(url, window.location.origin) ? new URL(url, window.location.origin) : undefined;
  if (parsed === undefined || !allowed.has(parsed.protocol)) return <span>{children}</span>;
  if (parsed.origin === window.location.origin) {
    return <Link href={`${parsed.pathname}${parsed.search}${parsed.hash}`}>{children}</Link>;
  }
  return (
    <a href={parsed.href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}
