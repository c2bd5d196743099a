"""The page of a campaign: found, opened and read, by keyboard, on a telephone, in the dark."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from browser_support import visit

from sim.coverage import places
from sim.coverage.page import page
from tests.coverage.coverage_support import document


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    written = tmp_path_factory.mktemp("coverage") / "coverage.html"
    written.write_text(page(document(), written.parent), encoding="utf-8")
    return written


@pytest.mark.parametrize("width, scheme", [(390, "dark"), (1440, "light")])
def test_a_checker_finds_nothing_serious_and_nothing_is_asked_for(
        chromium, axe, file, width, scheme):
    with visit(chromium, viewport={"width": width, "height": 900}, color_scheme=scheme,
               bypass_csp=True) as tab:
        tab.page.goto(f"{file.as_uri()}#rule-18")
        for summary in tab.page.locator("#rule-18 summary").all()[1:]:
            summary.click()
        tab.page.evaluate(axe)
        found = tab.page.evaluate("axe.run()")
        assert [(each["id"], [node["html"] for node in each["nodes"]][:3])
                for each in found["violations"] if each["impact"] in ("serious", "critical")] == []
        assert tab.page.evaluate("document.documentElement.scrollWidth") == width
        assert tab.errors == [] and tab.requests == [file.as_uri()]


def test_bins_are_found_and_a_stimulus_is_shown_by_keyboard_alone(chromium, file):
    with visit(chromium) as tab:
        tab.page.goto(file.as_uri())
        tab.page.keyboard.press("Tab")
        tab.page.keyboard.type("4-level 2m first")
        assert tab.page.inner_text("#found") == "3 bins"
        tab.page.keyboard.press("Tab")
        tab.page.keyboard.press("Space")
        assert tab.page.is_checked("#holes") and tab.page.is_visible("#rule-18")
        tab.page.fill("#find", "")
        tab.page.uncheck("#holes")
        tab.page.focus("#rule-18 summary")
        tab.page.keyboard.press("Enter")
        tab.page.focus("#rule-18 table button")
        tab.page.keyboard.press("Enter")
        shown = tab.page.inner_text("#stimulus")
        assert "--set unit.smap=1 --seed 1 --stimulus " in shown and '"version": 2' in shown
        tab.page.keyboard.press("Escape")
        assert not tab.page.is_visible("#stimulus")


def test_links_lead_to_files_and_to_the_lines_that_they_name(chromium, file):
    with visit(chromium) as tab:
        tab.page.goto(f"{file.as_uri()}#rule-18")
        found = {link.text_content(): link.evaluate("link => link.href")
                 for link in tab.page.locator("#rule-18 a").all()}
        assert {name.split(":")[0] for name in found} == {
            "docs/paging-rules.md", "docs/proofs.md", "tests/hw/test_rules_flags.py",
            "hw/translator.py", "sim/golden/mmu.py"}
        for name, address in found.items():
            path, line = name.split(":")
            text = Path(unquote(address.removeprefix("file://"))).read_text(encoding="utf-8")
            assert address.endswith(path)
            assert re.search(r"18|`translated`|^ *(class|def) ",
                             text.splitlines()[int(line) - 1]), name


def test_a_page_of_an_installed_package_names_what_it_has_no_link_to(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "ROOT", tmp_path)
    places._lines.cache_clear()
    text = page(document(), tmp_path)
    places._lines.cache_clear()
    assert '"sentences": {"text": "docs/paging-rules.md", "href": null}' in text


def test_holes_differences_and_impossible_hits_are_told(chromium, file):
    with visit(chromium) as tab:
        tab.page.goto(f"{file.as_uri()}#rule-18")
        assert "1 of 80 bins hit" in tab.page.inner_text("#total")
        assert "Difference, stimulus 0.0: so" in tab.page.inner_text("#failures")
        assert tab.page.locator("#rule-18 tr.unhit").count() == 79
        assert "cannot be: 21 bins; the second level of the TLB serves no write" in \
            tab.page.inner_text("#rule-18")
