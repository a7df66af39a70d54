import type { JiraDouble } from "../../../support/jira/start-jira-double.ts";

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the tests read answers of many shapes, which is what they assert on.
  body: any;
  text: string;
}

/** Speaks HTTP to a double, as plainly as can be: what a test says is what is sent. */
export function clientOf(jira: JiraDouble) {
  const { cloud, datacenter } = jira.login;
  const basic = Buffer.from(`${cloud.email}:${cloud.token}`).toString("base64");
  const authorization = jira.deployment === "cloud" ? `Basic ${basic}` : `Bearer ${datacenter.token}`;

  async function send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const api = `${jira.url}/rest/api/${jira.deployment === "cloud" ? 3 : 2}`;
    const isForm = body instanceof FormData;
    const type: Record<string, string> = body === undefined || isForm ? {} : { "content-type": "application/json" };
    const answer = await fetch(path.startsWith("http") ? path : `${api}${path}`, {
      method,
      redirect: "manual",
      headers: { authorization, ...type, ...headers },
      ...(body === undefined ? {} : { body: isForm ? body : typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = /json/.test(answer.headers.get("content-type") ?? "") && text !== "";
    return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : undefined, text };
  }

  return {
    send,
    /** Creates an issue and gives its id and key. */
    async create(
      fields: Record<string, unknown> = {},
      more: Record<string, unknown> = {},
    ): Promise<{ id: string; key: string }> {
      const answer = await send("POST", "/issue", { fields: { ...MINIMAL, ...fields }, ...more });
      if (answer.status !== 201) throw new Error(`create: ${answer.status} ${answer.text}`);
      return answer.body;
    },
    /** The keys a search finds. */
    async search(jql: string, more: Record<string, unknown> = {}): Promise<string[]> {
      const path = jira.deployment === "cloud" ? "/search/jql" : "/search";
      const answer = await send("POST", path, { jql, fields: ["key"], ...more });
      if (answer.status !== 200) throw new Error(`search: ${answer.status} ${answer.text}`);
      return answer.body.issues.map((issue: { key: string }) => issue.key);
    },
  };
}

export const MINIMAL = { project: { key: "OPS" }, issuetype: { name: "Bug" }, summary: "Checkout fails" };

export function doc(...content: unknown[]): Record<string, unknown> {
  return { type: "doc", version: 1, content };
}

export function paragraph(...content: unknown[]): Record<string, unknown> {
  return { type: "paragraph", content };
}

export function text(value: string, ...marks: unknown[]): Record<string, unknown> {
  return { type: "text", text: value, ...(marks.length > 0 ? { marks } : {}) };
}

/** A clock that a test moves. */
export class TestClock {
  now = Date.UTC(2026, 3, 20, 10, 0, 0);
  readonly read = (): number => this.now;
  advance(milliseconds: number): void {
    this.now += milliseconds;
  }
}
