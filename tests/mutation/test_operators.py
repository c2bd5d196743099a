"""Changes of syntax trees."""

import ast

import pytest

from sim.mutation.kernel.operators import sites


def function(*lines):
    """The text of a function with this body."""
    return "def f(a, b=1):\n" + "".join(f"    {line}\n" for line in lines)


def mutants(text):
    """Texts of all mutants but those that return at once, each in one line, by their kinds."""
    found = []
    for place, site in enumerate(sites(ast.parse(text))):
        if site.kind == "early return":
            continue
        tree = ast.parse(text)
        list(sites(tree))[place].apply()
        body = ast.unparse(ast.fix_missing_locations(tree)).splitlines()[1:]
        found.append((site.kind, "; ".join(line.strip() for line in body)))
    return found


@pytest.mark.parametrize("line, kind, changed", [
    ("return a < b",            "comparison",        "return a <= b"),
    ("return a <= b",           "comparison",        "return a < b"),
    ("return a == b",           "comparison",        "return a != b"),
    ("return a not in b",       "comparison",        "return a in b"),
    ("return a is b",           "comparison",        "return a is not b"),
    ("return a and b",          "boolean",           "return a or b"),
    ("return not a",            "boolean",           "return a"),
    ("return a | b",            "flag bits",         "return a"),
    ("return a & ~b",           "flag bits",         "return a"),
    ("return True",             "constant",          "return False"),
    ("a.b = b",                 "removed statement", "pass"),
    ("a(b)",                    "removed statement", "pass"),
    ("a += b",                  "removed statement", "pass"),
    ("raise a",                 "removed statement", "pass"),
])
def test_a_statement_has_its_mutant(line, kind, changed):
    # The first line keeps it from being all there is.
    assert mutants(function("c = a", line)) == [(kind, f"c = a; {changed}")]


def test_a_constant_is_one_more_and_one_less():
    assert mutants(function("return a[7]")) == [
        ("constant", "return a[8]"), ("constant", "return a[6]")]


def test_a_condition_is_turned():
    assert mutants(function("if a:", "    return b")) == [
        ("swapped branch", "if not a:; return b")]
    assert mutants(function("while a:", "    return b")) == [
        ("inverted loop", "while not a:; return b")]


def test_a_condition_is_turned_once():
    assert mutants(function("if not a:", "    return b")) == [("boolean", "if a:; return b")]
    assert mutants(function("if a is b:", "    return b")) == [
        ("comparison", "if a is not b:; return b")]
    assert mutants(function("if a < b:", "    return b")) == [
        ("swapped branch", "if not a < b:; return b"), ("comparison", "if a <= b:; return b")]


@pytest.mark.parametrize("lines, changed, executed", [
    (["if (a and", "        b):", "    a()"],  "and becomes or in: a and b",  [2, 3]),
    (["if a: b()"],                            "not (a)",                     [2]),
    (["b(", "    a)"],                         "without: b(a)",               [2, 3]),
    (["with a:", "    b()"],                   "without: b()",                [3]),
    (["a()", "b()"],                           "f returns at once",           [1, 2, 3]),
])
def test_a_change_shows_when_its_lines_are_executed(lines, changed, executed):
    [site] = [site for site in sites(ast.parse(function(*lines))) if site.change == changed]
    assert list(site.lines) == executed


def test_equal_changes_of_a_function_are_numbered():
    text = function("if a:", "    return 0", "return 0") + "def g():\n    return 0\n"
    assert [site.change for site in sites(ast.parse(text)) if site.change.startswith("0")] == [
        "0 becomes 1 in: return 0", "0 becomes -1 in: return 0", "0 becomes 1 in: return 0 [2]",
        "0 becomes -1 in: return 0 [2]", "0 becomes 1 in: return 0", "0 becomes -1 in: return 0"]


def test_a_function_may_return_at_once_and_keeps_its_docstring():
    text = function('"""Words."""', "return a")
    tree = ast.parse(text)
    first, *_ = sites(tree)
    first.apply()
    assert ast.unparse(ast.fix_missing_locations(tree)).splitlines()[1:] == [
        '    """Words."""', "    return", "    return a"]


@pytest.mark.parametrize("text", [
    "LIMIT = 3 < 4\n", "class C:\n    x: int = 1\n", function("assert a < 1, 'no'"),
    function("c = f'{a + 1}'"), function("c = zip(a, b, strict=True)"), function("raise a"),
    function('"""Words."""'),
], ids=["a module", "a class", "an assertion", "a text", "an assertion of zip", "a refusal",
        "words alone"])
def test_what_is_left_alone(text):
    assert mutants(text) == []
