import { type ExecFileOptions, execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const exec = promisify(execFile);

/** Runs a program without a shell and gives its output; a failure's message carries what the program said. */
export async function runCommand(
  program: string,
  args: readonly string[],
  { input, ...options }: ExecFileOptions & { input?: string } = {},
): Promise<{ stdout: string; stderr: string }> {
  try {
    const running = exec(program, args, { maxBuffer: 16 * 1024 * 1024, ...options, encoding: "utf8" });
    running.child.stdin?.end(input);
    return await running;
  } catch (error) {
    const { stdout = "", stderr = "", message } = error as Error & { stdout?: string; stderr?: string };
    const said = `${stdout}\n${stderr}`.trim().slice(-2000);
    throw new Error(`${program} failed: ${said === "" ? message : said}`, { cause: error });
  }
}

/** The path of a program on the PATH, or undefined. */
export async function findProgram(name: string): Promise<string | undefined> {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  for (const folder of folders.filter((folder) => folder !== "")) {
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}
