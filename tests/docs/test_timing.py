"""The timing diagrams are what the unit does, and the pages show all of them."""

import json
import re
from pathlib import Path

import pytest

from docs.timing.diagrams import wavejson
from docs.timing.registry import DIAGRAMS


DOCS   = Path(__file__).parents[2] / "docs"
FOLDER = DOCS / "timing"


def texts_of(svg):
    """All that a drawing spells."""
    return re.findall(r"<tspan[^>]*>([^<]*)<", svg)


@pytest.mark.slow
@pytest.mark.parametrize("name", DIAGRAMS)
def test_a_diagram_is_what_a_run_shows(name):
    assert json.loads((FOLDER / f"{name}.json").read_text()) == wavejson(DIAGRAMS[name])


@pytest.mark.parametrize("name", DIAGRAMS)
def test_a_drawing_is_of_its_diagram(name):
    diagram = json.loads((FOLDER / f"{name}.json").read_text())
    lanes   = [lane for _, *lanes in diagram["signal"][1:] for lane in lanes]
    shown   = texts_of((FOLDER / f"{name}.svg").read_text())
    labels  = [label for lane in lanes for label in (lane["name"], *lane.get("data", ()))]
    assert diagram["head"]["text"] == DIAGRAMS[name].title and DIAGRAMS[name].title in shown
    assert sorted(label for label in shown if label in labels) == sorted(labels)


def test_a_page_shows_every_diagram():
    pages = [DOCS / "timing.md", *(DOCS / "blocks").glob("*.md")]
    shown = [name for page in pages
             for name in re.findall(r"!\[.+\]\((?:\.\./)?timing/([\w-]+)\.svg\)", page.read_text())]
    assert set(shown) == set(DIAGRAMS)
    assert sorted(path.stem for path in FOLDER.glob("*.svg")) == sorted(DIAGRAMS)
