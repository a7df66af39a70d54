import type { LayeredRule } from "../../import/elastalert/settings.ts";
import { readForeignFile } from "../../import/foreign.ts";
import { isMapping } from "../../support/mapping.ts";
import type { YamlDocument } from "../../support/yaml/document.ts";
import { readBaseFile } from "./foreign-files.ts";

const mostBases = 20;

/** A rule of ElastAlert and the files that it imports, and those that these import, with where they are. */
export interface RuleWithBases extends LayeredRule {
  readonly bases: readonly string[];
}

/** A rule and its bases: nearest first. */
export async function layersOf(document: YamlDocument, path: string): Promise<RuleWithBases> {
  const layers: YamlDocument[] = [document];
  const refused: string[] = [];
  const seen = new Set([path]);
  const visit = async (of: YamlDocument, from: string): Promise<void> => {
    const names = isMapping(of.value) ? [of.value["import"]].flat().filter((name) => typeof name === "string") : [];
    for (const name of names) {
      const base = await readBaseFile(name, from);
      if ("refused" in base) refused.push(base.refused);
      else if (layers.length > mostBases) refused.push(`more than ${mostBases} files are imported`);
      else if (!seen.has(base.path)) {
        seen.add(base.path);
        const read = readForeignFile(name, base.bytes);
        refused.push(...read.notes.map(({ line, column, text }) => `${name}:${line}:${column}: ${text}`));
        for (const inner of read.documents.slice(0, 1)) {
          layers.push(inner);
          await visit(inner, base.path);
        }
      }
    }
  };
  await visit(document, path);
  seen.delete(path);
  return { layers, refused, bases: [...seen] };
}
