"""A browser that tells what a page complains of, and that gives it nothing from the network."""

import pytest
from browser_support import launched, served, visit


pytestmark = pytest.mark.slow

PAGE = """<!doctype html>
<title>a page</title>
<link rel="icon" href="data:,">
<script>
  console.log("only said");
  console.error("a complaint");
  fetch("beside.txt").then(response => response.text()).then(text => { document.title = text; });
  setTimeout(() => { throw new Error("not caught"); });
</script>
"""

ELSEWHERE = '<img src="http://example.com/picture.png"><link rel="icon" href="data:,">'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "page.html").write_text(PAGE)
    (tmp_path / "elsewhere.html").write_text(ELSEWHERE)
    (tmp_path / "beside.txt").write_text("what is beside it")
    return tmp_path


def test_a_page_gets_what_is_served_and_its_complaints_are_kept(chromium, folder):
    with served(folder) as root, visit(chromium) as tab:
        tab.page.goto(f"{root}/page.html")
        tab.page.wait_for_function("document.title == 'what is beside it'")
        assert tab.errors == [f"a complaint ({root}/page.html)", "not caught"]
        assert tab.requests == [f"{root}/page.html", f"{root}/beside.txt"]
        assert tab.refused == []


@pytest.mark.parametrize("way", ["served", "opened"])
def test_a_page_gets_nothing_from_elsewhere(chromium, folder, way):
    with served(folder) as root, visit(chromium) as tab:
        tab.page.goto(f"{root if way == 'served' else f'file://{folder}'}/elsewhere.html")
        assert tab.refused == ["http://example.com/picture.png"]
        [error] = tab.errors
        assert "ERR_FAILED (http://example.com/picture.png)" in error


def test_a_tab_has_the_size_that_it_is_asked_for(chromium, folder):
    with visit(chromium, viewport={"width": 390, "height": 844}) as tab:
        assert tab.page.evaluate("innerWidth") == 390


def test_without_chromium_the_package_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(FileNotFoundError, match="sudo apt-get install chromium"), launched():
        pass
