"""Which package may import what: the architecture, as a test.

``hw`` is gateware and knows nothing else. ``sw`` is a kernel that runs on any machine behind its
own bus, so it knows only the standard library. ``sim`` ties the two together. ``dragoncage`` is
where a command begins. Were there an arrow between ``hw`` and ``sw``, a constant misread from the
manual could pass as two readings that agree.
"""

import ast
import sys
from pathlib import Path

import pytest


ROOT = Path(__file__).parents[1]

MAY_IMPORT = {
    "dragoncage": {"dragoncage", "sim"},
    "hw":  {"amaranth", "hw"},
    "sw":  {"sw"},
    # vcd comes with Amaranth, find_libpython with cocotb; cocotb and serial (pyserial) belong to
    # the engines of these names.
    "sim": {"amaranth", "cocotb", "cocotb_tools", "dragoncage", "find_libpython", "hw", "serial",
            "sim", "sw", "vcd"},
}

# The pins of boards come from a package of their own, which the rest of the gateware does not need.
BOARDS = ROOT / "hw" / "boards"

FILES = [pytest.param(layer, path, id=str(path.relative_to(ROOT)))
         for layer in MAY_IMPORT for path in sorted((ROOT / layer).rglob("*.py"))]


def imported(path):
    """Top-level packages that a file imports, but for its own by a leading dot."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.partition(".")[0]


def leaves_its_layer(layer, path):
    """Whether a relative import climbs out of the package."""
    depth = len(path.relative_to(ROOT / layer).parts)
    return any(isinstance(node, ast.ImportFrom) and node.level > depth
               for node in ast.walk(ast.parse(path.read_text())))


@pytest.mark.parametrize("layer, path", FILES)
def test_imports_flow_one_way(layer, path):
    foreign = set(imported(path)) - MAY_IMPORT[layer] - sys.stdlib_module_names
    if path.is_relative_to(BOARDS):
        foreign.discard("amaranth_boards")
    assert not foreign
    assert not leaves_its_layer(layer, path)


@pytest.mark.parametrize("path", [path for _, path in (param.values for param in FILES)
                                  if path.is_relative_to(ROOT / "hw")],
                         ids=lambda path: path.name)
def test_gateware_annotations_are_values(path):
    # With the future import they would be strings. Amaranth then refuses a component, and takes a
    # packed structure for one without any fields, in silence.
    assert "from __future__ import annotations" not in path.read_text()


def test_what_all_may_ask_for_the_version_imports_nothing_of_ours():
    # It decides which packages "hw", "sw" and "sim" are.
    assert not set(imported(ROOT / "dragoncage" / "__init__.py")) - sys.stdlib_module_names


def test_there_are_files_in_every_layer():
    assert {param.values[0] for param in FILES} == set(MAY_IMPORT)
