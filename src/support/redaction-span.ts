/** Where in a text something was found that must not leave: `[from, to)` in UTF-16 units. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly name: string;
}

/** A pattern of our users: RE2 syntax (no back-references, no look-around), matched case-sensitively. */
export interface RedactionPattern {
  /** `[a-z0-9-]`, stands in the text as `<redacted:name>`. */
  readonly name: string;
  readonly pattern: string;
}

export type Detector = (text: string) => Span[];

/** All matches of a global pattern; a group `value`, which must end the match, narrows the span to itself. */
export function spansOf(text: string, pattern: RegExp, name: string, accept?: (match: string) => boolean): Span[] {
  const spans: Span[] = [];
  for (const match of text.matchAll(pattern)) {
    const value = match.groups?.["value"] ?? match[0];
    if (accept !== undefined && !accept(value)) continue;
    const to = match.index + match[0].length;
    spans.push({ from: to - value.length, to, name });
  }
  return spans;
}
