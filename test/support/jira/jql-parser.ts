import type { Deployment } from "./options.ts";
import { refuse } from "./refusal.ts";

export type Operator = "=" | "!=" | "<" | ">" | "<=" | ">=" | "~" | "!~" | "in" | "not in" | "is" | "is not";

export interface Operand {
  kind: "text" | "empty" | "function";
  value: string;
  /** Of a function. */
  args: readonly string[];
}

export type Query =
  | { kind: "and" | "or"; parts: Query[] }
  | { kind: "clause"; field: string; operator: Operator; operands: Operand[] };

export interface ParsedJql {
  /** undefined: no restriction at all. */
  where: Query | undefined;
  orderBy: { field: string; descending: boolean }[];
}

interface Token {
  kind: "word" | "string" | "symbol" | "end";
  text: string;
  at: number;
}

const NEGATED: Record<Operator, Operator> = {
  "=": "!=",
  "!=": "=",
  "<": ">=",
  ">": "<=",
  "<=": ">",
  ">=": "<",
  "~": "!~",
  "!~": "~",
  in: "not in",
  "not in": "in",
  is: "is not",
  "is not": "is",
};

/** Characters that JQL takes in quotes only. */
const RESERVED = /[;?|*/%^$#@{}&`\\]/;
const RESERVED_WORDS = new Set([
  "and",
  "or",
  "not",
  "in",
  "is",
  "order",
  "by",
  "was",
  "changed",
  "select",
  "from",
  "where",
  "like",
]);

/** Parses JQL's boolean part and ORDER BY; anything else is refused with Jira's syntax error. NOT is pushed into the clauses, as Jira does. */
export function parseJql(jql: string, deployment: Deployment): ParsedJql {
  const tokens = tokenize(jql, deployment);
  let position = 0;
  const peek = (): Token => tokens[position] ?? { kind: "end", text: "", at: jql.length };
  const take = (): Token => {
    const token = peek();
    position++;
    return token;
  };
  const fail = (message: string, token: Token): never => refuse(deployment, "jqlSyntax", message, token.at + 1);
  const word = (...words: string[]): boolean => {
    const matches = words.every((one, index) => {
      const token = tokens[position + index];
      return token?.kind === "word" && token.text.toLowerCase() === one;
    });
    if (matches) position += words.length;
    return matches;
  };
  const symbol = (text: string): boolean => {
    if (peek().kind !== "symbol" || peek().text !== text) return false;
    position++;
    return true;
  };

  const either = (): Query => join("or", conjunction, () => word("or"));
  const conjunction = (): Query => join("and", term, () => word("and"));
  const join = (kind: "and" | "or", part: () => Query, more: () => boolean): Query => {
    const parts = [part()];
    while (more()) parts.push(part());
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind, parts };
  };
  const term = (): Query => {
    if (word("not") || symbol("!")) return negate(term());
    if (!symbol("(")) return clause();
    const inner = either();
    if (!symbol(")")) fail(`Expecting ')' but got '${peek().text || "the end"}'.`, peek());
    return inner;
  };
  const clause = (): Query => {
    const token = take();
    const usable = token.kind === "string" || (token.kind === "word" && !RESERVED_WORDS.has(token.text.toLowerCase()));
    if (!usable) fail(`Expecting a field name but got '${token.text || "the end of the query"}'.`, token);
    const operator = readOperator();
    const isList = operator === "in" || operator === "not in";
    return { kind: "clause", field: token.text, operator, operands: isList ? list() : [operand()] };
  };
  const readOperator = (): Operator => {
    if (word("is", "not")) return "is not";
    if (word("is")) return "is";
    if (word("not", "in")) return "not in";
    if (word("in")) return "in";
    const token = take();
    if (token.kind === "symbol" && token.text in NEGATED) return token.text as Operator;
    return fail(`Expecting operator but got '${token.text || "the end of the query"}'.`, token);
  };
  const list = (): Operand[] => {
    if (!symbol("(")) fail("Expecting '(' after 'in'.", peek());
    const operands = [operand()];
    while (symbol(",")) operands.push(operand());
    if (!symbol(")")) fail("Expecting ')' or ',' in the list.", peek());
    return operands;
  };
  const operand = (): Operand => {
    const token = take();
    if (token.kind === "string") return { kind: "text", value: token.text, args: [] };
    if (token.kind !== "word" || RESERVED_WORDS.has(token.text.toLowerCase())) {
      fail(`Expecting either a value, list or function but got '${token.text || "the end of the query"}'.`, token);
    }
    if (symbol("(")) {
      const args: string[] = [];
      while (!symbol(")")) {
        const argument = take();
        if (argument.kind === "end") fail("Expecting ')' after the function's arguments.", argument);
        if (argument.text !== ",") args.push(argument.text);
      }
      return { kind: "function", value: token.text, args };
    }
    const isEmpty = ["empty", "null"].includes(token.text.toLowerCase());
    return { kind: isEmpty ? "empty" : "text", value: token.text, args: [] };
  };

  const where = peek().kind === "end" || isOrderBy(tokens, position) ? undefined : either();
  const orderBy: ParsedJql["orderBy"] = [];
  if (word("order", "by")) {
    do {
      const token = take();
      if (token.kind !== "word" && token.kind !== "string") fail("Expecting a field name after ORDER BY.", token);
      const descending = word("desc");
      if (!descending) word("asc");
      orderBy.push({ field: token.text, descending });
    } while (symbol(","));
  }
  if (peek().kind !== "end") fail(`Expecting either 'OR' or 'AND' but got '${peek().text}'.`, peek());
  return { where, orderBy };
}

function isOrderBy(tokens: readonly Token[], position: number): boolean {
  return tokens[position]?.text.toLowerCase() === "order" && tokens[position + 1]?.text.toLowerCase() === "by";
}

function negate(query: Query): Query {
  if (query.kind === "clause") return { ...query, operator: NEGATED[query.operator] };
  return { kind: query.kind === "and" ? "or" : "and", parts: query.parts.map(negate) };
}

function tokenize(jql: string, deployment: Deployment): Token[] {
  const tokens: Token[] = [];
  const pattern =
    /\s+|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(<=|>=|!=|!~|&&|\|\||[=<>~!(),])|((?:[^\s"'=<>~!(),[]|\[[^\]]*\])+)/gsy;
  while (pattern.lastIndex < jql.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(jql);
    if (match === null)
      return refuse(
        deployment,
        "jqlSyntax",
        `Unexpected character '${jql[at]}' or a quote that is not closed.`,
        at + 1,
      );
    const [, double, single, symbol, word] = match;
    const quoted = double ?? single;
    if (quoted !== undefined) tokens.push({ kind: "string", text: unquote({ text: quoted, at, deployment }), at });
    else if (symbol !== undefined) tokens.push(symbolToken(symbol, at));
    else if (word !== undefined) {
      const reserved = RESERVED.exec(word);
      if (reserved !== null) {
        const message = `The character '${reserved[0]}' is a reserved JQL character. You must enclose it in a string or use an escape.`;
        return refuse(deployment, "jqlSyntax", message, at + reserved.index + 1);
      }
      tokens.push({ kind: "word", text: word, at });
    }
  }
  return tokens;
}

function symbolToken(symbol: string, at: number): Token {
  if (symbol === "&&") return { kind: "word", text: "and", at };
  if (symbol === "||") return { kind: "word", text: "or", at };
  return { kind: "symbol", text: symbol, at };
}

const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", "\\": "\\", '"': '"', "'": "'", " ": " " };

function unquote(options: { text: string; at: number; deployment: Deployment }): string {
  const { text, at, deployment } = options;
  return text.replace(/\\(u[0-9a-fA-F]{4}|.)/gs, (whole, escaped: string) => {
    if (escaped.length === 5) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    const character = ESCAPES[escaped];
    if (character === undefined)
      return refuse(deployment, "jqlSyntax", `'${whole}' is an illegal JQL escape sequence.`, at + 1);
    return character;
  });
}
