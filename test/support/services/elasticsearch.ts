import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "@elastic/elasticsearch";
import { stringify } from "yaml";
import { runCommand } from "./command.ts";
import { type ElasticsearchVersion, findJavaHome, installElasticsearch } from "./elasticsearch-install.ts";
import { makeRunFolder, type RunFolder } from "./run-folder.ts";
import { type ServiceUser, serviceUser } from "./service-user.ts";
import { atTeardown } from "./teardown.ts";

// 10 s on two idle cores; minutes where many builds share them.
const startLimit = 300_000;
const stopLimit = 10_000;

/** Users and roles of a secured instance. Roles are written as in Elasticsearch's roles.yml. */
export interface ElasticsearchSecurity {
  readonly users: readonly { readonly name: string; readonly password: string; readonly roles: readonly string[] }[];
  readonly roles?: Readonly<
    Record<
      string,
      {
        readonly cluster?: readonly string[];
        readonly indices?: readonly { readonly names: readonly string[]; readonly privileges: readonly string[] }[];
      }
    >
  >;
}

/** How a careful operator runs Backfeed: it may read logs and nothing else, not even the cluster's health. */
export const readOnlyLogs = {
  users: [{ name: "backfeed", password: "read-only-logs", roles: ["backfeed_reader"] }],
  roles: {
    backfeed_reader: { indices: [{ names: ["logs-*"], privileges: ["read", "view_index_metadata"] }] },
  },
} as const satisfies ElasticsearchSecurity;

/** A running Elasticsearch on a free loopback port, with data of its own. */
export interface Elasticsearch {
  readonly url: string;
  readonly version: ElasticsearchVersion;
  /** The superuser of a secured instance, undefined without security. */
  readonly admin: { readonly username: string; readonly password: string } | undefined;
  /** A client that may do everything. `stop` closes it. */
  readonly client: Client;
  /** Id of the server's process. */
  readonly pid: number;
  /** Ends the process and removes its data. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Installs (first time) and starts a real Elasticsearch; takes about 15 s. It ends with `stop`, and also when this process
 * ends in any way. Throws ServiceMissing where it cannot be had: see `startOrSkip`.
 */
export async function startElasticsearch({
  version = "8.19.16",
  security,
  heap = "512m",
  optimised = false,
}: {
  version?: ElasticsearchVersion;
  security?: ElasticsearchSecurity;
  heap?: `${number}${"m" | "g"}`;
  /**
   * Whether Java may use its optimising compiler: for measuring. Without it a start takes half the processor time (9 s
   * instead of 21 s).
   */
  optimised?: boolean;
} = {}): Promise<Elasticsearch> {
  const javaHome = await findJavaHome();
  const home = await installElasticsearch(version);
  const user = await serviceUser();
  const run = await makeRunFolder("elasticsearch");
  try {
    return await start({ version, security, heap, optimised, javaHome, home, user, run });
  } catch (error) {
    await run.remove();
    throw error;
  }
}

/** One running instance for suites that follow each other. Another version takes its place: memory is for one. */
class SharedElasticsearch {
  #version: ElasticsearchVersion | undefined;
  #started: Promise<Elasticsearch | undefined> = Promise.resolve(undefined);

  constructor() {
    atTeardown(() => this.end());
  }

  ask(options: { readonly version: ElasticsearchVersion; readonly security?: ElasticsearchSecurity }) {
    if (this.#version !== options.version) {
      this.#started = this.end().then(() => startElasticsearch(options));
      this.#version = options.version;
    }
    return this.#started as Promise<Elasticsearch>;
  }

  async end(): Promise<void> {
    this.#version = undefined;
    const started = await this.#started.catch(() => undefined);
    await started?.stop();
  }
}

const unsecured = new SharedElasticsearch();
const secured = new SharedElasticsearch();

/**
 * One Elasticsearch 8.19.16 without security for all suites of this mocha process, started by the first that asks and
 * stopped after the last. Suites keep apart by using indices of their own.
 */
export const sharedElasticsearch = () => unsecured.ask({ version: "8.19.16" });

/**
 * Likewise one with security, asked by a user that may only read `logs-*`. A suite that asks for one version ends the
 * other: no two suites run at once.
 */
export const sharedReadOnlyElasticsearch = (version: ElasticsearchVersion) =>
  secured.ask({ version, security: readOnlyLogs });

/** For a suite that stops it: who asks after that gets a new one. */
export const endSharedReadOnlyElasticsearch = () => secured.end();

interface Start {
  readonly version: ElasticsearchVersion;
  readonly security: ElasticsearchSecurity | undefined;
  readonly heap: string;
  readonly optimised: boolean;
  readonly javaHome: string;
  readonly home: string;
  readonly user: ServiceUser;
  readonly run: RunFolder;
}

async function start({ version, security, heap, optimised, javaHome, home, user, run }: Start): Promise<Elasticsearch> {
  const folder = (name: string) => join(run.path, name);
  const environment = {
    PATH: process.env["PATH"],
    HOME: folder("tmp"),
    ES_JAVA_HOME: javaHome,
    ES_PATH_CONF: folder("config"),
    ES_TMPDIR: folder("tmp"),
  };
  await cp(join(home, "config"), folder("config"), { recursive: true });
  for (const name of ["config/jvm.options.d", "data", "logs", "tmp"]) await mkdir(folder(name), { recursive: true });
  await writeFile(folder("config/elasticsearch.yml"), stringify(settings(run.path, security !== undefined)));
  await keepJavaOutputIn(run.path);
  const javaOptions = [`-Xms${heap}`, `-Xmx${heap}`, ...(optimised ? [] : ["-XX:TieredStopAtLevel=1"])];
  await writeFile(folder("config/jvm.options.d/test.options"), `${javaOptions.join("\n")}\n`);
  if (security?.roles !== undefined) await writeFile(folder("config/roles.yml"), stringify(security.roles));
  await user.own(run.path);
  const admin = security && { username: "elastic", password: randomBytes(12).toString("hex") };
  if (security !== undefined && admin !== undefined) {
    await addUsers({ home, user, environment, users: security.users, bootstrapPassword: admin.password });
  }

  const output = await open(folder("output.log"), "w");
  const [program, args] = user.command(join(home, "bin/elasticsearch"), ["-p", folder("tmp/es.pid")], {
    dieWithParent: true,
  });
  // Not daemonized: the launcher dies with us (kernel signal), and the server ends when the launcher's pipe closes.
  const launcher = spawn(program, args, { env: environment, stdio: ["ignore", output.fd, output.fd], cwd: run.path });
  await output.close();
  // One that nobody stops ends with this process instead of keeping it alive.
  launcher.unref();
  if (launcher.pid !== undefined) await run.recordProcess(launcher.pid);

  const port = await waitForPort(launcher, run.path);
  const pid = Number(await readFile(folder("tmp/es.pid"), "utf8"));
  await run.recordProcess(pid);
  const url = `http://127.0.0.1:${port}`;
  const client = new Client({ node: url, ...(admin === undefined ? {} : { auth: admin }) });
  await client.cluster.health({ wait_for_status: "yellow", timeout: "60s" });

  let stopped: Promise<void> | undefined;
  const stop = async () => {
    await client.close();
    await end(launcher, pid);
    await run.remove();
  };
  return {
    url,
    version,
    admin,
    client,
    pid,
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

function settings(runPath: string, secured: boolean): Record<string, unknown> {
  return {
    "cluster.name": "backfeed-test",
    "node.name": "test",
    "discovery.type": "single-node",
    "network.host": "127.0.0.1",
    // 0 lets the kernel choose; the server writes the port it got to logs/http.ports.
    "http.port": 0,
    "transport.port": 0,
    "node.portsfile": true,
    "path.data": join(runPath, "data"),
    "path.logs": join(runPath, "logs"),
    "node.store.allow_mmap": false,
    "cluster.routing.allocation.disk.threshold_enabled": false,
    "xpack.security.enabled": secured,
    ...(secured
      ? { "xpack.security.http.ssl.enabled": false, "xpack.security.transport.ssl.enabled": false }
      : undefined),
  };
}

/** Java's own logs and dumps are relative to the installation, which is shared and not writable. */
async function keepJavaOutputIn(runPath: string): Promise<void> {
  const file = join(runPath, "config/jvm.options");
  const options = await readFile(file, "utf8");
  await writeFile(file, options.replace(/(file=|ErrorFile=|HeapDumpPath=)(?=logs|data)/g, `$1${runPath}/`));
}

async function addUsers({
  home,
  user,
  environment,
  users,
  bootstrapPassword,
}: {
  home: string;
  user: ServiceUser;
  environment: NodeJS.ProcessEnv;
  users: ElasticsearchSecurity["users"];
  bootstrapPassword: string;
}): Promise<void> {
  const keystore = join(home, "bin/elasticsearch-keystore");
  await runCommand(...user.command(keystore, ["create"]), { env: environment });
  const add = user.command(keystore, ["add", "-x", "bootstrap.password"]);
  await runCommand(...add, { env: environment, input: bootstrapPassword });
  for (const { name, password, roles } of users) {
    const args = ["useradd", name, "-p", password, "-r", roles.join(",")];
    await runCommand(...user.command(join(home, "bin/elasticsearch-users"), args), { env: environment });
  }
}

async function waitForPort(launcher: ChildProcess, runPath: string): Promise<number> {
  let ended: string | undefined;
  launcher.once("error", (error) => {
    ended = error.message;
  });
  launcher.once("exit", (code, signal) => {
    ended ??= `exit ${code ?? signal}`;
  });
  const file = join(runPath, "logs/http.ports");
  for (let waited = 0; ended === undefined && waited < startLimit; waited += 100) {
    const port = existsSync(file) ? /:(\d+)$/m.exec(await readFile(file, "utf8"))?.[1] : undefined;
    if (port !== undefined) return Number(port);
    await pause(100);
  }
  const said = (await readFile(join(runPath, "output.log"), "utf8")).slice(-3000);
  throw new Error(`Elasticsearch did not start (${ended ?? `not ready after ${startLimit / 1000} s`}):\n${said}`);
}

async function end(launcher: ChildProcess, pid: number): Promise<void> {
  if (launcher.exitCode !== null || launcher.signalCode !== null) return;
  launcher.ref();
  const exited = new Promise((resolve) => launcher.once("exit", resolve));
  signal(pid, "SIGTERM");
  const inTime = await Promise.race([exited.then(() => true), pause(stopLimit, false, { ref: false })]);
  if (inTime) return;
  signal(pid, "SIGKILL");
  await exited;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Already gone.
  }
}
