"""Pages of runs in a browser, and the sources that they are built of."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from browser_support import visit

from sim.page.html import page_of

from .page_support import played
from .reader_support import Reader


SOURCES = Path(__file__).parents[2] / "sim" / "page" / "web"


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


@pytest.fixture(scope="session")
def npm(tmp_path_factory):
    """Runs npm in a copy of the sources that has the packages of the lock file."""
    folder = tmp_path_factory.mktemp("sources") / "web"
    shutil.copytree(SOURCES, folder, ignore=shutil.ignore_patterns("node_modules"))
    # The explorer's table, which goes into the page, is beside the sources.
    (folder.parent / "built").mkdir()
    shutil.copy(SOURCES.parent / "built" / "decisions.json", folder.parent / "built")
    programs = Path(sys.executable).parent

    def run(*arguments):
        done = subprocess.run([programs / "npm", *arguments], cwd=folder, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              env={**os.environ,
                                   "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"})
        assert done.returncode == 0, done.stdout
        return folder

    run("ci")
    return run
