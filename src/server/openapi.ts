import { z } from "zod";
import { type Route, route } from "./route.ts";
import { receiverPath, takenOutcomes, type WebhookReceiver } from "./webhooks/receiver.ts";

const version = "3.1.1";

/** Every error's body. */
const faultView = z.object({
  code: z.string().meta({ description: "A stable word." }),
  message: z.string().meta({ description: "One sentence for people." }),
  details: z.record(z.string(), z.unknown()).meta({ description: "Facts; for `invalid_request` the list `faults`." }),
});

/** How every webhook is answered when it was taken in. */
const deliveryView = z.object({
  outcome: z.enum(takenOutcomes).meta({ description: "`ignored`: there is nothing in it that we look at." }),
  note: z.string().meta({ description: "One sentence, where the outcome alone does not say it." }).optional(),
});

const faultText: Readonly<Record<number, string>> = {
  304: "Not changed since the ETag that was sent.",
  400: "The request is not as documented.",
  401: "No known token.",
  403: "The token's role may not, or the page that asks is of another site.",
  404: "There is no such thing.",
  409: "It is not in the state this needs.",
  413: "The body is larger than 256 kB.",
  415: "The body is not JSON in UTF-8, or its type says so.",
  422: "A rule is faulty.",
  429: "Too many requests, or a limit was reached.",
  500: "A fault of ours.",
  502: "An outside system refused.",
  503: "Something needed cannot be reached now.",
  504: "An outside system may or may not have done it.",
};

/** The route that answers the document of all routes, itself among them. */
export function documentRoute(
  others: readonly Route[],
  webhooks: readonly WebhookReceiver[],
  publicUrl: string | undefined,
): Route {
  let document: Record<string, unknown> | undefined;
  const own: Route = route({
    method: "get",
    path: "/api/v1/openapi.json",
    operation: "openapi",
    summary: "This document.",
    access: "viewer",
    answer: { kind: "json", name: "OpenApiDocument", schema: z.record(z.string(), z.unknown()) },
    handle: async () => {
      document ??= openApiDocument([...others, own], webhooks, publicUrl);
      return document;
    },
  });
  return own;
}

/** OpenAPI 3.1 from the routes and their zod schemas, which also check requests: one source. */
export function openApiDocument(
  routes: readonly Route[],
  webhooks: readonly WebhookReceiver[],
  publicUrl: string | undefined,
): Record<string, unknown> {
  const schemas = z.registry<{ id: string }>();
  schemas.add(faultView, { id: "Fault" });
  for (const { answer } of routes) if (answer.kind === "json") schemas.add(answer.schema, { id: answer.name });
  if (webhooks.length > 0) schemas.add(deliveryView, { id: "Delivery" });
  const paths: Record<string, Record<string, unknown>> = {};
  for (const described of routes) {
    paths[described.path] = { ...paths[described.path], [described.method]: operation(described) };
  }
  for (const receiver of webhooks) paths[receiverPath(receiver)] = { post: webhookOperation(receiver) };
  return {
    openapi: version,
    info: {
      title: "Backfeed",
      version: "1",
      description: "Findings, their tickets, and the rules that made them. Times are milliseconds since 1970, UTC.",
    },
    ...(publicUrl === undefined ? {} : { servers: [{ url: publicUrl }] }),
    paths,
    components: {
      schemas: componentSchemas(schemas),
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "A configured token; its role decides." },
      },
    },
  };
}

function operation(described: Route): Record<string, unknown> {
  const { access, body, answer } = described;
  const statuses = new Set([400, ...described.faults, 403, 429, 500, 503]);
  if (access !== "open") statuses.add(401);
  if (body !== undefined) for (const status of [413, 415]) statuses.add(status);
  const faults = [...statuses].sort((a, b) => a - b).map((status) => [status, faultResponse(status)]);
  return {
    operationId: described.operation,
    summary: described.summary,
    ...(access === "open" ? { security: [] } : { security: [{ token: [] }], "x-role": access }),
    parameters: [...parameters("path", described.params), ...parameters("query", described.query)],
    ...(body === undefined ? {} : { requestBody: requestBody(body) }),
    responses: { 200: { description: "Done.", content: content(answer) }, ...Object.fromEntries(faults) },
  };
}

/** Its body is the sender's own: it is verified as bytes and read leniently. */
function webhookOperation(receiver: WebhookReceiver): Record<string, unknown> {
  const { operation: operationId, summary, proof, maxBodyBytes } = receiver;
  const faults: Readonly<Record<number, string>> = {
    400: "The body cannot be read.",
    401: "It shows no known secret and is not signed with one.",
    404: "Nothing is configured that could send this.",
    413: `The body is larger than ${Math.floor(maxBodyBytes / 1_024)} kB.`,
    415: "The body is encoded.",
    429: "Too many deliveries in this minute; `Retry-After` says when to come again.",
    503: "It cannot be stored now; `Retry-After` says when to come again.",
  };
  return {
    operationId,
    summary,
    description: proof,
    security: [],
    parameters: Object.entries(receiver.parameters).map(([name, description]) => ({
      name,
      in: "query",
      required: false,
      description,
      schema: { type: "string" },
    })),
    requestBody: { required: true, content: json({ type: "object" }) },
    responses: {
      200: { description: "Taken in: it need not be sent again.", content: json(reference("Delivery")) },
      ...Object.fromEntries(
        Object.entries(faults).map(([status, description]) => [
          status,
          { description, content: json(reference("Fault")) },
        ]),
      ),
    },
  };
}

function faultResponse(status: number): Record<string, unknown> {
  const description = faultText[status] ?? "A fault.";
  return status === 304 ? { description } : { description, content: json(reference("Fault")) };
}

function content(answer: Route["answer"]): Record<string, unknown> {
  if (answer.kind === "json") return json(reference(answer.name));
  return Object.fromEntries(answer.contentTypes.map((type) => [type, {}]));
}

function requestBody(body: z.ZodObject): Record<string, unknown> {
  return { required: Object.keys(body.shape).length > 0, content: json(inline(body)) };
}

function parameters(place: "path" | "query", schema: z.ZodObject): Record<string, unknown>[] {
  return Object.entries(schema.shape).map(([name, member]) => ({
    name,
    in: place,
    required: !z.safeParse(member, undefined).success,
    schema: inline(member),
  }));
}

function inline(schema: z.core.$ZodType): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "output" });
  return rest;
}

function componentSchemas(registry: z.core.$ZodRegistry<{ id: string }>): Record<string, unknown> {
  const { schemas } = z.toJSONSchema(registry, { io: "output", uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _schema, $id: _id, ...schema }]) => [id, schema]),
  );
}

function json(schema: Record<string, unknown>): Record<string, unknown> {
  return { "application/json": { schema } };
}

function reference(name: string): Record<string, unknown> {
  return { $ref: `#/components/schemas/${name}` };
}
