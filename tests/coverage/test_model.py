"""The model of coverage: its bins, what cannot be, and where the rules have tests and code."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from hw.presets import PRESETS
from sim.coverage.model import model_of
from sim.coverage.points import rule_points
from sim.coverage.proofs import PROOFS, PROOFS_OF_NO_RULE, proofs_of
from sim.coverage.rules import RULES, code_of
from sim.coverage.stimulus import RECIPES
from sim.proofs.registry import PROPERTIES


ROOT  = Path(__file__).parents[2]
RULES_PAGE = (ROOT / "docs" / "paging-rules.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("preset", PRESETS)
def test_bins_are_named_by_the_axes_of_their_coverpoint_and_none_is_there_twice(preset):
    names = [coverpoint.name for coverpoint in rule_points(PRESETS[preset])]
    assert len(set(names)) == len(names)
    for coverpoint in rule_points(PRESETS[preset]):
        assert len(set(coverpoint.bins)) == len(coverpoint.bins)
        assert {len(values) for values in coverpoint.bins} == {len(coverpoint.axes)}
        assert coverpoint.recipe in RECIPES


def test_the_page_has_the_numbers_of_bins_and_the_readme_their_sum():
    model = model_of(PRESETS["full"])
    page  = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    ignored = Counter()
    for reasons in model.ignored.values():
        ignored.update({reason: len(bins) for reason, bins in reasons.items()})
    assert f"{len(model.bins):,} bins" in page
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"[coverage](docs/coverage.md) of {len(model.bins):,} bins" in readme
    assert f"Of all combinations {ignored.total()} are ignored" in page
    for reason, count in ignored.items():
        assert re.search(rf"^\| {count} \| {re.escape(reason)} \|", page, re.MULTILINE), reason


@pytest.mark.parametrize("preset", PRESETS)
def test_the_page_has_the_number_of_bins_of_each_preset(preset):
    page  = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    count = f"{len(model_of(PRESETS[preset]).bins):,}"
    assert re.search(rf"^\| `{preset}` \| {count} \|", page, re.MULTILINE)
    assert re.search(rf"`{preset}` (has [\d,]+ coverpoints with |has )?{count}\b",
                     page.replace("\n", " "))


def test_the_page_has_the_number_of_bins_of_each_group_of_rules():
    page   = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    model  = model_of(PRESETS["full"])
    groups = re.findall(r"^\| ([\d, to]+), (?:the|flags|modes|cached|keys).*\| (\d+) \|$", page,
                        re.MULTILINE)
    rules  = {text: _numbers(text) for text, _ in groups}
    assert sorted(number for numbers in rules.values() for number in numbers) == list(RULES)
    assert [(text, str(len(model.of_rules(rules[text])))) for text, _ in groups] == groups
    assert f"{len(model.coverpoints)} coverpoints" in page


def _numbers(text):
    """Numbers such as "19 to 21, 28"."""
    return [number for part in text.split(", ") for first, *last in [part.split(" to ")]
            for number in range(int(first), int((last or [first])[0]) + 1)]


@pytest.mark.parametrize("feature, coverpoint", [
    ("pks", "key rights"), ("pcid", "PCIDs"), ("la57", "addresses of 57 bits"), ("pae", "PDPTEs"),
    ("smap", "SMAP whatever WP"), ("pse", "PSE-36"), ("invpcid", "INVPCID refused"),
])
def test_a_unit_without_a_feature_has_reasons_in_place_of_its_bins(feature, coverpoint):
    def bins(config):
        return {bin_.values for bin_ in model_of(config).bins if bin_.coverpoint.name == coverpoint}

    full = PRESETS["full"]
    assert bins(replace(full, **{feature: False})) < bins(full)


def test_titles_and_sources_are_those_of_the_page_of_rules():
    found = re.findall(r"^### Rule (\d+): (.*?)\n(.*?)(?=^##|\Z)", RULES_PAGE, re.S | re.M)
    assert [(int(number), title) for number, title, _ in found] == [
        (rule.number, rule.title) for rule in RULES.values()]
    for number, _, text in found:
        assert f"SDM {RULES[int(number)].source}. Scope" in " ".join(text.split())


@pytest.mark.parametrize("number", RULES)
def test_a_rule_names_all_files_that_have_tests_of_it(number):
    files = {f"{path.parent.name}/{path.name}" for folder in ("hw", "golden")
             for path in (ROOT / "tests" / folder).glob("*.py")
             if f"def test_rule_{number:02}_" in path.read_text(encoding="utf-8")}
    assert set(RULES[number].tests) == files != set()


@pytest.mark.parametrize("name", sorted({*PROPERTIES, *PROOFS, *PROOFS_OF_NO_RULE}))
def test_a_property_proves_something_of_a_rule_or_it_is_said_why_not(name):
    # A property that is new here has its place in sim/coverage/proofs.py.
    assert name in PROPERTIES
    assert (name in PROOFS) != (name in PROOFS_OF_NO_RULE)
    assert set(PROOFS.get(name, {})) <= set(RULES) and PROOFS.get(name) != {}


def test_a_rule_names_its_proofs_one_by_one():
    assert [proof.name for proof in proofs_of(17)] == ["updater-stores", "updater-ends", "walks"]
    # What no property says is not claimed.
    assert proofs_of(16) == proofs_of(31) == []


def test_every_rule_has_code():
    assert all(any(code.name.startswith("hw.") for code in code_of(number)) for number in RULES)
    assert "def denied" in next(code.text for code in code_of(10)
                                if code.name == "hw.permission.denied")
