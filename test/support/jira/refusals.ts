/**
 * What the double refuses on its own, because Atlassian's OpenAPI documents let it through. Texts are those of JIRA.md 2.1 to 2.3
 * where it quotes one ("seen"); the others follow the wording of the same Jira code ("worded"). `{0}` and `{1}` are filled in.
 * A `field` puts the text under `errors`, otherwise it is an error message; "*" is the field at fault.
 */
interface Row {
  status: number;
  datacenter?: number;
  field?: string;
  text: string;
  source: "seen" | "worded";
}

const NOT_ON_SCREEN = "Field '{0}' cannot be set. It is not on the appropriate screen, or unknown.";
const TOO_LONG = "The entered text is too long. It exceeds the allowed limit of {0} characters.";
const NOT_ADF = "Operation value must be an Atlassian Document (see the Atlassian Document Format)";

const table = {
  projectMissing: { status: 400, field: "project", text: "project is required", source: "worded" },
  projectUnknown: { status: 400, field: "project", text: "valid project is required", source: "worded" },
  issueTypeMissing: { status: 400, field: "issuetype", text: "issue type is required", source: "worded" },
  issueTypeUnknown: { status: 400, field: "issuetype", text: "Specify a valid issue type", source: "worded" },
  summaryMissing: { status: 400, field: "summary", text: "You must specify a summary of the issue.", source: "seen" },
  summaryNewline: {
    status: 400,
    field: "summary",
    text: "The summary is invalid because it contains newline characters.",
    source: "seen",
  },
  summaryTooLong: { status: 400, field: "summary", text: "Summary must be less than 255 characters.", source: "seen" },
  notAString: { status: 400, field: "*", text: "Operation value must be a string", source: "worded" },
  labelSpaces: {
    status: 400,
    field: "labels",
    text: "The label '{0}' contains spaces which is invalid.",
    source: "seen",
  },
  labelTooLong: {
    status: 400,
    field: "labels",
    text: "The label '{0}' exceeds the maximum length of 255 characters.",
    source: "worded",
  },
  labelNotString: { status: 400, field: "labels", text: "Label must be a non-empty string.", source: "worded" },
  notAnArray: { status: 400, field: "*", text: "data was not an array", source: "worded" },
  textTooLong: { status: 400, field: "*", text: TOO_LONG, source: "seen" },
  adfString: { status: 400, field: "*", text: NOT_ADF, source: "seen" },
  adfMalformed: { status: 400, field: "*", text: `${NOT_ADF}: INVALID_INPUT {1}`, source: "worded" },
  adfOnDataCenter: { status: 400, field: "*", text: "Operation value must be a string", source: "worded" },
  fieldNotOnScreen: { status: 400, field: "*", text: NOT_ON_SCREEN, source: "seen" },
  fieldRequired: { status: 400, field: "*", text: "{0} is required.", source: "worded" },
  fieldTwice: {
    status: 400,
    field: "*",
    text: "Field '{0}' is in both 'fields' and 'update'; a field may be in one only.",
    source: "worded",
  },
  operationUnknown: { status: 400, field: "*", text: "Field does not support update '{1}'", source: "worded" },
  priorityInvalid: { status: 400, field: "priority", text: "The priority selected is invalid.", source: "worded" },
  componentUnknown: { status: 400, field: "components", text: "Component {0} is not valid", source: "worded" },
  optionUnknown: { status: 400, field: "*", text: "Option '{1}' is not valid", source: "worded" },
  valueInvalid: { status: 400, field: "*", text: "Specify a valid value for {0}", source: "worded" },
  userUnknown: { status: 400, field: "*", text: "User '{1}' does not exist.", source: "worded" },
  userNotAssignable: {
    status: 400,
    field: "assignee",
    text: "User '{1}' cannot be assigned issues.",
    source: "worded",
  },
  nothingToEdit: { status: 400, text: "one of 'fields' or 'update' required", source: "worded" },
  notEditable: {
    status: 400,
    text: "You do not have permission to edit issues in this project.",
    source: "worded",
  },
  transitionMissing: { status: 400, text: "Missing 'transition' identifier", source: "worded" },
  transitionUnknown: {
    status: 400,
    datacenter: 500,
    text: "Transition id '{0}' is not valid for this issue.",
    source: "worded",
  },
  transitionUnavailable: {
    status: 400,
    text: "Transition id '{0}' is not valid for this issue in its current status.",
    source: "worded",
  },
  resolutionRequired: { status: 400, field: "resolution", text: "Resolution is required.", source: "worded" },
  resolutionUnknown: {
    status: 400,
    field: "resolution",
    text: "Specify a valid 'id' or 'name' for resolution",
    source: "worded",
  },
  propertyKeyLength: {
    status: 400,
    text: "The property key must have 1 to 255 characters.",
    source: "worded",
  },
  propertyTooLong: {
    status: 400,
    text: "The property value cannot be longer than 32768 characters.",
    source: "worded",
  },
  commentEmpty: { status: 400, field: "comment", text: "Comment body can not be empty!", source: "worded" },
  visibilityUnknown: {
    status: 400,
    field: "commentLevel",
    text: "Group or role '{0}' does not exist.",
    source: "worded",
  },
  remoteLinkObject: { status: 400, field: "object", text: "'object' is required.", source: "worded" },
  remoteLinkTitle: { status: 400, field: "title", text: "'title' is required.", source: "worded" },
  remoteLinkUrl: {
    status: 400,
    field: "url",
    text: "'url' is required to be a valid http or https URL.",
    source: "worded",
  },
  globalIdTooLong: {
    status: 400,
    field: "globalId",
    text: "'globalId' cannot be longer than 255 characters.",
    source: "worded",
  },
  xsrf: { status: 403, text: "XSRF check failed", source: "seen" },
  attachmentPart: {
    status: 400,
    datacenter: 500,
    text: "No multipart part named 'file' with a file name was found.",
    source: "worded",
  },
  attachmentTooBig: {
    status: 413,
    text: "The file '{0}' exceeds its maximum permitted size of {1} bytes.",
    source: "worded",
  },
  attachmentsTooMany: { status: 413, text: "At most 60 files can be attached by one request.", source: "worded" },
  linkTypeUnknown: { status: 404, text: "No issue link type with name '{0}' found.", source: "worded" },
  linkToItself: { status: 400, text: "You cannot link an issue to itself.", source: "worded" },
  jqlUnbounded: {
    status: 400,
    text: "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.",
    source: "worded",
  },
  jqlSyntax: { status: 400, text: "Error in the JQL Query: {0} (line 1, character {1})", source: "worded" },
  jqlField: {
    status: 400,
    text: "Field '{0}' does not exist or you do not have permission to view it.",
    source: "worded",
  },
  jqlFunction: { status: 400, text: "Unable to find JQL function '{0}'.", source: "worded" },
  jqlOperator: { status: 400, text: "The operator '{0}' is not supported by the '{1}' field.", source: "worded" },
  jqlValue: { status: 400, text: "The value '{0}' does not exist for the field '{1}'.", source: "worded" },
  jqlDate: {
    status: 400,
    text: "Date value '{0}' for field '{1}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.",
    source: "worded",
  },
  jqlOrder: { status: 400, text: "Not able to sort using field '{0}'.", source: "worded" },
  maxResults: { status: 400, text: "'maxResults' must be between {0} and {1}.", source: "worded" },
  startAt: { status: 400, text: "'startAt' must not be negative.", source: "worded" },
  reconcileTooMany: { status: 400, text: "'reconcileIssues' takes at most 50 issue ids.", source: "worded" },
  searchPropertiesTooMany: { status: 400, text: "'properties' takes at most 5 keys.", source: "worded" },
  pageToken: { status: 400, text: "The provided nextPageToken is invalid or has expired.", source: "worded" },
  bulkFetchTooMany: { status: 400, text: "'issueIdsOrKeys' takes 1 to 100 issues.", source: "worded" },
  unicode: { status: 400, text: "The request contains a lone surrogate, which no Unicode text has.", source: "worded" },
} satisfies Record<string, Row>;

export type RefusalId = keyof typeof table;
export const REFUSALS: Readonly<Record<RefusalId, Row>> = table;
