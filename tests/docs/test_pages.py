"""The pages: all are on the list, and their links lead to files that there are."""

import re
from pathlib import Path

import pytest


ROOT  = Path(__file__).parents[2]
LIST  = ROOT / "docs" / "README.md"
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]

#: The list of the pages of blocks.
BLOCKS = ROOT / "docs" / "blocks.md"

#: The file of a board that docs/boards.md adds.
EXAMPLES = {"hw/boards/evn.py"}


def links_of(page):
    """Files of ours that a page links or shows."""
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)", page.read_text())
    return [page.parent / target for target in targets if "://" not in target]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page):
    assert [link for link in links_of(page) if not link.exists()] == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGES.md"],
                         ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_are_named_are_there(page):
    text  = page.read_text()
    named = re.findall(r"`((?:hw|sw|sim|tests|docs)/[\w/.*-]+)`", text)
    # Tests are named by their files alone, too.
    named += [f"tests/**/{name}" for name in re.findall(r"`(test_\w+\.py)`", text)]
    assert [path for path in named if path not in EXAMPLES and not list(ROOT.glob(path))] == []


def test_every_page_is_on_the_list():
    listed = [link.resolve() for link in links_of(LIST)] + [
        link.resolve() for link in links_of(BLOCKS) if link.parent == ROOT / "docs" / "blocks"]
    assert [page.name for page in (ROOT / "docs").rglob("*.md")
            if page != LIST and page not in listed] == []
    assert len(set(listed)) == len(listed)
