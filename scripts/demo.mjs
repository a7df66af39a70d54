// npm run demo [-- --once]: set-up, then the sample data replayed up to now, its tickets printed, API and pages served.
// Plain Node without dependencies up to the import, because it runs before they are installed.
import { build, install, root } from "./setup.mjs";

process.chdir(root);
if (!install()) process.exit(1);
console.error("building");
if (!build({ quiet: true })) process.exit(1);
await import("../dist/demo.js");
