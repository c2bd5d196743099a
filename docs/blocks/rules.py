"""Rules of paging that a block keeps: those that its code names, and the functions that it uses."""

import ast
import re
from functools import cache
from pathlib import Path


__all__ = ["heading_of", "rules_of"]


ROOT = Path(__file__).parents[2]


@cache
def _tree(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def _named(node: ast.ClassDef | ast.FunctionDef) -> list[int]:
    """Rules that the docstring of a class or function names in its last sentence."""
    text, *_ = re.split(r"\n\n(?:Ref:|.+\n---)", ast.get_docstring(node) or "")
    named = re.search(r"\bRules? (\d+(?:, \d+)*)\.$", text)
    return [int(number) for number in named[1].split(", ")] if named else []


def _imported(path: str) -> dict[str, set[str]]:
    """Names that a file of ``hw`` imports from others, by their paths."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ImportFrom) and node.level and node.module:
            folder = Path(path).parents[node.level - 1]
            there  = str(folder / node.module.replace(".", "/")) + ".py"
            if (ROOT / there).exists():
                found.setdefault(there, set()).update(alias.name for alias in node.names)
    return found


def rules_of(path: str) -> dict[int, list[tuple[str, str]]]:
    """Return the rules that a file keeps, each with the files and names of those who say so.

    Functions that it imports are among them, and those that these files import; blocks that it
    contains are not, for they have pages of their own.
    """
    rules: dict[int, list[tuple[str, str]]] = {}
    left: list[tuple[str, set[str] | None]] = [(path, None)]
    seen = set()
    while left:
        file, names = left.pop(0)
        nodes = [node for node in ast.walk(_tree(file))
                 if isinstance(node, ast.ClassDef | ast.FunctionDef)
                 and (names is None or isinstance(node, ast.FunctionDef) and node.name in names)]
        for node in nodes:
            for number in _named(node):
                if (file, node.name) not in rules.setdefault(number, []):
                    rules[number].append((file, node.name))
        if nodes and file not in seen:
            seen.add(file)
            left += _imported(file).items()
    return dict(sorted(rules.items()))


@cache
def _headings() -> dict[int, str]:
    text = (ROOT / "docs" / "paging-rules.md").read_text(encoding="utf-8")
    return {int(number): heading
            for heading, number in re.findall(r"^### (Rule (\d+): .+)$", text, re.MULTILINE)}


def heading_of(number: int) -> tuple[str, str]:
    """Return the heading of a rule on its page, and the anchor that a link to it needs."""
    heading = _headings()[number]
    return heading, re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
