import { day, hour, minute } from "../../support/duration.ts";

/** `{{.window}}` is what Sloth puts a window for. */
const windowAction = /\{\{-?\s*\.window\s*-?\}\}/g;

/** A query with a window of PromQL where it asks for one. */
export function windowed(query: string, window: string): string {
  return query.trim().replace(windowAction, window);
}

const units: Readonly<Record<string, number>> = {
  m: minute,
  h: hour,
  d: day,
  w: 7 * day,
  M: 30 * day,
  Q: 90 * day,
  Y: 365 * day,
};

/** OpenSLO's duration-shorthand; a month is 30 days, a quarter 90, a year 365. */
export function shorthand(text: string): number | undefined {
  const [, amount = "", unit = ""] = /^(\d+)([mhdwMQY])$/.exec(text) ?? [];
  const size = units[unit];
  return size === undefined ? undefined : Number(amount) * size;
}
