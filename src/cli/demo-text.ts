import Table from "cli-table3";
import { createColors } from "picocolors";
import type { PreparedDemo } from "../app/demo/prepare.ts";
import type { DemoReport, DemoTicket, DemoUnfiled } from "../app/demo/report.ts";
import type { DecisionReason } from "../model/decision.ts";
import type { Band } from "../model/priority.ts";
import { cleanText } from "../support/clean-text.ts";
import { formatDuration } from "../support/duration.ts";
import { plural } from "./print-faults.ts";

/** How the demo's texts are to look. */
export interface Look {
  readonly colours: boolean;
  /** Columns of a line. */
  readonly width: number;
}

const widest = 140;
/** Under this many columns a table is all line breaks: then each ticket is a paragraph. */
const narrowestTable = 76;
const columns = { key: 9, priority: 12, state: 12, filed: 12 } as const;

/** `2026-01-05 10:00 UTC` */
export function minuteText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** What is replayed, from when to when. */
export function demoHeader({ events, from, endsAt }: PreparedDemo, look: Look): string {
  const paint = createColors(look.colours);
  const what = `${count(events)} real events of a web server's access log, of NGINX's own counters and of one latency metric, moved in time so that they end now, run through ${formatDuration(endsAt - from)} of ticks by the same code that runs in production.`;
  const span = `From ${minuteText(from)} to ${minuteText(endsAt)}.`;
  return `\n${paint.bold("Backfeed demo")}\n${wrap(what, look)}\n${wrap(span, look)}\n\n`;
}

/** The tickets, and why there are no others. */
export function demoReport(report: DemoReport, look: Look): string {
  const paint = createColors(look.colours);
  const { tickets } = report;
  const open = tickets.filter(({ state }) => state === "open").length;
  const title = paint.bold(`${plural(tickets.length, "ticket")} filed, ${open} of them still open`);
  const list = look.width < narrowestTable ? ticketList(tickets, look) : ticketTable(tickets, look);
  return `${title}\n${list}\n\n${unfiledText(report, look)}\n`;
}

/** Where to look, and how to stop. */
export function demoWhereToLook(
  shown: { readonly prepared: PreparedDemo; readonly report: DemoReport; readonly port: number },
  look: Look,
): string {
  const paint = createColors(look.colours);
  const { takenPort, loaded } = shown.prepared;
  const address = `http://${loaded.config.server.host}:${shown.port}`;
  const lines: string[] = [];
  if (takenPort !== undefined) {
    lines.push(wrap(`Port ${takenPort} is taken by another program, so the demo listens on ${shown.port}.`, look));
  }
  lines.push(`${paint.bold("Open")}   ${paint.cyan(address)}`);
  const { worthOpening } = shown.report;
  if (worthOpening !== undefined) {
    lines.push(`       ${paint.cyan(`${address}/findings/${worthOpening.findingId}`)}`);
    lines.push(`       ${line(worthOpening.title, Math.max(20, look.width - 7))}`);
  }
  lines.push(`${paint.bold("Stop")}   Ctrl-C; all it wrote is in var/demo and is made anew by the next start`);
  return `${lines.join("\n")}\n`;
}

function ticketTable(tickets: readonly DemoTicket[], look: Look): string {
  const paint = createColors(look.colours);
  const used = Object.values(columns).reduce((sum, width) => sum + width, 0);
  const rest = Math.min(look.width, widest) - used - Object.keys(columns).length - 2;
  const table = new Table({
    head: ["Ticket", "Priority", "What, and why it has this priority", "State", "Filed (UTC)"],
    colWidths: [columns.key, columns.priority, rest, columns.state, columns.filed],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  for (const ticket of tickets) {
    const [day = "", time = ""] = minuteText(ticket.filedAt).split(" ");
    table.push([
      ticket.key,
      bandText(ticket, look),
      `${paint.bold(line(ticket.title, 200))}\n${paint.dim(why(ticket))}`,
      stateText(ticket).replace(", ", "\n"),
      `${day}\n${time}`,
    ]);
  }
  return table.toString();
}

function ticketList(tickets: readonly DemoTicket[], look: Look): string {
  const paint = createColors(look.colours);
  const one = (ticket: DemoTicket) =>
    [
      `${ticket.key}  ${bandText(ticket, look)}  ${stateText(ticket)}`,
      paint.bold(wrap(line(ticket.title, 200), look)),
      wrap(why(ticket), look),
      `filed ${minuteText(ticket.filedAt)}`,
    ].join("\n");
  return tickets.map(one).join("\n\n");
}

/** The line on the ticket without the score and band, which stand beside it. */
function why({ why: written }: DemoTicket): string {
  const text = line(written, 600);
  return text.slice(text.indexOf(": ") + 2);
}

function bandText({ band, score }: DemoTicket, { colours }: Look): string {
  const paint = createColors(colours);
  const painted: Readonly<Record<Band, string>> = {
    Highest: paint.red(paint.bold(band)),
    High: paint.red(band),
    Medium: paint.yellow(band),
    Low: paint.cyan(band),
    None: band,
  };
  return `${painted[band]} ${score}`;
}

function stateText({ state, episodes }: DemoTicket): string {
  return episodes === 1 ? state : `${state}, ${plural(episodes, "episode")}`;
}

/** Reasons that a replay of the sample gives, in the order of how much they keep out; others follow as they are. */
const explained: Partial<Record<DecisionReason, string>> = {
  pending: "bad, but not for as long as `for` asks",
  below_score: "bad, but worth no ticket: the score is under the lowest band, and only the page shows it",
  over_cap: "waits: the limit of new tickets is reached",
  grouped: "told by the ticket of a worse alert beside it",
  unchanged: "the ticket says so already",
};

function unfiledText({ evaluations, fine, unfiled }: DemoReport, look: Look): string {
  const paint = createColors(look.colours);
  const order = Object.keys(explained);
  const place = ({ reason }: DemoUnfiled) => (order.includes(reason) ? order.indexOf(reason) : order.length);
  const lines = [...unfiled]
    .sort((a, b) => place(a) - place(b))
    .map(({ reason, alerts, times, ruleIds }) => {
      const rules = ruleIds.length > 2 ? plural(ruleIds.length, "rule") : ruleIds.join(", ");
      const said = `${plural(alerts, "alert")}, ${plural(times, "tick")} (${rules}): ${explained[reason] ?? "see its finding"}`;
      return hanging(`  ${reason.replaceAll("_", " ").padEnd(13)}`, said, look);
    });
  const calm = hanging(
    `  ${"calm".padEnd(13)}`,
    `${count(fine)} of ${count(evaluations)} evaluations found nothing wrong`,
    look,
  );
  return `${paint.bold("Why nothing else was filed")}\n${[...lines, calm].join("\n")}\n`;
}

function count(number: number): string {
  return number.toLocaleString("en-US");
}

/** Text of logs may hold anything; a terminal obeys escapes. */
function line(text: string, maxLength: number): string {
  return cleanText(text, { maxLength, singleLine: true });
}

function hanging(head: string, text: string, look: Look): string {
  const width = look.width - head.length;
  return (
    head +
    wrap(text, { ...look, width })
      .split("\n")
      .join(`\n${" ".repeat(head.length)}`)
  );
}

/** Breaks between words. */
function wrap(text: string, { width }: Look): string {
  const most = Math.max(20, Math.min(width, widest));
  const lines: string[] = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1) ?? "";
    if (last === "") lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join("\n");
}
