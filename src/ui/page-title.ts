import { useEffect } from "react";
import { shorten } from "./format.ts";

/** Names the tab. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = `${shorten(title, 80)} – Backfeed`;
  }, [title]);
}
