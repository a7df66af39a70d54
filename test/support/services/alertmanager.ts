import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findProgram } from "./command.ts";
import { type LoopbackProgram, startLoopbackProgram } from "./loopback-program.ts";
import { makeRunFolder } from "./run-folder.ts";
import { ServiceMissing } from "./service-missing.ts";

/**
 * Starts a real Alertmanager with this configuration, alone. Throws ServiceMissing where it cannot be had: see
 * `startOrSkip`.
 */
export async function startAlertmanager(config: string): Promise<LoopbackProgram> {
  // Debian's name, and the project's own.
  const [debian, own] = await Promise.all(["prometheus-alertmanager", "alertmanager"].map(findProgram));
  const program = debian ?? own;
  if (program === undefined) {
    throw new ServiceMissing(
      "Alertmanager is not on the PATH (Debian package prometheus-alertmanager; scripts/install-test-services.sh installs it)",
    );
  }
  const run = await makeRunFolder("alertmanager");
  try {
    await writeFile(join(run.path, "alertmanager.yml"), config);
    const flags = [
      `--config.file=${join(run.path, "alertmanager.yml")}`,
      `--storage.path=${join(run.path, "data")}`,
      "--web.listen-address=127.0.0.1:0",
      // No gossip with others.
      "--cluster.listen-address=",
    ];
    return await startLoopbackProgram({ name: "Alertmanager", program, flags, run, readyWhen: "Listening on" });
  } catch (error) {
    await run.remove();
    throw error;
  }
}
