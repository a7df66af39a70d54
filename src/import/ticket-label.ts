import { cleanText } from "../support/clean-text.ts";
import { liquidText } from "./words.ts";

/** A label of an alert as one of a ticket: `team=payments`, without white space, which trackers refuse. */
export function ticketLabel(name: string, value: string): string {
  return liquidText(cleanText(`${name}=${value}`, { maxLength: 200, singleLine: true }).replace(/\s+/g, "-"));
}
