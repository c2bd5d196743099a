"""Blocks of the unit stand side by side: the types that pass between them have their own file."""

import ast
from pathlib import Path

import pytest

import hw


FOLDER = Path(hw.__file__).parent

#: Files that have a component in them, by name, and the files of theirs that they may import.
MAY_CONTAIN = {
    "arbiter":    set(),
    "control":    set(),
    "interrupts": set(),
    "mmu":        {"control", "tlb", "transfer", "translator", "walker"},
    "tlb":        set(),
    "transfer":   set(),
    "translator": set(),
    "updater":    set(),
    "walker":     {"updater"},
}


def _is_component(node):
    return isinstance(node, ast.ClassDef) and any(
        ast.unparse(base) == "wiring.Component" for base in node.bases)


def _tree(name):
    return ast.parse((FOLDER / f"{name}.py").read_text())


def test_every_block_is_in_the_list():
    found = {path.stem for path in FOLDER.glob("*.py")
             if any(map(_is_component, ast.walk(_tree(path.stem))))}
    assert found == set(MAY_CONTAIN)


@pytest.mark.parametrize("name", MAY_CONTAIN)
def test_a_block_imports_only_the_blocks_that_it_contains(name):
    imported = {node.module for node in ast.walk(_tree(name))
                if isinstance(node, ast.ImportFrom) and node.level == 1}
    assert imported & set(MAY_CONTAIN) == MAY_CONTAIN[name]
