import { anyWord, isVariable, type Template } from "../../model/template.ts";
import { sha256 } from "../../support/hashing.ts";

/*
 * A streaming miner of log message patterns after Drain: P. He, J. Zhu, Z. Zheng, M. R. Lyu, "Drain: An Online Log Parsing
 * Approach with Fixed Depth Tree", ICWS 2017. A message comes by its number of words and its first word to a leaf (the
 * paper's tree of depth 3), and there to the template that shares the largest part of its words, if that is large enough.
 */

/** The paper's st: which part of the words must be equal. Its authors found 0.5 right for most systems' logs. */
const leastSimilarity = 0.5;
/** The paper's maxChild: so many first words, of messages of one length, have a leaf of their own; later ones share one. */
const mostFirstWords = 100;
const idDigits = 12;

interface Leaf {
  readonly templates: { template: Template }[];
}

export interface TemplateTreeOptions {
  /** Those that are known, in any order. */
  readonly templates: Iterable<Template>;
  /** Beyond so many none is added. */
  readonly most: number;
}

/** Templates by what leads to them. Lives for one tick: what it has learned is in its templates. */
export class TemplateTree {
  readonly #most: number;
  /** By number of words, then by first word. */
  readonly #leaves = new Map<number, Map<string, Leaf>>();
  readonly #ids = new Set<string>();
  readonly #changed = new Map<string, Template>();
  #nextPosition = 0;

  constructor({ templates, most }: TemplateTreeOptions) {
    this.#most = most;
    for (const template of [...templates].sort((a, b) => a.position - b.position)) this.#insert(template);
  }

  get size(): number {
    return this.#ids.size;
  }

  /** Templates that came to be or were generalised, in the order in which they came to be. */
  get changed(): readonly Template[] {
    return [...this.#changed.values()].sort((a, b) => a.position - b.position);
  }

  /** The template of a message's words, generalised or new where need be; undefined when there is no room for a new one. */
  add(words: readonly string[]): Template | undefined {
    const place = this.#find(words);
    if (place === undefined) return this.#create(words);
    const { template } = place;
    const merged = template.words.map((word, index) => (word === words[index] ? word : anyWord));
    if (merged.every((word, index) => word === template.words[index])) return template;
    place.template = { ...template, words: merged };
    this.#changed.set(template.id, place.template);
    return place.template;
  }

  #create(words: readonly string[]): Template | undefined {
    if (this.#ids.size >= this.#most) return undefined;
    const template = { id: this.#newId(words), first: this.#firstFor(words), position: this.#nextPosition, words };
    this.#insert(template);
    this.#changed.set(template.id, template);
    return template;
  }

  #insert(template: Template): void {
    const { id, first, position, words } = template;
    let byFirst = this.#leaves.get(words.length);
    if (byFirst === undefined) {
      byFirst = new Map();
      this.#leaves.set(words.length, byFirst);
    }
    const leaf = byFirst.get(first);
    if (leaf === undefined) byFirst.set(first, { templates: [{ template }] });
    else leaf.templates.push({ template });
    this.#ids.add(id);
    this.#nextPosition = Math.max(this.#nextPosition, position + 1);
  }

  /** Two templates may have begun with equal messages, when the first has generalised away from them. */
  #newId(words: readonly string[]): string {
    for (let attempt = 0; ; attempt += 1) {
      const id = sha256(JSON.stringify(attempt === 0 ? words : [attempt, ...words])).slice(0, idDigits);
      if (!this.#ids.has(id)) return id;
    }
  }

  /** Where a new template goes: to a leaf of its own first word, or to the one that all others share. */
  #firstFor(words: readonly string[]): string {
    const [first = ""] = words;
    if (isVariable(first)) return anyWord;
    const byFirst = this.#leaves.get(words.length);
    if (byFirst === undefined || byFirst.has(first)) return first;
    return byFirst.size - Number(byFirst.has(anyWord)) < mostFirstWords ? first : anyWord;
  }

  #find(words: readonly string[]): { template: Template } | undefined {
    const byFirst = this.#leaves.get(words.length);
    if (byFirst === undefined) return undefined;
    const [first = ""] = words;
    const leaf = (isVariable(first) ? undefined : byFirst.get(first)) ?? byFirst.get(anyWord);
    if (leaf === undefined) return undefined;
    const needed = Math.ceil(words.length * leastSimilarity);
    let best: { template: Template } | undefined;
    let most = needed - 1;
    for (const place of leaf.templates) {
      const equal = equalWords(place.template.words, words, most);
      if (equal <= most) continue;
      best = place;
      most = equal;
    }
    return best;
  }
}

/** How many words are equal (the paper's simSeq times the length); gives up, with less, once it cannot be more than `least`. */
function equalWords(template: readonly string[], words: readonly string[], least: number): number {
  let equal = 0;
  for (let index = 0; index < words.length; index += 1) {
    if (template[index] === words[index]) equal += 1;
    else if (equal + words.length - index - 1 <= least) return equal;
  }
  return equal;
}
