"""The page of rules and the tests of the rules agree on what is modelled."""

import re
from pathlib import Path


def test_the_page_says_modelled_exactly_where_there_are_tests():
    here = Path(__file__).parent
    page = here.parents[1] / "docs" / "paging-rules.md"
    _, *rules = page.read_text().split("### Rule ")
    modelled  = set()
    for number, rule in enumerate(rules, start=1):
        assert rule.startswith(f"{number}:")
        if f"Scope: modelled, `test_rule_{number:02}_*`" in " ".join(rule.split()):
            modelled.add(number)
    tested = {
        int(number) for file in here.glob("test_rules_*.py")
        for number in re.findall(r"def test_rule_(\d\d)_", file.read_text())
    }
    assert (len(rules), modelled) == (27, tested)
