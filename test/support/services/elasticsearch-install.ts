import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { findProgram, runCommand } from "./command.ts";
import { ServiceMissing } from "./service-missing.ts";

/** 8.19.16 is what users run; 8.8.2 the oldest 8 worth supporting. */
export type ElasticsearchVersion = "8.19.16" | "8.8.2";

/** SHA-256 of the zip files. Pinned here, because a mirror of Maven Central may serve no checksums. */
const digests: Readonly<Record<ElasticsearchVersion, string>> = {
  "8.19.16": "c3d95992e27741b33a8057118379cda8b17cfda9e46ff4ec25e3f5b94fc22b52",
  "8.8.2": "287ea4823a0dd24a2533eb77d3ba9949c8232240b2f464f3046352429b0125b2",
};
const mavenPlugin = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy";
const oldestJava = 17;

/**
 * The folder of an unpacked Elasticsearch, installed on first use: Elastic's own distribution from Maven Central, about
 * 100 MB, kept under ~/.cache/backfeed. Any number of processes may do this at once: each works in a folder of its own
 * and the first rename wins.
 */
export async function installElasticsearch(version: ElasticsearchVersion): Promise<string> {
  const installed = join(unpackedRoot(), `elasticsearch-${version}`);
  if (existsSync(installed)) return installed;
  const zip = await download(version);
  const unzip = await needProgram("unzip", "unzip");
  await mkdir(unpackedRoot(), { recursive: true });
  const partial = await mkdtemp(join(unpackedRoot(), ".unpacking-"));
  try {
    await runCommand(unzip, ["-q", zip, "-d", partial]);
    await runCommand("chmod", ["-R", "a+rX", partial]);
    await renameUnlessThere(join(partial, `elasticsearch-${version}`), installed);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return installed;
}

/** The home of the Java that `java` on the PATH starts. */
export async function findJavaHome(): Promise<string> {
  const java = await needProgram("java", "openjdk-17-jre-headless");
  const { stderr } = await runCommand(java, ["-XshowSettings:properties", "-version"]);
  const home = /^\s*java\.home = (.+)$/m.exec(stderr)?.[1];
  const version = Number(/^\s*java\.specification\.version = (\d+)/m.exec(stderr)?.[1]);
  if (home === undefined || !(version >= oldestJava)) {
    throw new ServiceMissing(`Elasticsearch needs Java ${oldestJava} or newer, but ${java} is ${version}`);
  }
  return home;
}

function cacheRoot(): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "backfeed");
}

/** Root's home is closed to the user that Elasticsearch runs as, so root unpacks where every user can read. */
function unpackedRoot(): string {
  return process.getuid?.() === 0 ? "/var/cache/backfeed" : cacheRoot();
}

async function download(version: ElasticsearchVersion): Promise<string> {
  const downloads = join(cacheRoot(), "downloads");
  const name = `elasticsearch-${version}.zip`;
  const zip = join(downloads, name);
  if (existsSync(zip)) return zip;
  const maven = await needProgram("mvn", "maven");
  await mkdir(downloads, { recursive: true });
  const partial = await mkdtemp(join(downloads, ".downloading-"));
  const artifact = `org.elasticsearch.distribution.integ-test-zip:elasticsearch:${version}:zip`;
  try {
    const goal = [mavenPlugin, `-Dartifact=${artifact}`, `-DoutputDirectory=${partial}`];
    // Maven's own local repository is not made for two writers: flock lets one after the other in.
    const command = [join(downloads, ".maven.lock"), maven, "--quiet", "--batch-mode", ...goal];
    await runCommand("flock", command, { timeout: 15 * 60_000 });
    await verify(join(partial, name), version);
    await renameUnlessThere(join(partial, name), zip);
  } catch (error) {
    throw new ServiceMissing(`Elasticsearch ${version} cannot be downloaded: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return zip;
}

async function verify(zip: string, version: ElasticsearchVersion): Promise<void> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(zip)) hash.update(chunk);
  const digest = hash.digest("hex");
  if (digest !== digests[version]) throw new Error(`the SHA-256 of the zip is ${digest}, not ${digests[version]}`);
}

async function needProgram(name: string, debianPackage: string): Promise<string> {
  const path = await findProgram(name);
  if (path !== undefined) return path;
  throw new ServiceMissing(
    `Elasticsearch needs ${name}, which is not on the PATH (Debian package ${debianPackage}; scripts/install-test-services.sh installs it)`,
  );
}

async function renameUnlessThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    // Another process was faster: its copy is as good as ours.
    if (!existsSync(to)) throw error;
  }
}
