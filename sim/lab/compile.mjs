// Compiles the packages of the lab with the very Python that will import them: bytecode belongs to one
// version. Called with a folder that has the parts of Pyodide and packages.zip, which is replaced.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const folder = process.argv[2];
const { loadPyodide } = await import(pathToFileURL(join(folder, "pyodide.mjs")));
const python = await loadPyodide({ indexURL: `${folder}/` });
const file   = join(folder, "packages.zip");

python.unpackArchive(new Uint8Array(readFileSync(file)), "zip", { extractDir: "/packages" });
// A message of one line: the stack would be that of all Pyodide.
process.on("uncaughtException", error => {
    console.error(error.message.trim().split("\n").at(-1));
    process.exit(1);
});

python.runPython(`
import pathlib, py_compile, sys, zipfile

root = pathlib.Path("/packages")
sys.path.insert(0, str(root))
sys.dont_write_bytecode = True
import sim.lab.player
from sim.engines.cxxrtl.shortcut import code_files

# A machine is found by the sources of these.
kept = set(code_files())
# Only what a run imports: the rest would be half of the bytes.
for module in list(sys.modules.values()):
    file = pathlib.Path(getattr(module, "__file__", None) or "/")
    if file.is_relative_to(root):
        py_compile.compile(file, None if file in kept else file.with_suffix(".pyc"), doraise=True,
                           invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        if file not in kept:
            file.unlink()
with zipfile.ZipFile("/packages.zip", "w") as packed:
    for file in sorted(root.rglob("*")):
        if file.is_file():
            name = zipfile.ZipInfo(str(file.relative_to(root)), (1980, 1, 1, 0, 0, 0))
            packed.writestr(name, file.read_bytes())
`);
writeFileSync(file, python.FS.readFile("/packages.zip"));
