"""The page as it opens: whole, without an error, and without a word to anybody."""

import json
import re
from pathlib import Path

import pytest
from browser_support import served, visit

from .page_support import played


pytestmark = pytest.mark.slow

WIDTHS = (390, 1024, 1920)


@pytest.fixture(params=["file", "http"])
def address(request, pages):
    """The address of the folder of pages: of files, and of a server."""
    if request.param == "file":
        yield pages.as_uri()
        return
    with served(pages) as root:
        yield root


@pytest.mark.parametrize("name", ["article", "shootdown"])
def test_it_opens_without_errors_and_asks_for_nothing(chromium, address, name):
    with visit(chromium) as tab:
        tab.page.goto(f"{address}/{name}.html")
        tab.page.wait_for_selector("h1")
        assert (tab.errors, tab.requests) == ([], [f"{address}/{name}.html"])
        assert tab.page.inner_text("h1") == played(name).document["run"]["title"]


def test_it_can_be_sent_by_mail(pages):
    assert (pages / "article.html").stat().st_size < 2_000_000


def test_it_could_not_ask_for_anything(chromium, pages):
    with served(pages) as root, visit(chromium) as tab:
        tab.page.goto(f"{root}/article.html")
        answer = tab.page.evaluate(
            "fetch('shootdown.html').then(() => 'answered', () => 'refused')")
        assert answer == "refused"
        assert tab.requests == [f"{root}/article.html"]


@pytest.mark.parametrize("name", ["article", "shootdown"])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window(chromium, pages, name, width):
    with visit(chromium, viewport={"width": width, "height": 800}) as tab:
        tab.page.goto((pages / f"{name}.html").as_uri())
        tab.page.wait_for_selector("h1")
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width


#: Names of signals that are cut, once all groups are open, and TLBs that are not all in sight.
CUT = """() => {
    document.querySelectorAll(".wave-names [aria-expanded=false]").forEach(each => each.click());
    const wide  = each => each.scrollWidth > each.clientWidth;
    const names = [...document.querySelectorAll(".wave-names tbody th")].filter(wide);
    const tlbs  = [...document.querySelectorAll(".tlb .scroll")];
    const cut   = [...names, ...tlbs.filter(wide)].map(each => each.textContent);
    return { signals: document.querySelectorAll(".wave-names tbody th").length,
             tlbs: tlbs.length, cut };
}"""


@pytest.mark.parametrize("name, place", [("article", "#claim=7.2"), ("shootdown", "#claim=2.3")])
@pytest.mark.parametrize("width", WIDTHS)
def test_names_of_signals_and_what_a_tlb_holds_are_whole(chromium, pages, name, place, width):
    with visit(chromium, viewport={"width": width, "height": 800}) as tab:
        tab.page.goto(f"{(pages / f'{name}.html').as_uri()}{place}")
        tab.page.wait_for_selector(".tlb td")
        found = tab.page.evaluate(CUT)
        assert found["cut"] == []
        assert found["signals"] > 60 and found["tlbs"] == 1


def test_all_acts_and_claims_are_there(reader):
    reader.open()
    run = played("article").document["run"]
    for act in run["acts"]:
        assert act["title"] in reader.text("#acts")
        for claim in act["claims"]:
            assert claim["text"] in reader.text("#acts")
    assert f"All {sum(len(act['claims']) for act in run['acts'])} claims hold." in reader.text(
        "#summary")


def test_a_claim_that_fails_is_told(reader):
    document = json.loads(json.dumps(played("article").document))
    document["run"]["holds"] = document["run"]["acts"][0]["claims"][1]["holds"] = False
    reader.open()
    reader.show(document)
    claims = len(document["claims"])
    assert f"1 of {claims} claims does not hold." in reader.text("#summary")
    assert reader.text("#acts .fails .sign") == "FAILED"
    assert document["run"]["acts"][0]["claims"][1]["expected"] in reader.text("#acts .fails")


def test_a_document_that_is_not_known_is_told(chromium, pages, tmp_path):
    page = (pages / "article.html").read_text(encoding="utf-8")
    before, after = page.split('<script type="application/json"')
    after = after.partition("</script>")[2]
    other = tmp_path / "other.html"
    other.write_text(f'{before}<script type="application/json" id="run">{{"schema": 2}}</script>'
                     f"{after}", encoding="utf-8")
    with visit(chromium) as tab:
        tab.page.goto(other.as_uri())
        tab.page.wait_for_selector("#summary >> text=documents of schema 1, and not of 2")


def test_a_program_takes_the_document_out_as_is_told(pages, monkeypatch):
    told = (Path(__file__).parents[2] / "docs/page-document.md").read_text(encoding="utf-8")
    found = {}
    monkeypatch.chdir(pages)
    exec(re.search(r"```python\n(.+?)```", told, re.DOTALL)[1], found)
    assert found["document"] == played("article").document
