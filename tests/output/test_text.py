"""Text as wide as the terminal: its width, paragraphs, and tables that do not fit."""

import io
import os
import sys

import pytest

from sim.output.text import columns, table, wrap


class Terminal(io.StringIO):
    """A terminal; ``fileno`` is asked for its size."""

    def isatty(self):
        return True

    def fileno(self):
        return 1


@pytest.fixture
def wide(monkeypatch):
    """Sets the columns of the terminal, if standard output is one."""
    def set_(terminal, variable=None, stream=None):
        monkeypatch.delenv("COLUMNS", raising=False)
        if variable is not None:
            monkeypatch.setenv("COLUMNS", variable)
        monkeypatch.setattr(sys, "stdout", stream or (Terminal() if terminal else io.StringIO()))
        monkeypatch.setattr(os, "get_terminal_size",
                            lambda descriptor: os.terminal_size((terminal, 24)))
    return set_


@pytest.mark.parametrize("terminal, variable, expected", [
    (0,   None,    80),    # a file or a pipe
    (132, None,    132),
    (20,  None,    40),
    (300, None,    200),
    (132, "60",    60),
    (0,   "60",    60),
    (132, "many",  132),
    (132, "0",     132),
    (0,   "-5",    80),
])
def test_the_width_is_that_of_the_terminal_or_what_the_environment_says(
        wide, terminal, variable, expected):
    wide(terminal, variable)
    assert columns() == expected


def test_a_terminal_that_does_not_say_has_80_columns(wide, monkeypatch):
    wide(132)
    def fail(descriptor):
        raise OSError("not a terminal after all")
    monkeypatch.setattr(os, "get_terminal_size", fail)
    assert columns() == 80


ROWS = [("entry", "at", "bits", "count"), ("PML4E", "0x67f8", "P R/W U/S A", "7"),
        ("PTE", "-", "", "12")]


def test_a_table_that_fits_has_a_line_a_row(wide):
    wide(60)
    assert table(ROWS, indent="  ") == ("  entry      at  bits         count\n"
                                        "  PML4E  0x67f8  P R/W U/S A      7\n"
                                        "  PTE         -                  12\n")


def test_a_row_of_a_table_that_does_not_fit_is_a_paragraph(wide):
    wide(40)
    rows = [(*row, "far to the right" if number else "where")
            for number, row in enumerate(ROWS)]
    assert table(rows, indent="  ") == ("  entry PML4E\n"
                                        "    at 0x67f8, bits P R/W U/S A, count\n"
                                        "      7, where far to the right\n"
                                        "  entry PTE\n"
                                        "    count 12, where far to the right\n")


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_paragraphs_fill_the_width(wide, width):
    wide(width)
    lines = wrap("word " * 200, "  ")
    assert width - 5 <= max(map(len, lines)) <= width
