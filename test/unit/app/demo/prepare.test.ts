import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { prepareDemo } from "../../../../src/app/demo/prepare.ts";
import { loadRules } from "../../../../src/app/load-rules.ts";
import { openSqlStore } from "../../../../src/store/sql/open-sql-store.ts";
import { silentLogger } from "../../../../src/support/logging.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const now = Date.parse("2026-01-05T10:07:31Z");

describe("preparing the demo", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "backfeed-demo-"));
    await cp(join(root, "examples"), join(folder, "examples"), { recursive: true });
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function load(change: (text: string) => string = (text) => text) {
    await mkdir(join(folder, "config"), { recursive: true });
    const text = change(await readFile(join(root, "config/demo.yaml"), "utf8"));
    await writeFile(join(folder, "config/demo.yaml"), text);
    const loaded = await loadRules({ file: "config/demo.yaml", baseDirectory: folder, environment: {} });
    expect(loaded.allFaults).to.deep.equal([]);
    return { ...loaded, config: loaded.config! };
  }

  it("moves every sample so that it ends in the minute before the newest step", async () => {
    const { endsAt, events } = await prepareDemo({ loaded: await load(), now, serve: false });
    expect(new Date(endsAt).toISOString()).to.equal("2026-01-05T10:00:00.000Z");
    let lines = 0;
    for (const name of ["access.ndjson", "nginx.ndjson", "latency.csv"]) {
      const text = await readFile(join(folder, "var/demo/data", name), "utf8");
      const times = text.match(/(?<=^|"@timestamp":")20\d\d-[\d-]+T[\d:.]+Z/gm) ?? [];
      lines += times.length;
      const newest = Math.max(...times.map((time) => Date.parse(time)));
      expect(newest, name).to.be.within(endsAt - 60_000, endsAt - 1);
    }
    expect(lines).to.equal(events);
  });

  it("begins with nothing of the demo before", async () => {
    await mkdir(join(folder, "var/demo/data"), { recursive: true });
    await writeFile(join(folder, "var/demo/data/old.ndjson"), "{}\n");
    await prepareDemo({ loaded: await load(), now, serve: false });
    expect(await readFile(join(folder, "var/demo/data/old.ndjson")).catch(() => "gone")).to.equal("gone");
  });

  it("removes nothing when the configuration keeps its state elsewhere", async () => {
    const loaded = await load((text) => text.replace("./var/demo/backfeed.db", "./var/backfeed.db"));
    const thrown = await prepareDemo({ loaded, now, serve: false }).catch((error: unknown) => error);
    expect(thrown).to.include({ kind: "configuration" });
  });

  it("does not pull the folder away from under another demo", async () => {
    const loaded = await load();
    await prepareDemo({ loaded, now, serve: false });
    const other = await openSqlStore({
      url: `sqlite:${loaded.config.store.path}`,
      access: "write",
      logger: silentLogger,
    });
    const thrown = await prepareDemo({ loaded, now, serve: false }).catch((error: unknown) => error);
    await other.close();
    expect(thrown).to.include({ kind: "conflict" });
    await prepareDemo({ loaded, now, serve: false });
  });

  it("takes the next free port when its own is taken, and lets links lead there", async () => {
    const taken = createServer();
    const port = await listen(taken);
    const loaded = await load((text) => text.replace("127.0.0.1:8080", `127.0.0.1:${port}`));
    const prepared = await prepareDemo({ loaded, now, serve: true });
    taken.close();
    const { server } = prepared.loaded.config;
    expect(prepared.takenPort).to.equal(port);
    expect(server.port).to.be.greaterThan(port);
    expect(server.publicUrl).to.equal(`http://127.0.0.1:${server.port}`);
  });
});

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}
