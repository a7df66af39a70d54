/** An element of an XML text: its name, attributes as they are meant, and its own text. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  text: string;
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const character = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;

/** Reads an XML 1.0 document without comments, CDATA and namespaces, as strictly as a parser of a CI system. Throws. */
export function readXml(xml: string): XmlElement {
  if (!character.test(xml)) throw new Error("a character that XML 1.0 does not have");
  const root: XmlElement = { name: "", attributes: {}, children: [], text: "" };
  const open = [root];
  const body = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, "");
  for (const [part, tag] of body.matchAll(/<([^<]*?)>|[^<]+|</g)) {
    const top = open.at(-1);
    if (top === undefined) throw new Error("an end without a begin");
    if (tag === undefined) {
      top.text += meant(part);
      continue;
    }
    if (tag.startsWith("/")) {
      if (open.pop()?.name !== tag.slice(1)) throw new Error(`</${tag.slice(1)}> ends another`);
      continue;
    }
    const [, name = "", attributes = "", closed] = /^([a-z]+)((?:\s+[a-z]+="[^"]*")*)(\/)?$/.exec(tag) ?? [];
    if (name === "") throw new Error(`no tag: ${tag}`);
    const pairs = [...attributes.matchAll(/([a-z]+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [
      key,
      meant(value),
    ]);
    const element = { name, attributes: Object.fromEntries(pairs) as Record<string, string>, children: [], text: "" };
    top.children.push(element);
    if (closed === undefined) open.push(element);
  }
  const [only, second] = root.children;
  if (open.length !== 1 || only === undefined || second !== undefined || root.text.trim() !== "") {
    throw new Error("not one element");
  }
  return only;
}

function meant(text: string): string {
  return text.replace(/&([a-z]+;)?/g, (_, name?: string) => {
    const found = entities[name?.slice(0, -1) ?? ""];
    if (found === undefined) throw new Error(`a bare & in ${text}`);
    return found;
  });
}
