import { z } from "zod";
import type { Document } from "../../model/document.ts";

const inlineView = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("text"), text: z.string(), strong: z.boolean().optional() }),
  z.object({ kind: z.literal("code"), text: z.string() }),
  z.object({ kind: z.literal("link"), text: z.string(), url: z.string() }),
]);

const inlinesView = z.array(inlineView);

const blockView = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("heading"), text: z.string() }),
  z.object({ kind: z.literal("paragraph"), content: inlinesView }),
  z.object({ kind: z.literal("list"), items: z.array(inlinesView) }),
  z.object({
    kind: z.literal("table"),
    header: z.array(z.string()).optional(),
    rows: z.array(z.array(inlinesView)),
  }),
  z.object({ kind: z.literal("code"), text: z.string() }),
]);

/** A ticket's text as blocks; its text may be hostile, whoever renders it escapes it. */
export const documentView = z.array(blockView);

/** The model's document is the API's; only its arrays are read-only there. */
export function viewDocument(document: Document): z.infer<typeof documentView> {
  return structuredClone(document) as z.infer<typeof documentView>;
}
