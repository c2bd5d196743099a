// Builds the pages: ../built/page.html, which shows a run, and ../built/lab.html, in which a visitor
// plays one. Each is one file, with styles, script and licences in it. The same sources make the same
// bytes.

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const here   = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2] ?? join(here, "..", "built");

const options = {
    absWorkingDir: here,
    outdir:        "built",
    bundle:        true,
    minify:        true,
    format:        "iife",
    target:        "es2022",
    charset:       "utf8",
    legalComments: "none",
    metafile:      true,
    write:         false,
};

const worker = (await build({ ...options, entryPoints: ["src/play/worker.ts"] })).outputFiles[0].text;

await mkdir(target, { recursive: true });
await page("page.html", {
    script: "src/main.ts", style: "src/style/page.css", controls: "", data: "<!--RUN-->",
    allowed: [],
});
await page("lab.html", {
    script: "src/play/lab.ts", style: "src/style/lab-page.css", data: "<!--PARTS-->",
    controls: '  <section id="controls" aria-labelledby="controls-title"></section>\n' +
              '  <dialog id="about" aria-labelledby="about-title"></dialog>\n' +
              '  <script type="application/json" id="bundled"><!--NOTICES--></script>\n',
    // Python is WebAssembly, in a worker that is made of a blob, and so are its modules.
    script_from: ["'wasm-unsafe-eval'", "blob:"],
    allowed: ["worker-src blob:", "connect-src <!--ASKED-->"],
});

/** Write a page. */
async function page(name, { script, style, controls, data, script_from = [], allowed }) {
    const built = await build({ ...options, entryPoints: [script, style],
                                define: { WORKER: JSON.stringify(worker) } });
    const text  = ending => built.outputFiles.find(({ path }) => path.endsWith(ending)).text.trim();

    // Nothing from elsewhere: only this very script and this very style, and no network.
    const hash   = content => `'sha256-${createHash("sha256").update(content).digest("base64")}'`;
    const policy = [
        "default-src 'none'", `script-src ${[hash(text(".js")), ...script_from].join(" ")}`,
        `style-src ${hash(text(".css"))}`, "img-src data:", ...allowed, "base-uri 'none'",
        "form-action 'none'",
    ].join("; ");

    const notices = await noticesOf(Object.keys(built.metafile.inputs));
    const parts = { POLICY: policy, STYLE: text(".css"), SCRIPT: text(".js"), CONTROLS: controls,
                    DATA: data };
    const made  = (await readFile(join(here, "src", "page.html"), "utf8"))
        .replace(/<!--(POLICY|STYLE|SCRIPT|CONTROLS|DATA)-->/g, (_, part) => parts[part]);
    await writeFile(join(target, name), made.replace(
        "<!--NOTICES-->", () => JSON.stringify(notices).replaceAll("<", "\\u003c"))
        + (made.includes("<!--NOTICES-->") ? "" : comment(notices)));
}

/** The licence of each package that files are of. */
async function noticesOf(files) {
    const packages = new Set(files.map(file => file.match(/^node_modules\/((@[^/]+\/)?[^/]+)\//)?.[1])
                                  .filter(Boolean));
    return await Promise.all([...packages].sort().map(async name => {
        const folder = join(here, "node_modules", name);
        const { version, license: licence } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
        const file = (await readdir(folder)).find(each => /^licen[cs]e/i.test(each));
        return { name, version, licence, source: `https://www.npmjs.com/package/${name}`,
                 text: (await readFile(join(folder, file), "utf8")).trim() };
    }));
}

/** A comment with them, for a page in which nobody looks for more. */
function comment(notices) {
    const said = ["This page contains these packages, each under its licence:",
                  ...notices.map(({ name, version, text }) => `${name} ${version}\n\n${text}`)].join("\n\n\n");
    return `<!--\n${said.replaceAll("--", "- -")}\n-->\n`;
}
