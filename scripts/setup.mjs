// Makes the working tree ready: dependencies as the lock file says, then the build. Plain Node without dependencies,
// because it runs before they are installed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

// Not npm ci: it refuses a lock file that lacks the native packages of other platforms, and a lock file written behind a
// registry mirror that serves only this platform's lacks them. This installs the locked versions too and changes no file.
const npmInstall = ["install", "--no-save", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];

/** Runs a program in the project's folder with our output; true when it ended well. Quiet: what it says is shown only when it did not. */
export function run(program, args, environment = {}, { quiet = false } = {}) {
  const { status, error, stdout, stderr } = spawnSync(program, args, {
    cwd: root,
    stdio: quiet ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...environment },
    encoding: "utf8",
  });
  if (quiet && status !== 0) console.error(`${stdout ?? ""}${stderr ?? ""}`);
  if (error !== undefined) console.error(`${program}: ${error.message}`);
  return status === 0;
}

/** Runs one of package.json's scripts. */
export function runScript(name, options) {
  return run("npm", ["run", "--silent", name], {}, options);
}

/** Installs the dependencies when they are missing, when the lock file changed, or when Node's binary interface did. */
export function install() {
  const lock = read("package-lock.json");
  const hash = createHash("sha256").update(lock).digest("hex");
  const wanted = `${hash} ${process.versions.modules}\n`;
  const stamp = read("node_modules/.backfeed-setup");
  if (stamp === wanted) return true;
  const sameNode = stamp === undefined || stamp.endsWith(` ${process.versions.modules}\n`);
  if (!(sameNode && isInstalledAsLocked(lock))) {
    console.log("installing dependencies");
    if (!sameNode) rmSync(join(root, "node_modules"), { recursive: true, force: true });
    if (!run("npm", npmInstall)) return false;
    if (!isInstalledAsLocked(lock)) {
      console.error("what npm installed is not what package-lock.json says: run npm install and commit the lock file");
      return false;
    }
  }
  writeFileSync(join(root, "node_modules/.backfeed-setup"), wanted);
  return true;
}

export function build(options) {
  return runScript("build", options);
}

/** `npm install` by hand changes the lock file and installs what it says: no need to do it all again. */
function isInstalledAsLocked(lock) {
  const installed = read("node_modules/.package-lock.json");
  if (installed === undefined) return false;
  const have = JSON.parse(installed).packages;
  return Object.entries(JSON.parse(lock).packages).every(
    ([path, { version, optional, peer, devOptional }]) =>
      path === "" || have[path]?.version === version || (have[path] === undefined && (optional || peer || devOptional)),
  );
}

function read(path) {
  try {
    return readFileSync(join(root, path), "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = install() && build() ? 0 : 1;
}
