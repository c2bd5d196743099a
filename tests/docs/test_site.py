"""The site of the documentation builds, each reference leads somewhere, docstrings are in it."""

import html
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Folder of the site, made of a copy of the pages, beside which the code is linked."""
    root = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "docs", root / "docs")
    for page in [*ROOT.glob("*.md"), ROOT / "LICENSE"]:
        shutil.copy(page, root)
    for package in ("hw", "sw", "sim"):
        (root / package).symlink_to(ROOT / package)
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-c", "docs", ".",
         "build/site"],
        cwd=root, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return root / "build" / "site"


def shown(page):
    """The text of a page."""
    return html.unescape(re.sub(r"<[^>]+>", "", page.read_text()))


def test_a_component_is_shown_with_parameters_latency_and_members(site):
    text = shown(site / "build" / "reference" / "hw.mmu.html")
    assert "class hw.mmu.Mmu(config=None)" in text
    assert "config (MmuConfig)" in text
    assert "Latency" in text
    assert "memory (Out(WishboneSignature(maxphyaddr=config.maxphyaddr)))" in text


def test_a_short_name_is_a_link(site):
    page = (site / "build" / "reference" / "hw.mmu.html").read_text()
    assert 'href="hw.config.html#hw.config.MmuConfig"' in page


def test_the_pages_lead_to_each_other(site):
    assert 'href="docs/scenarios.html"' in (site / "README.html").read_text()
    assert 'href="../README.html"' in (site / "docs" / "scenarios.html").read_text()


def test_the_site_shows_the_diagrams(site):
    assert list((site / "_images").glob("hits.svg"))


def test_the_code_leads_to_the_pages_however_deep_it_is(site):
    code = site / "_modules"
    for page in (code / "hw" / "mmu.html", code / "sim" / "engines" / "pysim.html"):
        [link] = re.findall(r'toctree-l1"><a class="reference internal" href="(.*scenarios\.html)"',
                            page.read_text())
        assert (page.parent / link).resolve() == site / "docs" / "scenarios.html"
