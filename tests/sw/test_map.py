"""The kernel's map is true, its files need each other one way, and its state has owners."""

import ast

import pytest

from .map_support import FILES, TREES, functions_and_structures, is_public, mapped, variables


def imports(name):
    """Files of the kernel that a file imports, annotations included."""
    folder = ["sw", *name.split("/")[:-1]]
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.ImportFrom):
            parts = folder[:len(folder) - node.level + 1] if node.level else []
            parts = [*parts, *(node.module.split(".") if node.module else [])]
            for alias in node.names:
                for path in ("/".join(parts[1:]), "/".join([*parts[1:], alias.name])):
                    if path in FILES:
                        yield path


@pytest.mark.parametrize("file", FILES)
def test_the_map_lists_what_a_file_declares(file):
    assert sorted(mapped().get(file, [])) == sorted(
        filter(is_public, [*functions_and_structures(TREES[file]), *variables(TREES[file])]))


def test_the_map_lists_no_file_that_is_not_there():
    assert set(mapped()) <= set(FILES)


def test_no_file_imports_for_its_annotations_what_it_could_not_import_to_run():
    # test_layering finds circles of imports; such an import would hide from it.
    assert not [file for file, path in FILES.items()
                if "TYPE_CHECKING" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("file", [file for file in FILES if file.startswith("processor/")])
def test_the_processor_knows_the_bus_alone(file):
    assert {other for other in imports(file) if not other.startswith("processor/")} <= {"bus"}


@pytest.mark.parametrize("file", FILES)
def test_no_variable_of_a_machine_is_a_global_of_python(file):
    # It would be shared by all machines of the process, and by all tests.
    assert not [node.lineno for node in ast.walk(TREES[file]) if isinstance(node, ast.Global)]
