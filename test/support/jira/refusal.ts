import type { Deployment } from "./options.ts";
import { REFUSALS, type RefusalId } from "./refusals.ts";

/** A request that Jira answers with an error; `ids` names the rows of `REFUSALS` behind it, empty for plain 404 and the like. */
export class Refusal extends Error {
  readonly status: number;
  readonly errorMessages: readonly string[];
  readonly errors: Readonly<Record<string, string>>;
  readonly ids: readonly RefusalId[];

  constructor(options: {
    status: number;
    errorMessages?: readonly string[];
    errors?: Record<string, string>;
    ids?: readonly RefusalId[];
  }) {
    super([...(options.errorMessages ?? []), ...Object.values(options.errors ?? {})].join("; "));
    this.status = options.status;
    this.errorMessages = options.errorMessages ?? [];
    this.errors = options.errors ?? {};
    this.ids = options.ids ?? [];
  }
}

/** Collects all that is wrong with one request, as Jira does, and throws it as one answer. */
export class Complaints {
  readonly #deployment: Deployment;
  readonly #ids: RefusalId[] = [];
  readonly #errors: Record<string, string> = {};
  readonly #messages: string[] = [];
  #status = 0;

  constructor(deployment: Deployment) {
    this.#deployment = deployment;
  }

  /** `at` is the field at fault, for rows whose field is "*"; it is also the first argument of the text. */
  add(id: RefusalId, at = "", ...more: readonly (string | number)[]): void {
    const row = REFUSALS[id];
    const text = row.text.replace(/\{(\d)\}/g, (_, index) => String([at, ...more][Number(index)] ?? ""));
    const field = row.field === "*" ? at : row.field;
    if (field === undefined) this.#messages.push(text);
    else this.#errors[field] ??= text;
    this.#ids.push(id);
    const status = this.#deployment === "datacenter" ? (row.datacenter ?? row.status) : row.status;
    this.#status = Math.max(this.#status, status);
  }

  throwIfAny(): void {
    if (this.#status === 0) return;
    throw new Refusal({ status: this.#status, errorMessages: this.#messages, errors: this.#errors, ids: this.#ids });
  }
}

export function refuse(deployment: Deployment, id: RefusalId, at = "", ...more: readonly (string | number)[]): never {
  const complaints = new Complaints(deployment);
  complaints.add(id, at, ...more);
  complaints.throwIfAny();
  throw new Error("unreachable");
}

/** Jira's own 404 for an issue that is absent or hidden. */
export function issueNotFound(): Refusal {
  return new Refusal({
    status: 404,
    errorMessages: ["Issue does not exist or you do not have permission to see it."],
  });
}

export function notFound(message: string): Refusal {
  return new Refusal({ status: 404, errorMessages: [message] });
}
