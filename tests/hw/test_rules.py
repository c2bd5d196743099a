"""The page of rules, the tests of the rules, and the code of both readings agree."""

import ast
import re
from pathlib import Path

import pytest


ROOT = Path(__file__).parents[2]

READINGS = ("hw", "sim/golden")


def page():
    """Texts of the rules in docs/paging-rules.md, by number."""
    text = (ROOT / "docs" / "paging-rules.md").read_text(encoding="utf-8")
    _, *rules = text.split("### Rule ")
    for number, rule in enumerate(rules, start=1):
        assert rule.startswith(f"{number}:")
    return {number: " ".join(rule.split()) for number, rule in enumerate(rules, start=1)}


def modelled():
    """Rules that the page says are modelled."""
    return {number for number, rule in page().items()
            if f"Scope: modelled, `test_rule_{number:02}_*`" in rule}


def golden_only():
    """Rules that the page says are kept by the golden model, and not as such by the gateware."""
    return {number for number, rule in page().items()
            if f"Scope: golden model, `test_rule_{number:02}_*`; " in rule}


def rules_tested_in(folder):
    """Rules that have tests of their own in a folder of tests."""
    return {int(number) for file in (ROOT / "tests" / folder).glob("test_rules_*.py")
            for number in re.findall(r"def test_rule_(\d\d)_", file.read_text(encoding="utf-8"))}


def named_by_code(reading):
    """Rules that a docstring of ``reading`` names in its last sentence, each with the places."""
    places = {}
    for path in sorted((ROOT / reading).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                # A class tells its rules before its sections.
                text, *_ = re.split(r"\n\n(?:Ref:|.+\n---)", ast.get_docstring(node) or "")
                named    = re.search(r"\bRules? (\d+(?:, \d+)*)\.$", text)
                for number in named[1].split(", ") if named else ():
                    places.setdefault(int(number), []).append(f"{path.stem}.{node.name}")
    return places


def test_the_page_says_exactly_where_there_are_tests():
    assert modelled() == rules_tested_in("hw")
    assert golden_only() <= rules_tested_in("golden")
    assert modelled() | golden_only() == set(page()) == set(range(1, 38))


@pytest.mark.slow
def test_every_modelled_rule_is_named_by_the_gateware_that_keeps_it():
    assert modelled() <= set(named_by_code("hw"))


def test_every_rule_is_named_by_the_golden_model_or_the_page_says_why_not():
    missing = {number for number, rule in page().items() if "; not in `sim/golden`, " in rule}
    assert set(page()) - set(named_by_code("sim/golden")) == missing


@pytest.mark.slow
def test_every_rule_that_code_names_is_on_the_page():
    for reading in READINGS:
        assert set(named_by_code(reading)) <= set(page())


@pytest.mark.slow
def test_no_mention_of_a_rule_stands_where_it_is_not_seen():
    # Else it might name a rule that there is not.
    for reading in READINGS:
        mentioned = sum(len(re.findall(r"\bRules? \d", path.read_text(encoding="utf-8")))
                        for path in (ROOT / reading).rglob("*.py"))
        seen = {place for places in named_by_code(reading).values() for place in places}
        assert mentioned == len(seen)
