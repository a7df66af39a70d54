import { didYouMean } from "../support/yaml/closest.ts";
import type { YamlDocument } from "../support/yaml/document.ts";
import { type Fault, formatPath, type Path } from "../support/yaml/fault.ts";

/** Keys whose text may come from outside. `user` and `email` are no secrets, but they come from the same place. */
const secretKeys: ReadonlySet<string> = new Set(["token", "password", "api_key", "webhook_secret", "user", "email"]);
const accountKeys: ReadonlySet<string> = new Set(["user", "email"]);
const howToWrite = `write \`\${VARIABLE}\` or \`\${file:PATH}\``;
const mostSecretBytes = 64 * 1024;

export interface SecretSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The text of a file named by an absolute path; throws when it cannot be read. */
  readonly readFile: (path: string) => Uint8Array;
  readonly resolvePath: (path: string) => string;
}

export interface ResolvedSecrets {
  /** The same value with every `${VAR}` and `${file:PATH}` replaced. */
  readonly value: unknown;
  /** Every secret text that was read, for the redactor. */
  readonly secrets: readonly string[];
  readonly faults: readonly Fault[];
}

/** Puts secrets in where they may stand, and says where they may not, or cannot be had. Messages name, never show. */
export function resolveSecrets(document: YamlDocument, sources: SecretSources): ResolvedSecrets {
  const faults: Fault[] = [];
  const secrets = new Set<string>();
  const report = (path: Path, message: string, fix: string, severity: Fault["severity"] = "error") => {
    const position = document.locate(path, "value");
    faults.push({ file: document.file, ...position, path: formatPath(path), message, fix, severity });
  };
  const resolveText = (text: string, path: Path, key: string): string => {
    let whole = true;
    const resolved = text.replace(/\$\{([^}]*)\}/g, (_, reference: string) => {
      const found = lookUp(reference, sources);
      if (typeof found === "string") return found;
      report(path, found.message, found.fix);
      whole = false;
      // Keeps the text from being judged as empty or short besides.
      return "unresolved-secret";
    });
    if (whole && !accountKeys.has(key)) {
      if (resolved === text) {
        report(
          path,
          `\`${key}\` is written in the file itself`,
          `${howToWrite} and keep the secret outside`,
          "warning",
        );
      }
      secrets.add(resolved);
    }
    return resolved;
  };
  const walk = (value: unknown, path: Path): unknown => {
    const key = path.findLast((step) => typeof step === "string") ?? "";
    if (typeof value === "string") {
      if (secretKeys.has(String(key))) return resolveText(value, path, String(key));
      if (/\$\{[^}]*\}/.test(value) && path[0] !== "links") {
        report(
          path,
          `\`\${…}\` is for secrets only, not for \`${key}\``,
          `write the value itself; \`\${VAR}\` may stand in ${[...secretKeys].map((name) => `\`${name}\``).join(", ")}`,
        );
      }
      return value;
    }
    if (Array.isArray(value)) return value.map((item, position) => walk(item, [...path, position]));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, walk(member, [...path, name])]));
  };
  return { value: walk(document.value, []), secrets: [...secrets], faults };
}

function lookUp(reference: string, { environment, readFile, resolvePath }: SecretSources) {
  if (reference.startsWith("file:")) return readSecretFile(reference.slice("file:".length), readFile, resolvePath);
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(reference)) {
    return { message: `\`\${${reference}}\` names no variable`, fix: howToWrite };
  }
  const value = environment[reference];
  if (value === undefined) {
    const meant = didYouMean(reference, Object.keys(environment));
    return {
      message: `the environment variable \`${reference}\` is not set${meant}`,
      fix: `set \`${reference}\` where Backfeed starts`,
    };
  }
  if (value === "")
    return { message: `the environment variable \`${reference}\` is empty`, fix: `give \`${reference}\` a value` };
  return value;
}

function readSecretFile(path: string, readFile: SecretSources["readFile"], resolvePath: SecretSources["resolvePath"]) {
  try {
    const bytes = readFile(resolvePath(path));
    if (bytes.length > mostSecretBytes)
      return {
        message: `the secret file \`${path}\` has ${bytes.length} bytes`,
        fix: "name the file that holds only the secret",
      };
    // Editors and `echo` end a file with a line break that is no part of the secret.
    const text = new TextDecoder().decode(bytes).replace(/\r?\n$/, "");
    return text === "" ? { message: `the secret file \`${path}\` is empty`, fix: "write the secret into it" } : text;
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? ` (${String(thrown.code)})` : "";
    return { message: `the secret file \`${path}\` cannot be read${code}`, fix: "check the path and who may read it" };
  }
}
