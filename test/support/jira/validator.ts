import type { RequestHandler } from "express";
import * as OpenApiValidator from "express-openapi-validator";
import { loadSubset, type Subset } from "./openapi-document.ts";
import type { Deployment } from "./options.ts";

export interface Validator {
  middleware: readonly RequestHandler[];
  allPaths: readonly string[];
  /** Whether Atlassian's document (or a patch to it) knows this status for the operation. */
  declares: (method: string, path: string, status: number) => boolean;
}

/** Validators hold no state of a site, and take half a second to build: one serves all doubles of a process. */
const built = new Map<string, Validator>();

export function validatorFor(options: {
  deployment: Deployment;
  operations: readonly string[];
  contextPath: string;
  directory: string | undefined;
}): Validator {
  const { deployment, operations, contextPath, directory } = options;
  const key = JSON.stringify([deployment, contextPath, directory ?? process.env["JIRA_OPENAPI_DIR"]]);
  const known = built.get(key);
  if (known !== undefined) return known;
  const { document, allPaths }: Subset = loadSubset({ deployment, operations, directory });
  document["servers"] = [{ url: contextPath === "" ? "/" : contextPath }];
  const declared = structuredClone(document.paths);
  const middleware = OpenApiValidator.middleware({
    apiSpec: document as unknown as Parameters<typeof OpenApiValidator.middleware>[0]["apiSpec"],
    validateApiSpec: false,
    validateRequests: true,
    validateResponses: true,
    validateSecurity: false,
    fileUploader: false,
  }) as unknown as RequestHandler[];
  const declares = (method: string, path: string, status: number): boolean =>
    Object.hasOwn(declared[path]?.[method.toLowerCase()]?.responses ?? {}, String(status));
  const validator = { middleware, allPaths, declares };
  built.set(key, validator);
  return validator;
}
