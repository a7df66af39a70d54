import { named } from "../words.ts";
import { type Settings, texts, truth } from "./settings.ts";

/** Settings that ask for nothing here, and why; every key that a rule has and that is in none of these is told as not known. */
const without: readonly { readonly keys: RegExp; readonly words: string }[] = [
  {
    keys: /^(realert|realert_key|exponential_realert|aggregation|aggregation_key|aggregate_by_match_time|summary_(table_\w+|prefix|suffix))$/,
    words: "not needed: a problem has one ticket, which goes on telling the same one",
  },
  {
    keys: /^(use_count_query|use_terms_query|terms_size|doc_type|max_query_size|max_scrolling(_count)?|max_threads|num_threads|scan_entire_timeframe|_source_enabled|scroll_keepalive|buffer_time|run_every|misfire_grace_time|include_match_in_root|include_rule_params_in_\w+|search_extra_index|use_keyword_postfix)$/,
    words: "not needed: documents are counted by Elasticsearch, never fetched for it",
  },
  {
    keys: /^(es_\w+|use_ssl|verify_certs|ssl_show_warn|client_cert|client_key|ca_certs|aws_region|profile|boto_profile|statsd_\w+|disable_rules_on_error)$/,
    words: "the source of the service configuration says how it is reached; no credentials are read",
  },
  { keys: /^query_delay$/, words: "write it as `delay` of the source" },
  {
    keys: /^(alert_text\w*|alert_missing_value|use_local_time|custom_pretty_ts_format|metric_format_string|percentage_format_string|replace_dots_in_field_names|top_count_\w+|raw_count_keys|attach_related|alert_subject_max_len|timestamp_format\w*|timestamp_to_datetime_format_expr|query_timezone|category|priority|notify_email)$/,
    words:
      "the ticket shows what was measured, samples and charts; what else it should say goes into `why` and `evidence`",
  },
  {
    keys: /^(generate_)?(shorten_)?(kibana|opensearch)_\w+$|^use_kibana\w*$/,
    words: "write `links` of the service configuration",
  },
];

const alerters =
  "alerta|alertmanager|ses|sns|chatwork|command|pipe|fail_on|datadog|dingtalk|discord|email|smtp|from_addr|cc|bcc|assets|exotel|gitter|gelf|googlechat|http_post|http_post2|indexer|iris|lark|line(notify)?|linenotify|matrixhookshot|mattermost|ms_teams|ms_power_automate|opsgenie|pagerduty|pagertree|rocket_chat|servicenow|slack|smseagle|sns|stomp|telegram|tencent_sms|thehive|hive|twilio|victorops|vonage|webex|workwechat|yzj|zbx|zabbix|opensearch";
const ofAlerter = new RegExp(`^(${alerters})(_|$)`);

/** What is left of a rule when everything that maps was taken: each is told, once for all of a kind. */
export function sayRest(settings: Settings): void {
  const { notes } = settings;
  sayPython(settings);
  sayAlerters(settings);
  for (const { keys, words } of without) {
    const taken = settings.takeAll((key) => keys.test(key));
    if (taken[0] !== undefined) notes.differs([taken[0]], `${named(taken)}: ${words}`);
  }
  const others = settings.takeAll((key) => ofAlerter.test(key));
  if (others[0] !== undefined)
    notes.differs(
      [others[0]],
      `${named(others)}: there are tickets, and no other way to tell; webhooks of the tracker can tell more`,
    );
  const unknown = settings.takeAll(() => true);
  if (unknown[0] !== undefined) notes.differs([unknown[0]], `${named(unknown)}: not known, and left out`);
}

/** Code of others is never run; a rule without it may say more than it did, which is told. */
function sayPython(settings: Settings): void {
  const enhancements = settings.take("match_enhancements", texts, "a list");
  settings.takeAll((key) => key === "run_enhancements_first");
  if (enhancements !== undefined && enhancements.length > 0) {
    settings.notes.refusePart(
      ["match_enhancements"],
      `${named(enhancements)}: Python, which is never run. Where it drops matches, this rule has more of them`,
    );
  }
}

function sayAlerters(settings: Settings): void {
  const { notes } = settings;
  const given = settings.raw("alert");
  const written = (Array.isArray(given) ? given : given === undefined || given === null ? [] : [given]).flatMap(
    (each: unknown) => (typeof each === "object" && each !== null ? Object.keys(each) : [String(each)]),
  );
  const modules = written.filter((name) => name.includes("."));
  if (modules.length > 0) notes.refusePart(["alert"], `${named(modules)}: Python, which is never run`);
  const others = written.filter((name) => !name.includes(".") && name !== "jira");
  if (others.length > 0) notes.differs(["alert"], `${named(others)}: a ticket is filed instead`);
  if (written.includes("jira")) notes.exact(["alert"], "a ticket in Jira, where the owner's tracker is one");
}

/** Whether the rule runs. */
export function isEnabled(settings: Settings): boolean {
  return settings.take("is_enabled", truth, "true or false") ?? true;
}
