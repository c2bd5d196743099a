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


#: Tables that decorators fill while the kernel is imported, and nothing after that.
FILLED_BY_DECORATORS = {"sys_call_table", "available_filter_functions"}

CHANGEABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)


def changeable(tree):
    """Names of a module for objects that can be changed, or are not said to be read only."""
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(name)], value=value):
                annotation = ""
            case ast.AnnAssign(target=ast.Name(name), annotation=said, value=value):
                annotation = ast.unparse(said)
            case _:
                continue
        called = isinstance(value, ast.Call) and ast.unparse(value.func) in (
            "bytearray", "defaultdict", "deque", "dict", "list", "set")
        if (called or isinstance(value, CHANGEABLE)) \
                and not annotation.startswith(("Mapping", "Sequence")):
            yield name


@pytest.mark.parametrize("file", FILES)
def test_no_variable_of_a_machine_is_an_object_of_a_module(file):
    assert set(changeable(TREES[file])) - {"__all__"} <= FILLED_BY_DECORATORS
