import type { Document } from "../../model/document.ts";
import { adfBudget, adfText, textToAdf, toAdf } from "./adf.ts";
import type { Flavour } from "./client.ts";
import { textToWiki, toWiki, wikiBudget } from "./wiki.ts";

/** How one Jira writes text: ADF on Cloud, wiki markup on Data Center. */
export interface Markup {
  /** The value of a description or comment body; `share` of the size budget, 1 by default. */
  document(document: Document, share?: number): unknown;
  /** The value of a custom field of several lines. */
  text(value: string): unknown;
  /** What a person reads of a body, white space evened out, so that a rewrite by Jira itself is no change. */
  words(body: unknown): string;
}

export function markupOf(flavour: Flavour): Markup {
  const even = (text: string): string => text.replace(/\s+/g, " ").trim();
  if (flavour === "cloud") {
    return {
      document: (document, share = 1) => toAdf(document, { budget: Math.floor(adfBudget * share) }),
      text: textToAdf,
      words: (body) => even(adfText(body)),
    };
  }
  return {
    document: (document, share = 1) => toWiki(document, { budget: Math.floor(wikiBudget * share) }),
    text: textToWiki,
    words: (body) => even(typeof body === "string" ? body : ""),
  };
}
