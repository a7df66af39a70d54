import type { MessagesRequest, QueryFailure } from "../model/query.ts";
import type { Source } from "../sources/source.ts";
import { asBackfeedError, type ErrorKind } from "../support/errors.ts";
import { maskedWords } from "./patterns/mask.ts";

/** Messages with the same words once they are masked. */
export interface MessageLine {
  readonly words: readonly string[];
  readonly count: number;
}

/** What became of one reading. Whatever is not a full and certain answer is `failed`. */
export type LinesAnswer =
  | {
      readonly kind: "answered";
      /** In the order in which they were first said. */
      readonly lines: readonly MessageLine[];
      /** How many messages were read. */
      readonly read: number;
      /** Whether the window has more than were read. */
      readonly more: boolean;
    }
  | { readonly kind: "failed"; readonly failure: QueryFailure };

/**
 * The messages of a window as lines: masked at once, since what tells them apart is little beside what they say. In the order
 * of their instants, and of their text where these are equal, so that the same messages give the same patterns whatever order
 * a source gives them in. Throws only `aborted`.
 */
export async function readLines(request: MessagesRequest, source: Source, signal: AbortSignal): Promise<LinesAnswer> {
  try {
    const { messages, more } = await source.messages(request, signal);
    const inOrder = messages.toSorted((a, b) => a.at - b.at || (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
    const lines = new Map<string, { readonly words: readonly string[]; count: number }>();
    for (const { text } of inOrder) {
      const words = maskedWords(text);
      if (words.length === 0) continue;
      const key = words.join(" ");
      const line = lines.get(key);
      if (line === undefined) lines.set(key, { words, count: 1 });
      else line.count += 1;
    }
    return { kind: "answered", lines: [...lines.values()], read: messages.length, more };
  } catch (thrown) {
    const error = asBackfeedError(thrown);
    if (error.kind === "aborted" || signal.aborted) throw error;
    const { kind, message, retryable } = error;
    return { kind: "failed", failure: { code: codes[kind] ?? "internal", message, retryable } };
  }
}

const codes: Partial<Readonly<Record<ErrorKind, QueryFailure["code"]>>> = {
  unavailable: "unreachable",
  rate_limited: "rate_limited",
  unauthorized: "unauthorized",
  not_found: "unknown_target",
  refused: "refused",
  limit: "refused",
};
