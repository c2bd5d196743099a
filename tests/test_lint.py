"""The linter finds nothing; ruff.toml says what it looks for, and why."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest


ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_ruff_finds_nothing():
    found = subprocess.run([sys.executable, "-m", "ruff", "check", "--no-cache", "--quiet", ROOT],
                           capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")


def _opens_text(call):
    """True if a call opens a text file, or a program's output as text."""
    name  = getattr(call.func, "attr", getattr(call.func, "id", ""))
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    if name in ("read_text", "write_text"):
        return True
    if name == "open":
        # A mode stands after the name of the file, if that is an argument.
        modes = [argument.value for argument in (*call.args, *named.values())
                 if isinstance(argument, ast.Constant)]
        modes = [mode for mode in modes if re.fullmatch("[rwax][bt+]*", str(mode))]
        return isinstance(call.func, ast.Name) and not modes or any("b" not in m for m in modes)
    return "text" in named or "universal_newlines" in named


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["dragoncage", "hw", "sim", "sw"])
def test_no_text_is_read_or_written_in_the_locale_s_encoding(folder):
    found = [f"{path.relative_to(ROOT)}:{node.lineno}"
             for path in sorted((ROOT / folder).rglob("*.py"))
             for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
             if isinstance(node, ast.Call) and _opens_text(node)
             and not any(keyword.arg == "encoding" for keyword in node.keywords)]
    assert found == []


#: Words with which a question begins, or half of one.
QUESTIONS = re.compile(
    r"(What|How|Whether|Which|Who|Whose|Where|When|Why|Is|Does|Has|Are|Can|May)\b")


def _documented(tree):
    """Modules, classes and functions in a syntax tree, each with its docstring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node, ast.get_docstring(node) or ""


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["dragoncage", "hw", "sw", "sim", "tests", "docs"])
def test_docstrings_name_the_thing(folder):
    questions = [f"{path.relative_to(ROOT)}: {docstring.partition(chr(10))[0]}"
                 for path in sorted((ROOT / folder).rglob("*.py"))
                 for _, docstring in _documented(ast.parse(path.read_text(encoding="utf-8")))
                 if QUESTIONS.match(docstring)]
    assert questions == []
