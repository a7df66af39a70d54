import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve, sep } from "node:path";
import type { ServiceConfig } from "../../config/types.ts";
import { openSqlStore } from "../../store/sql/open-sql-store.ts";
import { hour, minute } from "../../support/duration.ts";
import { BackfeedError } from "../../support/errors.ts";
import { silentLogger } from "../../support/logging.ts";
import { localAddress } from "../adapters.ts";
import type { LoadedRules } from "../load-rules.ts";
import { shiftSamples } from "./sample.ts";

type Loaded = LoadedRules & { readonly config: ServiceConfig };

/** All the demo writes is here, relative to the project; removed and made anew by each start. */
const demoFolder = "var/demo";
const portsToTry = 20;

/** The step of the demo's rules. The sample ends on one, so that windows fall alike over it whenever it is started. */
export const demoStepMs = 10 * minute;

/** Reaches back over both anomalies of the metric and two of the log's server errors. */
const replayedMs = 55 * hour;

export interface PreparedDemo {
  /** With a port that was free just now, and links in tickets that lead to it. */
  readonly loaded: Loaded;
  /** The first tick. */
  readonly from: number;
  /** The last tick, where the sample ends: the newest step before now. */
  readonly endsAt: number;
  readonly events: number;
  /** The port the configuration names, when it was taken and another is used. */
  readonly takenPort: number | undefined;
}

/**
 * Makes the demo's folder anew, with the sample in it. Throws `conflict` while another demo uses the folder and
 * `configuration` when the configuration keeps anything outside of it, or no port is free.
 */
export async function prepareDemo(options: {
  readonly loaded: Loaded;
  readonly now: number;
  /** False when the demo ends after printing. */
  readonly serve: boolean;
}): Promise<PreparedDemo> {
  const { config } = options.loaded;
  const folder = resolve(config.baseDirectory, demoFolder);
  refuseOtherFolders(config, folder);
  await refuseSecondDemo(config.store.path);
  await rm(folder, { recursive: true, force: true });
  const endsAt = Math.floor(options.now / demoStepMs) * demoStepMs;
  const events = await shiftSamples({
    from: join(config.baseDirectory, "examples"),
    to: join(folder, "data"),
    endsAt,
  });
  const { host, port: wanted } = config.server;
  const port = options.serve ? await freePort(host, wanted) : wanted;
  const server = { ...config.server, port };
  const publicUrl = localAddress({ ...config, server });
  return {
    loaded: { ...options.loaded, config: { ...config, server: { ...server, publicUrl } } },
    from: endsAt - replayedMs,
    endsAt,
    events,
    takenPort: port === wanted ? undefined : wanted,
  };
}

/** The folder is removed: nobody's own state may be in reach of that, nor the sample be looked for elsewhere. */
function refuseOtherFolders({ store, sources }: ServiceConfig, folder: string): void {
  const tables = Object.values(sources).flatMap((source) =>
    source.type === "files" ? Object.values(source.tables) : [],
  );
  for (const path of [store.path, ...tables.map((table) => table.path)]) {
    if (path.startsWith(folder + sep)) continue;
    throw new BackfeedError(
      "configuration",
      `the demo keeps everything in ${demoFolder}, and its configuration names ${path}`,
    );
  }
}

async function refuseSecondDemo(path: string): Promise<void> {
  if (!existsSync(path)) return;
  try {
    const store = await openSqlStore({ url: `sqlite:${path}`, access: "write", logger: silentLogger });
    await store.close();
  } catch (thrown) {
    // Whatever else is wrong with an old state, it is removed anyway.
    if (!(thrown instanceof BackfeedError) || thrown.kind !== "conflict") return;
    throw new BackfeedError("conflict", `another demo is running: stop it first (${thrown.message})`, {
      cause: thrown,
    });
  }
}

/** Port 0 stays: the system then chooses. */
async function freePort(host: string, wanted: number): Promise<number> {
  if (wanted === 0) return 0;
  for (let port = wanted; port < wanted + portsToTry && port <= 65_535; port += 1) {
    if (await isFree(host, port)) return port;
  }
  throw new BackfeedError(
    "configuration",
    `ports ${wanted} to ${wanted + portsToTry - 1} of ${host} are all taken: write another \`listen\` into the demo's configuration`,
  );
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once("error", () => done(false));
    server.listen(port, host, () => server.close(() => done(true)));
  });
}
