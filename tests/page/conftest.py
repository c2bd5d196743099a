"""Pages of runs in a browser."""

import pytest
from browser_support import visit

from sim.page.html import page_of

from .page_support import played
from .reader_support import Reader


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """A folder with two pages: ``article.html``, and ``shootdown.html`` of two processors."""
    folder = tmp_path_factory.mktemp("pages")
    for name in ("article", "shootdown"):
        (folder / f"{name}.html").write_text(page_of(played(name).document), encoding="utf-8")
    return folder


@pytest.fixture
def reader(chromium, pages):
    """Someone who reads the page of the article on a desk."""
    with visit(chromium, viewport={"width": 1400, "height": 900}, reduced_motion="reduce") as tab:
        yield Reader(tab, pages / "article.html")
