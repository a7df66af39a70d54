/** What log messages of one kind have in common. Plain data: a tree of them is made again of its templates. */
export interface Template {
  /** Of its first message, so that the same messages in the same order give the same ids. Stays while it generalises. */
  readonly id: string;
  /** The first word that leads to it. */
  readonly first: string;
  /** Its place in the order in which templates came to be: among equals the oldest is taken. */
  readonly position: number;
  /** Without secrets; what differs from message to message stands as a mark in angle brackets. */
  readonly words: readonly string[];
}

/** Stands in a template for a word that differs from message to message. */
export const anyWord = "<*>";

/** Whether a word may be another in the next message: what was left out or redacted, what has digits. */
export function isVariable(word: string): boolean {
  return /\d|<[a-z*][a-z0-9:*-]*>/.test(word);
}

/** For people: `payment <num> refused: <*>`. */
export function templateText({ words }: Pick<Template, "words">): string {
  return words.join(" ");
}

/** The runs of words that every message of a template has, in their order; none where all may differ. */
export function fixedPieces(text: string): readonly string[] {
  const pieces: string[][] = [[]];
  for (const word of text.split(" ")) {
    if (isVariable(word)) pieces.push([]);
    else pieces.at(-1)?.push(word);
  }
  return pieces.filter((piece) => piece.length > 0).map((piece) => piece.join(" "));
}

/** How far a rule of the form `new` has got. */
export interface Learned {
  /** The newest tick at which it was judged: a gap that is longer than `learned_from` is looked back at anew. */
  readonly to: number;
  /** Since when there has been no room for what is new. */
  readonly fullSince: number | undefined;
}
