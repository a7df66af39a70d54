import { inspect } from "node:util";

const shownAs = "<secret>";

/** A text that must not be seen: every way to print it gives `<secret>`. Only `reveal` gives the text. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** For the request that needs it, and for the redactor. Never for a log, an error or a page. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return shownAs;
  }

  toJSON(): string {
    return shownAs;
  }

  [Symbol.toPrimitive](): string {
    return shownAs;
  }

  [inspect.custom](): string {
    return shownAs;
  }
}
