import type { Call, Reply, Route } from "../operation.ts";
import { requirePermission } from "../permissions.ts";
import type { AttachmentRecord, IssueRecord } from "../record.ts";
import { notFound, refuse } from "../refusal.ts";
import { renderAttachment } from "../render.ts";
import type { Site } from "../site.ts";
import { target } from "./issue.ts";
import { actor } from "./query.ts";

const MOST_FILES = 60;

export function attachmentRoutes(site: Site): Route[] {
  const one = "/attachment/{id}";
  const content: Route = {
    operation: "getAttachmentContent",
    method: "get",
    path: "/attachment/content/{id}",
    handler: (call) => getContent(site, call),
  };
  return [
    // Data Center serves content outside its REST API: /secure/attachment/<id>/<name>, see special-paths.ts.
    ...(site.cloud ? [content] : []),
    {
      operation: "addAttachment",
      method: "post",
      path: "/issue/{issueIdOrKey}/attachments",
      handler: (call) => addAttachment(site, call),
    },
    {
      operation: "getAttachmentMeta",
      method: "get",
      path: "/attachment/meta",
      handler: () => ({ status: 200, body: { enabled: true, uploadLimit: site.attachmentLimit } }),
    },
    { operation: "getAttachment", method: "get", path: one, handler: (call) => getAttachment(site, call) },
    { operation: "deleteAttachment", method: "delete", path: one, handler: (call) => deleteAttachment(site, call) },
  ];
}

function addAttachment(site: Site, call: Call): Reply {
  // "nocheck", which jira-client sends, was deprecated long ago; both documents ask for "no-check".
  if (call.headers["x-atlassian-token"] !== "no-check") refuse(site.deployment, "xsrf");
  const issue = target(site, call);
  requirePermission(site.projectOf(issue), "CREATE_ATTACHMENTS");
  const files = call.parts.filter(({ name, filename }) => name === "file" && filename !== undefined && filename !== "");
  if (files.length === 0 || files.length < call.parts.length) refuse(site.deployment, "attachmentPart");
  if (files.length > MOST_FILES) refuse(site.deployment, "attachmentsTooMany");
  for (const { filename = "", content } of files) {
    if (content.length > site.attachmentLimit)
      refuse(site.deployment, "attachmentTooBig", filename, site.attachmentLimit);
  }
  const added = files.map(({ filename = "", contentType, content }): AttachmentRecord => {
    const id = String(site.next("attachment"));
    site.files.set(id, content);
    return { id, author: actor(call), filename, contentType, size: content.length, created: site.clock() };
  });
  site.commit({
    issue,
    operation: "addAttachment",
    actor: actor(call),
    change: added.map(({ filename, size }) => ({ filename, size })),
    apply: () => issue.attachments.push(...added),
  });
  return { status: 200, body: added.map((attachment) => renderAttachment(site, attachment)) };
}

function findAttachment(site: Site, call: Call): { issue: IssueRecord; attachment: AttachmentRecord } {
  for (const issue of site.issues.values()) {
    const attachment = issue.attachments.find(({ id }) => id === call.params["id"]);
    if (attachment !== undefined) return { issue, attachment };
  }
  throw notFound(`The attachment with id '${call.params["id"]}' does not exist`);
}

/** Cloud's metadata has a numeric id, unlike the attachment in an issue. */
function getAttachment(site: Site, call: Call): Reply {
  const rendered = renderAttachment(site, findAttachment(site, call).attachment);
  return { status: 200, body: site.cloud ? { ...rendered, id: Number(rendered["id"]) } : rendered };
}

export function getContent(site: Site, call: Call): Reply {
  const { attachment } = findAttachment(site, call);
  if (site.cloud && call.query.get("redirect") !== "false") {
    return { status: 303, headers: { location: `${site.api}/attachment/content/${attachment.id}?redirect=false` } };
  }
  const content = site.files.get(attachment.id) ?? Buffer.alloc(0);
  return { status: 200, bytes: { content, contentType: attachment.contentType } };
}

function deleteAttachment(site: Site, call: Call): Reply {
  const { issue, attachment } = findAttachment(site, call);
  const apply = () => {
    issue.attachments = issue.attachments.filter((one) => one !== attachment);
  };
  site.commit({
    issue,
    operation: "deleteAttachment",
    actor: actor(call),
    change: { filename: attachment.filename },
    apply,
  });
  return { status: 204 };
}
