"""Docstrings of components and comments on fields, as the Verilog and the pages show them."""

import pytest
from amaranth.hdl import unsigned
from amaranth.lib import data, enum

from sim.verilog.docstrings import comments_of, docstring_of, entries_of


class Layout(data.Struct):
    """A layout."""

    #: What takes two lines
    #: stands above.
    first:  1
    second: 2  #: What takes one stands behind.
    third:  3


class Number(enum.Enum, shape=unsigned(1)):
    """An enumeration."""

    ZERO = 0
    ONE  = 1  #: Not zero.


class Outside:
    """First sentence, which
    goes on.

    Second paragraph.

    Members
    -------
    data, valid : :py:`Out(8)`, :py:`Out(1)`
        A byte, and whether
        it is there.
    ready : :py:`In(1)`
        It is taken.
    """


class Inside:
    """A component that is connected to another.

    Members
    -------
    data, ready
        The other side of :class:`.test_docstrings.Outside`.
    valid
        As those of :class:`.test_docstrings.Outside`.
    """


def test_comments_stand_behind_a_field_or_above_it():
    assert comments_of(Layout) == {
        "first": "What takes two lines stands above.", "second": "What takes one stands behind.",
        "third": ""}
    assert comments_of(Number) == {"ZERO": "", "ONE": "Not zero."}


def test_a_docstring_has_parts():
    told = docstring_of(Outside)
    assert (told.summary, told.body) == ("First sentence, which goes on.", "Second paragraph.")
    assert list(told.sections) == ["Members"]


def test_ports_that_are_explained_together_have_a_shape_each():
    both, ready = entries_of(Outside, "Members")
    assert (both.names, both.text) == (("data", "valid"), "A byte, and whether it is there.")
    assert [both.shape_of(name) for name in both.names] == ["Out(8)", "Out(1)"]
    assert ready.shape_of("ready") == "In(1)"


@pytest.mark.slow
def test_ports_of_another_component_are_explained_as_there():
    assert [(entry.names, entry.shapes, entry.text) for entry in entries_of(Inside, "Members")] == [
        (("data",),  ("In(8)",),  "A byte, and whether it is there."),
        (("ready",), ("Out(1)",), "It is taken."),
        (("valid",), ("Out(1)",), "A byte, and whether it is there."),
    ]
