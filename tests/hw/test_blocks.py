"""Blocks of the unit stand side by side: the types that pass between them have their own file."""

import ast
from pathlib import Path

import pytest

import hw

from .blocks_support import TESTED_IN


FOLDER = Path(hw.__file__).parent

#: Files that have a component in them, by name, and the files of theirs that they may import.
MAY_CONTAIN = {
    "adapters/classic": set(),
    "adapters/unit":    {"classic", "width"},
    "adapters/width":   set(),
    "arbiter":    set(),
    "control":    {"invalidation", "pdpte"},
    "interrupts": set(),
    "invalidation": set(),
    "mmu":        {"control", "tlb", "transfer", "translator", "walker"},
    "pdpte":      set(),
    "tlb/array":  set(),
    "tlb/block":  set(),
    "tlb/first":  set(),
    "tlb/second": {"array"},
    "tlb/stamps": {"array"},
    "tlb/tlb":    {"block", "first", "second", "stamps"},
    "transfer":   set(),
    "translator": set(),
    "updater":    set(),
    "walker":     {"updater"},
}


#: Types, constants and helpers, which have no behaviour of their own.
UNTESTED = {"__init__", "adapters/__init__", "bus", "config", "layout", "presets", "signals",
            "tlb/__init__", "translation", "wishbone"}


def _names():
    """Names of all files of the unit."""
    return {f"{path.relative_to(FOLDER).with_suffix('')}"
            for folder in (".", "tlb", "adapters") for path in FOLDER.glob(f"{folder}/*.py")}


def _is_component(node):
    return isinstance(node, ast.ClassDef) and any(
        ast.unparse(base) == "wiring.Component" for base in node.bases)


def _tree(name):
    return ast.parse((FOLDER / f"{name}.py").read_text())


def test_every_block_is_in_the_list():
    found = {name for name in _names() if any(map(_is_component, ast.walk(_tree(name))))}
    assert found == set(MAY_CONTAIN)


@pytest.mark.parametrize("name", MAY_CONTAIN)
def test_a_block_imports_only_the_blocks_that_it_contains(name):
    imported = {node.module for node in ast.walk(_tree(name))
                if isinstance(node, ast.ImportFrom) and node.level == 1}
    folder   = name.rpartition("/")[0]
    blocks   = {block.removeprefix(f"{folder}/").partition("/")[0] for block in MAY_CONTAIN
                if block.startswith(folder)}
    assert imported & blocks == MAY_CONTAIN[name]


def test_for_every_file_the_list_says_where_it_is_tested():
    here = Path(__file__).parent
    assert _names() == set(TESTED_IN) | UNTESTED
    assert set().union(*TESTED_IN.values()) <= {path.stem for path in here.glob("test_*.py")}
