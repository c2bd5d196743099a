"""The kernel's map is true, its modules need each other one way, and its state has owners."""

import ast
import re
from pathlib import Path

import pytest

import sw


KERNEL = Path(sw.__file__).parent
FILES  = {path.relative_to(KERNEL).with_suffix("").as_posix(): path
          for path in sorted(KERNEL.rglob("*.py")) if path.name != "__init__.py"}
TREES  = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}

#: Calls whose results are variables of the kernel.
DECLARATIONS = ("DEFINE", "DEFINE_PER_CPU")


def is_public(name):
    """Whether others may use it: the C names with two underscores are no Python privacy."""
    return not name.startswith("_") or name.startswith("__") and not name.endswith("__")


def declared(tree):
    """Names of the public functions, structures and variables of a file."""
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name):
                yield name
            case (ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id=call)))
                  | ast.AnnAssign(target=ast.Name(id=name),
                                  value=ast.Call(func=ast.Name(id=call)))) if call in DECLARATIONS:
                yield name


def mapped():
    """Names by file, as the docstring of the package lists them."""
    files, names = {}, None
    for line in re.findall(r"^    (\S.*|  +\S.*)$", sw.__doc__, flags=re.MULTILINE):
        if not line.startswith(" "):
            file, *words = line.split()
            assert file not in files, f"{file} is listed twice"
            names = files.setdefault(file, [])
        else:
            words = line.split()
        names += words
    return files


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
    assert sorted(mapped().get(file, [])) == sorted(filter(is_public, declared(TREES[file])))


def test_the_map_lists_no_file_that_is_not_there():
    assert set(mapped()) <= set(FILES)


def test_no_file_needs_one_that_needs_it():
    order, open_ = [], []

    def visit(file):
        assert file not in open_, " -> ".join([*open_[open_.index(file):], file])
        if file not in order:
            open_.append(file)
            for other in imports(file):
                visit(other)
            order.append(open_.pop())

    for file in FILES:
        visit(file)


@pytest.mark.parametrize("file", [file for file in FILES if file.startswith("processor/")])
def test_the_processor_knows_the_bus_alone(file):
    assert {other for other in imports(file) if not other.startswith("processor/")} <= {"bus"}


@pytest.mark.parametrize("file", FILES)
def test_no_variable_of_a_machine_is_a_global_of_python(file):
    # It would be shared by all machines of the process, and by all tests.
    assert not [node.lineno for node in ast.walk(TREES[file]) if isinstance(node, ast.Global)]
