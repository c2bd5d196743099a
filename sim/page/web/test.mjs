// Tests of the modules: each file of test/ is bundled, and Node's own runner runs the bundles.

import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const here   = dirname(fileURLToPath(import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "page-test-"));

try {
    const names = (await readdir(join(here, "test"))).filter(name => name.endsWith(".test.ts"));
    await build({
        absWorkingDir: here,
        entryPoints:   names.map(name => join("test", name)),
        outdir:        folder,
        outExtension:  { ".js": ".mjs" },
        bundle:        true,
        platform:      "node",
        format:        "esm",
        sourcemap:     "inline",
        logLevel:      "warning",
    });
    const bundles = names.map(name => join(folder, name.replace(/ts$/, "mjs")));
    const { status } = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...bundles],
                                 { stdio: "inherit" });
    process.exitCode = status ?? 1;
} finally {
    await rm(folder, { recursive: true });
}
