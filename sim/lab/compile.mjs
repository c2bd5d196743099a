// Compiles Python's library and the packages of the lab with the very Python that will import them:
// bytecode belongs to one version. Called with a folder that has the parts of Pyodide and packages.zip;
// this and python_stdlib.zip are replaced.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

// A message of one line: the stack would be that of all Pyodide.
process.on("uncaughtException", error => {
    console.error(error.message.trim().split("\n").at(-1));
    process.exit(1);
});

const folder = process.argv[2];
const { loadPyodide } = await import(pathToFileURL(join(folder, "pyodide.mjs")));
const python = await loadPyodide({ indexURL: `${folder}/` });

for (const [name, root] of [["packages.zip", "/packages"], ["python_stdlib.zip", "/standard"]]) {
    python.unpackArchive(new Uint8Array(readFileSync(join(folder, name))), "zip", { extractDir: root });
}
python.runPython(`
import pathlib, py_compile, sys, zipfile

packages, standard = pathlib.Path("/packages"), pathlib.Path("/standard")
sys.path.insert(0, str(packages))
sys.dont_write_bytecode = True
import sim.cli.requests
from sim.engines.cxxrtl.shortcut import code_files

# A machine is found by the sources of these, which so are there, too.
digested = set(code_files())

def compile_file(file, optimize):
    py_compile.compile(file, None if file in digested else file.with_suffix(".pyc"), doraise=True,
                       optimize=optimize,
                       invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    if file not in digested:
        file.unlink()

def pack(root, name):
    with zipfile.ZipFile(name, "w") as packed:
        for file in sorted(root.rglob("*")):
            if file.is_file():
                about = zipfile.ZipInfo(str(file.relative_to(root)), (1980, 1, 1, 0, 0, 0))
                packed.writestr(about, file.read_bytes())

# Only what a run imports, for bytecode has twice the bytes of a text when both are packed.
for module in list(sys.modules.values()):
    file = pathlib.Path(getattr(module, "__file__", None) or "/")
    if file.is_relative_to(packages):
        compile_file(file, 0)
    else:
        path = standard.joinpath(*module.__name__.split("."))
        for library in (path.with_suffix(".py"), path / "__init__.py"):
            # Nobody reads its docstrings here.
            if library.exists():
                compile_file(library, 2)
pack(packages, "/packages.zip")
pack(standard, "/python_stdlib.zip")
`);
for (const name of ["packages.zip", "python_stdlib.zip"]) {
    writeFileSync(join(folder, name), python.FS.readFile(`/${name}`));
}
