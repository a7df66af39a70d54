import { chown, readdir } from "node:fs/promises";
import { join } from "node:path";
import { findProgram, runCommand } from "./command.ts";
import { ServiceMissing } from "./service-missing.ts";

const name = "backfeed-test";

/** Who a service runs as. Elasticsearch and PostgreSQL refuse root, so root hands them to a system user of their own. */
export interface ServiceUser {
  /** Numeric ids when the user differs from ours, undefined when services simply run as us. */
  readonly ids: { readonly uid: number; readonly gid: number } | undefined;
  /**
   * Program and arguments that run the given ones as this user; with `dieWithParent` the kernel kills the process as
   * soon as ours is gone, however it went.
   */
  command(program: string, args: readonly string[], options?: { dieWithParent?: boolean }): [string, string[]];
  /** Gives a folder and all in it to this user. */
  own(folder: string): Promise<void>;
}

/** The user for services: ourselves, or the system user `backfeed-test`, created when we are root. */
export async function serviceUser(): Promise<ServiceUser> {
  const setpriv = await findProgram("setpriv");
  if (setpriv === undefined) throw new ServiceMissing("setpriv is not installed (Debian package util-linux)");
  const ids = process.getuid?.() === 0 ? await ensureSystemUser() : undefined;
  const become =
    ids === undefined
      ? []
      : ["--reuid", String(ids.uid), "--regid", String(ids.gid), "--clear-groups", "--no-new-privs"];
  return {
    ids,
    command(program, args, { dieWithParent = false } = {}) {
      const death = dieWithParent ? ["--pdeathsig", "KILL"] : [];
      return [setpriv, [...become, ...death, program, ...args]];
    },
    own: (folder) => (ids === undefined ? Promise.resolve() : chownAll(folder, ids.uid, ids.gid)),
  };
}

async function ensureSystemUser(): Promise<{ uid: number; gid: number }> {
  const existing = await lookUp();
  if (existing !== undefined) return existing;
  try {
    await runCommand("useradd", ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", name]);
  } catch (error) {
    // Another process may have created it between the look-up and now.
    if ((await lookUp()) === undefined) throw new ServiceMissing(`cannot create the user ${name}`, { cause: error });
  }
  const created = await lookUp();
  if (created === undefined) throw new ServiceMissing(`the user ${name} is missing after useradd`);
  return created;
}

async function lookUp(): Promise<{ uid: number; gid: number } | undefined> {
  try {
    const [, , uid, gid] = (await runCommand("getent", ["passwd", name])).stdout.split(":");
    return { uid: Number(uid), gid: Number(gid) };
  } catch {
    return undefined;
  }
}

async function chownAll(folder: string, uid: number, gid: number): Promise<void> {
  await chown(folder, uid, gid);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await chown(join(entry.parentPath, entry.name), uid, gid);
  }
}
