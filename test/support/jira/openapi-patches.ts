import { isObject } from "./adf.ts";
import type { OpenApiDocument } from "./openapi-document.ts";
import type { Deployment } from "./options.ts";

type Json = Record<string, unknown>;

const ANY = {};
const OBJECT = { type: "object" };
const ERROR = {
  type: "object",
  additionalProperties: false,
  required: ["errorMessages", "errors"],
  properties: {
    errorMessages: { type: "array", items: { type: "string" } },
    errors: { type: "object", additionalProperties: { type: "string" } },
    status: { type: "integer" },
  },
};

/** Repairs what is wrong in Atlassian's documents (JIRA.md 3.1), and gives the repaired schemas. */
export function patch(document: OpenApiDocument, schemas: Json, deployment: Deployment): Json {
  for (const item of Object.values(document.paths)) {
    for (const operation of Object.values(item) as Json[]) patchOperation(operation);
  }
  if (deployment === "cloud") patchCloud(document);
  return deployment === "cloud" ? schemas : patchDataCenter(document, schemas);
}

function patchOperation(operation: Json): void {
  const responses = operation["responses"] as Json;
  // Few errors are documented, 429 nowhere; their body is the same error collection all over Jira.
  for (const status of Object.keys(responses)) if (status >= "400") delete responses[status];
  for (const status of ["4XX", "5XX"]) {
    responses[status] = { description: "error", content: { "application/json": { schema: ERROR } } };
  }
  for (const response of Object.values(responses) as Json[]) response["description"] ??= "";
  // Jira reads both "a,b" and repeated parameters, which OpenAPI would call reserved characters.
  for (const parameter of (operation["parameters"] ?? []) as Json[])
    if (parameter["in"] === "query") parameter["allowReserved"] = true;
}

const operationOf = (document: OpenApiDocument, method: string, path: string): Json | undefined =>
  document.paths[path]?.[method];

function setBody(operation: Json | undefined, type: string, schema: Json): void {
  if (operation !== undefined) operation["requestBody"] = { required: true, content: { [type]: { schema } } };
}

function setAnswer(operation: Json | undefined, status: string, schema: Json): void {
  const responses = operation?.["responses"] as Json | undefined;
  if (responses !== undefined) responses[status] = { description: "", content: { "application/json": { schema } } };
}

function addQuery(operation: Json | undefined, name: string): void {
  const parameters = operation?.["parameters"] as Json[] | undefined;
  parameters?.push({ name, in: "query", allowReserved: true, schema: { type: "string" } });
}

/** Multipart is declared as an array of Java beans; several empty answers as JSON of any kind. */
function patchCloud(document: OpenApiDocument): void {
  setBody(operationOf(document, "post", "/rest/api/3/issue/{issueIdOrKey}/attachments"), "multipart/form-data", OBJECT);
}

const reference = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });
const listOf = (name: string): Json => ({ type: "array", items: reference(name) });
const pageOf = (name: string): Json => ({
  type: "object",
  required: ["values", "startAt", "maxResults", "total", "isLast"],
  properties: {
    values: listOf(name),
    startAt: { type: "integer" },
    maxResults: { type: "integer" },
    total: { type: "integer" },
    isLast: { type: "boolean" },
  },
});

/** Lists declared as their item, values declared as object or string that are anything, and parameters that are served but not listed. */
function patchDataCenter(document: OpenApiDocument, schemas: Json): Json {
  const base = "/rest/api/2";
  const issue = `${base}/issue/{issueIdOrKey}`;
  const types = `${base}/issue/createmeta/{projectIdOrKey}/issuetypes`;
  setBody(operationOf(document, "post", `${issue}/attachments`), "multipart/form-data", OBJECT);
  setBody(operationOf(document, "put", `${issue}/properties/{propertyKey}`), "application/json", ANY);
  setAnswer(operationOf(document, "post", `${issue}/attachments`), "200", listOf("AttachmentJsonBean"));
  setAnswer(operationOf(document, "get", `${base}/field`), "200", listOf("FieldBean"));
  setAnswer(operationOf(document, "get", `${base}/priority`), "200", listOf("PriorityJsonBean"));
  setAnswer(operationOf(document, "get", `${base}/resolution`), "200", listOf("ResolutionJsonBean"));
  setAnswer(operationOf(document, "get", `${base}/status`), "200", listOf("StatusJsonBean"));
  setAnswer(operationOf(document, "get", `${base}/user/assignable/search`), "200", listOf("UserBean"));
  setAnswer(operationOf(document, "get", types), "200", pageOf("CreateMetaIssueTypeBean"));
  setAnswer(operationOf(document, "get", `${types}/{issueTypeId}`), "200", pageOf("FieldMetaBean"));
  const links = { oneOf: [listOf("RemoteIssueLinkBean"), reference("RemoteIssueLinkBean")] };
  setAnswer(operationOf(document, "get", `${issue}/remotelink`), "200", links);
  addQuery(operationOf(document, "get", `${issue}/transitions`), "expand");
  addQuery(operationOf(document, "get", `${base}/mypermissions`), "permissions");

  const repaired = structuredClone(schemas);
  const loosen = (name: string, property: string, schema: Json) => {
    const properties = (repaired[name] as { properties?: Json } | undefined)?.properties;
    if (properties !== undefined && Object.hasOwn(properties, property)) properties[property] = schema;
  };
  const anything = { type: "object", additionalProperties: ANY };
  loosen("IssueUpdateBean", "fields", anything);
  loosen("IssueUpdateBean", "update", { type: "object", additionalProperties: { type: "array", items: OBJECT } });
  for (const property of ["fields", "renderedFields", "versionedRepresentations", "properties"])
    loosen("IssueBean", property, anything);
  loosen("EntityPropertyBean", "value", ANY);
  loosen("FieldMetaBean", "defaultValue", ANY);
  loosen("FieldMetaBean", "allowedValues", { type: "array", items: ANY });
  if (isObject(repaired["RemoteIssueLinkBean"]))
    repaired["RemoteIssueLinkBean"] = { type: "object", required: ["id", "self"] };
  return repaired;
}
