"""Machines of WebAssembly: what a module shows to others, which are loaded beside it."""

import json
import subprocess

import pytest

from hw.presets import PRESETS
from sim.engines.cxxrtl.native import FUNCTIONS, Design
from sim.engines.cxxrtl.platforms import WASM
from sim.lab.pyodide import program


pytestmark = pytest.mark.slow

#: Prints the names of functions that a module imports, and of those that it exports.
NAMES = """
    const module = new WebAssembly.Module(require("fs").readFileSync(process.argv[1]));
    const names  = list => list.filter(each => each.kind == "function").map(each => each.name);
    console.log(JSON.stringify([names(WebAssembly.Module.imports(module)),
                                names(WebAssembly.Module.exports(module))]));
"""

#: Functions of the C and C++ libraries, which are the same for all.
LIBRARIES = ("_Zn", "_Zd", "_ZSt", "_ZNSt", "_ZNKSt", "__cxa_", "__assert_fail", "mem")


def test_a_machine_gives_its_functions_to_no_other_and_takes_none_of_another():
    file = Design(PRESETS["tiny"]).compiled(WASM, waiting=lambda: None)
    done = subprocess.run([program("node"), "-e", NAMES, file], capture_output=True, text=True,
                          check=True)
    imported, exported = json.loads(done.stdout)
    assert [name for name in imported if not name.startswith(LIBRARIES)] == []
    assert sorted(exported) == sorted([name for name, *_ in FUNCTIONS] + ["__wasm_call_ctors"])
