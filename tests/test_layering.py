"""Imports between packages and rooms: the architecture, as a test.

``hw`` is gateware and knows nothing else. ``sw`` is a kernel that runs on any machine behind its
own bus, so it knows only the standard library. ``sim`` ties the two together. ``dragoncage`` is
where a command begins. Were there an arrow between ``hw`` and ``sw``, a constant misread from the
manual could pass as two readings that agree.
"""

import ast
import graphlib
import re
import sys
from functools import cache
from pathlib import Path

import pytest

import sim


ROOT = Path(__file__).parents[1]

MAY_IMPORT = {
    "dragoncage": {"dragoncage", "sim"},
    "hw":  {"amaranth", "hw"},
    "sw":  {"sw"},
    # vcd comes with Amaranth, find_libpython with cocotb; cocotb and serial (pyserial) belong to
    # the engines of these names, distributed (Dask) to searches on a cluster, numpy to sweeps,
    # bitwuzla to proofs, and pytest with hypothesis to mutants, which the tests are played on.
    "sim": {"amaranth", "bitwuzla", "cocotb", "cocotb_tools", "distributed", "dragoncage",
            "find_libpython", "hw", "hypothesis", "numpy", "pytest", "serial", "sim", "sw", "vcd"},
}

# The pins of boards come from a package of their own, which the rest of the gateware does not need.
BOARDS = ROOT / "hw" / "boards"

FILES = {layer: sorted((ROOT / layer).rglob("*.py")) for layer in MAY_IMPORT}

#: Names of all modules, and their files.
MODULES = {".".join((path.parent if path.stem == "__init__" else path.with_suffix(""))
                    .relative_to(ROOT).parts): path
           for paths in FILES.values() for path in paths}

#: The rooms of ``sim``, from the ground up, as its docstring lists them.
ROOMS = re.findall(r":mod:`sim\.(\w+)`", sim.__doc__)


@cache
def tree_of(path):
    """The syntax tree of a file, without what is there for type checkers alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    return tree


def imports_of(name):
    """Modules that a module imports: by their whole names, and each with one name out of it."""
    path = MODULES[name]
    here = name.split(".") if path.stem == "__init__" else name.split(".")[:-1]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = here[:len(here) - node.level + 1] if node.level else []
            module  = ".".join([*parents, *filter(None, [node.module])])
            yield from ((module, alias.name) for alias in node.names)


def ours_imported_by(name):
    """Modules of the project that a module imports."""
    for module, member in imports_of(name):
        found = f"{module}.{member}" if f"{module}.{member}" in MODULES else module
        if found in MODULES and found != name:
            yield found


@pytest.mark.slow
@pytest.mark.parametrize("layer", MAY_IMPORT)
def test_imports_flow_one_way(layer):
    foreign = {(name, module) for name in MODULES if name.partition(".")[0] == layer
               for module, _ in imports_of(name)
               if module.partition(".")[0] not in MAY_IMPORT[layer] | sys.stdlib_module_names
               and not (MODULES[name].is_relative_to(BOARDS) and "amaranth_boards" in module)}
    assert not foreign


@pytest.mark.slow
@pytest.mark.parametrize("layer", MAY_IMPORT)
def test_no_modules_import_each_other_in_a_circle(layer):
    graph = {name: set(ours_imported_by(name)) for name in MODULES
             if name.partition(".")[0] == layer}
    graphlib.TopologicalSorter(graph).prepare()


@pytest.mark.slow
def test_each_room_of_sim_knows_only_those_below_it():
    rooms = {path.stem for path in (ROOT / "sim").iterdir()
             if path.is_dir() and (path / "__init__.py").exists() or path.suffix == ".py"}
    assert set(ROOMS) == rooms - {"__init__"}
    upwards = {(name, other) for name in MODULES for other in ours_imported_by(name)
               if name.startswith("sim.") and other.startswith("sim.")
               and ROOMS.index(other.split(".")[1]) > ROOMS.index(name.split(".")[1])}
    assert not upwards


@pytest.mark.parametrize("path", FILES["hw"], ids=lambda path: str(path.relative_to(ROOT)))
def test_gateware_annotations_are_values(path):
    # With the future import they would be strings. Amaranth then refuses a component, and takes a
    # packed structure for one without any fields, in silence.
    assert "from __future__ import annotations" not in path.read_text(encoding="utf-8")


def test_what_all_may_ask_for_the_version_imports_nothing_of_ours():
    # It decides which packages "hw", "sw" and "sim" are.
    packages = {module.partition(".")[0] for module, _ in imports_of("dragoncage")}
    assert packages <= sys.stdlib_module_names


def test_there_are_files_in_every_layer():
    assert all(FILES.values())
