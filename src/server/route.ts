import { z } from "zod";
import type { Access, Caller } from "./auth.ts";
import { RequestFault } from "./faults.ts";

/** What a handler is told: validated input, who asks, and when. */
export interface Call<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly caller: Caller;
  readonly now: number;
  /** Aborts when the server stops. */
  readonly signal: AbortSignal;
}

export interface BytesReply {
  readonly contentType: string;
  readonly bytes: Uint8Array;
  /** Set where a browser should save and never show it. */
  readonly fileName?: string;
}

/** How a route answers; `json` names the schema's component in the OpenAPI document. */
export type AnswerSpec<Value> =
  | { readonly kind: "json"; readonly name: string; readonly schema: z.ZodType<Value> }
  | { readonly kind: "bytes"; readonly contentTypes: readonly string[] };

interface RouteFacts {
  readonly method: "get" | "post";
  /** As OpenAPI writes it: `/api/v1/findings/{id}`. */
  readonly path: string;
  readonly operation: string;
  readonly summary: string;
  readonly access: Access;
  /** Statuses beside 200 and those that every route may give. */
  readonly faults: readonly number[];
}

export interface Route extends RouteFacts {
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  /** Undefined for a GET. */
  readonly body: z.ZodObject | undefined;
  readonly answer: AnswerSpec<unknown>;
  /** Validates, asks the program, and gives the value of a JSON answer or bytes. */
  run(request: RawRequest): Promise<unknown>;
}

interface RawRequest {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly caller: Caller;
  readonly now: number;
  readonly signal: AbortSignal;
}

type Shape = z.ZodRawShape;
type Output<S extends Shape> = z.output<z.ZodObject<S>>;

const nothing: Record<never, never> = {};

/** Makes a route whose handler is typed by its schemas. All are strict: an unknown member is a fault. */
export function route<
  Value,
  P extends Shape = typeof nothing,
  Q extends Shape = typeof nothing,
  B extends Shape = typeof nothing,
>(
  spec: Omit<RouteFacts, "faults"> & {
    faults?: readonly number[];
    params?: P;
    query?: Q;
    body?: B;
    answer: AnswerSpec<Value>;
    handle(call: Call<Output<P>, Output<Q>, Output<B>>): Promise<NoInfer<Value>>;
  },
): Route {
  const params = z.strictObject(spec.params ?? nothing);
  const query = z.strictObject(spec.query ?? nothing);
  const body = spec.method === "post" ? z.strictObject(spec.body ?? nothing) : undefined;
  return {
    method: spec.method,
    path: spec.path,
    operation: spec.operation,
    summary: spec.summary,
    access: spec.access,
    faults: spec.faults ?? [],
    params,
    query,
    body,
    answer: spec.answer,
    run: (raw) => {
      const input = readInput({ params, query, ...(body && { body }) }, raw);
      return spec.handle({
        params: input["params"] as Output<P>,
        query: input["query"] as Output<Q>,
        body: input["body"] as Output<B>,
        caller: raw.caller,
        now: raw.now,
        signal: raw.signal,
      });
    },
  };
}

/** Checks every part and tells all faults at once; values are not repeated in the answer. */
function readInput(schemas: Readonly<Record<string, z.ZodObject>>, raw: RawRequest): Record<string, unknown> {
  const given: Readonly<Record<string, unknown>> = { params: raw.params, query: raw.query, body: raw.body ?? {} };
  const values: Record<string, unknown> = {};
  const faults: { in: string; at: string; message: string }[] = [];
  for (const [part, schema] of Object.entries(schemas)) {
    // Express gives objects without a prototype, which zod takes for no plain object in strict mode.
    const source = given[part];
    const result = schema.safeParse(typeof source === "object" && !Array.isArray(source) ? { ...source } : source);
    if (result.success) values[part] = result.data;
    else faults.push(...result.error.issues.map(({ path, message }) => ({ in: part, at: path.join("."), message })));
  }
  if (faults.length > 0) {
    throw new RequestFault(400, "invalid_request", "the request is not as documented", {
      details: { faults: faults.slice(0, 50) },
    });
  }
  return values;
}
