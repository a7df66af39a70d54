import type { Operation, Route } from "./operation.ts";

export interface Matched {
  route: Route;
  params: Record<string, string>;
}

/** Finds routes by method and path; literal paths win over parameters. */
export class Routing {
  readonly #routes: readonly { route: Route; pattern: RegExp; names: string[] }[];

  constructor(routes: readonly Route[]) {
    const literalFirst = [...routes].sort((a, b) => braces(a.path) - braces(b.path));
    this.#routes = literalFirst.map((route) => ({ route, pattern: patternOf(route.path), names: namesOf(route.path) }));
  }

  find(method: string, path: string): Matched | undefined {
    for (const { route, pattern, names } of this.#routes) {
      const match = route.method === method.toLowerCase() ? pattern.exec(path) : null;
      if (match === null) continue;
      return { route, params: Object.fromEntries(names.map((name, index) => [name, decode(match[index + 1] ?? "")])) };
    }
    return undefined;
  }

  /** The methods served at a path. */
  methods(path: string): string[] {
    return this.#routes.filter(({ pattern }) => pattern.test(path)).map(({ route }) => route.method.toUpperCase());
  }
}

const braces = (path: string): number => path.split("{").length;
const namesOf = (path: string): string[] => [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");

export function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/\{\w+\}/g, "([^/]+)")}/?$`);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function isWrite(route: { method: string; operation: Operation }): boolean {
  return route.method !== "get" && route.operation !== "search" && route.operation !== "bulkFetchIssues";
}
