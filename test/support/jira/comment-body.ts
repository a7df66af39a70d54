import { adfText, isObject } from "./adf.ts";
import { readText } from "./field-values.ts";
import { Complaints, refuse } from "./refusal.ts";
import type { Site } from "./site.ts";

/** A comment's text: ADF or markup, not empty, within the limit. */
export function readCommentBody(site: Site, body: unknown): unknown {
  const isEmptyDocument = site.cloud && isObject(body) && body["type"] === "doc" && adfText(body).trim() === "";
  if (body === undefined || body === null || body === "" || isEmptyDocument) refuse(site.deployment, "commentEmpty");
  const complaints = new Complaints(site.deployment);
  const text = readText({ site, field: "comment", value: body, complaints });
  complaints.throwIfAny();
  return text;
}
