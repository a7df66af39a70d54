import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const serve = "http://127.0.0.1:8080";

/** The pages: everything in files of their own (no data: or inline script, the content policy forbids both). */
export default defineConfig({
  root: "src/ui",
  plugins: [react()],
  build: {
    outDir: "../../dist/ui",
    emptyOutDir: true,
    sourcemap: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // `npx vite` beside a running `backfeed serve`, which takes writes from its own pages only.
  server: { proxy: { "/api": { target: serve, changeOrigin: true, headers: { origin: serve } } } },
});
