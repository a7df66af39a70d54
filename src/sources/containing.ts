/**
 * Whether a text has these pieces, one behind the other, in any case; a blank in a piece stands for any characters, since
 * what lies between two words was not kept.
 */
export function holdsPieces(text: string, pieces: readonly string[]): boolean {
  const lower = text.toLowerCase();
  let from = 0;
  for (const word of wordsOf(pieces)) {
    const at = lower.indexOf(word.toLowerCase(), from);
    if (at < 0) return false;
    from = at + word.length;
  }
  return true;
}

/** The words of all pieces, in order. */
export function wordsOf(pieces: readonly string[]): readonly string[] {
  return pieces.flatMap((piece) => piece.split(" ")).filter((word) => word !== "");
}
