import { z } from "zod";
import type { Page } from "../../store/store.ts";

/** Milliseconds since 1970-01-01T00:00:00Z. */
export const instant = z.number().meta({ description: "Milliseconds since 1970-01-01T00:00:00Z." });

export const counts = z.record(z.string(), z.number());

export const labels = z.record(z.string(), z.string());

export const windowView = z.object({ from: instant, to: instant });

/** JSON has no NaN and no infinity: such a number is left out. */
export function finite(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

/** The schema of `{ items, next }`. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    next: z
      .string()
      .nullable()
      .meta({ description: "Give it back as `cursor` for what follows; null on the last page." }),
  });
}

export function viewPage<Item, View>(
  page: Page<Item>,
  view: (item: Item) => View,
): { items: View[]; next: string | null } {
  return { items: page.items.map(view), next: page.next ?? null };
}

/** What every list takes. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().min(1).max(500).optional(),
};
