// Builds the pages with Vite where the project has them.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./setup.mjs";

if (existsSync(join(root, "vite.config.ts"))) {
  process.exitCode = run("npx", ["--no-install", "vite", "build"]) ? 0 : 1;
}
