"""The files of the kernel, what they declare, and the map that the package has of them."""

import ast
import re
from pathlib import Path

import sw


__all__ = ["FILES", "TREES", "functions_and_structures", "is_public", "mapped", "variables"]


KERNEL = Path(sw.__file__).parent
FILES  = {path.relative_to(KERNEL).with_suffix("").as_posix(): path
          for path in sorted(KERNEL.rglob("*.py")) if path.name != "__init__.py"}
TREES  = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}

#: Calls whose results are variables of the kernel.
DECLARATIONS = ("DEFINE", "DEFINE_PER_CPU")


def is_public(name):
    """Whether others may use it: the C names with two underscores are no Python privacy."""
    return not name.startswith("_") or name.startswith("__") and not name.endswith("__")


def functions_and_structures(tree):
    """Names of the functions and structures of a file."""
    return [node.name for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]


def variables(tree):
    """Names of the variables of the kernel, and of each processor, that a file declares."""
    for node in tree.body:
        match node:
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
