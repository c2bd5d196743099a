"""The pages of the blocks are what the code says, and every block has one."""

import inspect
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

import hw
from docs.blocks.catalog import BLOCKS
from docs.blocks.pages import PAGES
from docs.blocks.ports import disagreements


DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_code_says(name):
    assert (DOCS / name).read_text() == PAGES[name]()


def test_there_are_no_other_pages():
    assert {f"blocks/{path.name}" for path in (DOCS / "blocks").glob("*.md")} | {"blocks.md"} \
        == set(PAGES)


def test_every_component_has_a_page():
    modules = [import_module(found.name) for found in walk_packages(hw.__path__, "hw.")
               if not found.name.startswith(("hw.demo", "hw.boards"))]
    found   = {thing for module in modules for thing in vars(module).values()
               if inspect.isclass(thing) and issubclass(thing, wiring.Component)
               and thing.__module__ == module.__name__}
    assert found == {block.component for block in BLOCKS}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.name)
def test_a_docstring_says_what_the_ports_are(block):
    assert list(disagreements(block)) == []


class Wrong(wiring.Component):
    """A component whose docstring is wrong in each way.

    Members
    -------
    first : :py:`In(2)`
        Of another shape.
    second : :py:`Out(1)`
        Not there.
    fourth, fourth : :py:`Out(1)`
        Said twice.
    """

    first:  In(1)
    third:  Out(1)
    fourth: Out(1)


def test_a_docstring_that_is_wrong_is_told():
    wrong = replace(BLOCKS[0], component=Wrong, parameters={})
    assert set(disagreements(wrong)) == {
        "first is In(1), not In(2)", "there is no second", "third is not explained",
        "fourth is explained twice"}
