// Builds the page: one file, ../built/page.html, with styles, script and licences in it. The same
// sources make the same bytes.

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const here   = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2] ?? join(here, "..", "built", "page.html");

const built = await build({
    absWorkingDir: here,
    entryPoints:   ["src/main.ts", "src/style/page.css"],
    outdir:        "built",
    bundle:        true,
    minify:        true,
    format:        "iife",
    target:        "es2022",
    charset:       "utf8",
    legalComments: "none",
    metafile:      true,
    write:         false,
});

const text   = ending => built.outputFiles.find(({ path }) => path.endsWith(ending)).text.trim();
const script = text(".js");
const style  = text(".css");

// Nothing from elsewhere: only this very script and this very style, and no network.
const hash   = content => `'sha256-${createHash("sha256").update(content).digest("base64")}'`;
const policy = [
    "default-src 'none'", `script-src ${hash(script)}`, `style-src ${hash(style)}`,
    "img-src data:", "base-uri 'none'", "form-action 'none'",
].join("; ");

const parts = { POLICY: policy, STYLE: style, SCRIPT: script };
const page  = (await readFile(join(here, "src", "page.html"), "utf8"))
    .replace(/<!--(POLICY|STYLE|SCRIPT)-->/g, (_, name) => parts[name]);

await mkdir(dirname(target), { recursive: true });
await writeFile(target, page + await licences(Object.keys(built.metafile.inputs)));

/** A comment with the licence of each package that files are of. */
async function licences(files) {
    const packages = new Set(files.map(file => file.match(/^node_modules\/((@[^/]+\/)?[^/]+)\//)?.[1])
                                  .filter(Boolean));
    const texts = await Promise.all([...packages].sort().map(async name => {
        const folder = join(here, "node_modules", name);
        const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
        const file = (await readdir(folder)).find(each => /^licen[cs]e/i.test(each));
        return `${name} ${version}\n\n${(await readFile(join(folder, file), "utf8")).trim()}`;
    }));
    const said = ["This page contains these packages, each under its licence:", ...texts].join("\n\n\n");
    return `<!--\n${said.replaceAll("--", "- -")}\n-->\n`;
}
