"""Docstrings of components, signatures and layouts, part by part; comments on fields."""

import inspect
import re
import sys
from dataclasses import dataclass
from typing import Any


__all__ = ["Docstring", "Entry", "comments_of", "docstring_of", "entries_of"]


@dataclass(frozen=True)
class Entry:
    """Ports, or parameters, that a docstring explains together.

    Attributes
    ----------
    names : sequence of :class:`str`
        Their names.
    shapes : sequence of :class:`str`
        What stands behind the colon: one for each, or one for all; empty, if nothing does.
    text : :class:`str`
        What they mean.
    home : :class:`str`
        The module in which the shapes are to be read.
    """

    names:  tuple[str, ...]
    shapes: tuple[str, ...]
    text:   str
    home:   str

    def shape_of(self, name: str) -> str:
        """Return the shape of one of them, as the docstring spells it."""
        if not self.shapes:
            return ""
        return self.shapes[self.names.index(name) if len(self.shapes) > 1 else 0]


@dataclass(frozen=True)
class Docstring:
    """Parts of a docstring.

    Attributes
    ----------
    summary, body : :class:`str`
        The first sentence, and the paragraphs that follow.
    sections : mapping of :class:`str` to :class:`str`
        Texts of the sections, by their headings.
    """

    summary:  str
    body:     str
    sections: dict[str, str]


def docstring_of(thing: Any) -> Docstring:
    """Return the parts of the docstring of a class or function."""
    text = inspect.getdoc(thing) or ""
    head, *rest = re.split(r"^(\w+)\n-+\n", text, flags=re.MULTILINE)
    summary, _, body = head.strip().partition("\n\n")
    return Docstring(" ".join(summary.split()), body,
                     dict(zip(rest[::2], map(str.strip, rest[1::2]), strict=True)))


def entries_of(cls: type, section: str) -> list[Entry]:
    """Return the entries of a section of the docstring of a class."""
    text, entries = docstring_of(cls).sections.get(section, ""), []
    for head, below in re.findall(r"^(\S.*)\n((?:    .*\n?|\n)+)", text, re.MULTILINE):
        names, _, shapes = head.partition(" : ")
        entries.append(Entry(tuple(names.split(", ")),
                             tuple(re.findall(r":py:`([^`]*)`", shapes)) or (
                                 (shapes,) if shapes else ()),
                             " ".join(below.split()), cls.__module__))
    return _followed(cls, section, entries)


_FLIPPED = {"In": "Out", "Out": "In"}


def _followed(cls: type, section: str, entries: list[Entry]) -> list[Entry]:
    """Replace entries that only say "as those of" or "the other side of" another component."""
    followed = []
    for entry in entries:
        other = re.fullmatch(r"(As those of|The other side of) :class:`([\w.]+)`\.", entry.text)
        if not other:
            followed.append(entry)
            continue
        module, _, name = other[2].rpartition(".")
        if module.startswith("."):
            module = cls.__module__.rpartition(".")[0] + module
        for there in entries_of(getattr(sys.modules[module], name), section):
            names = tuple(name for name in there.names if name in entry.names)
            if names:
                shapes = [there.shape_of(name) for name in names]
                if other[1] == "The other side of":
                    shapes = [re.sub("^(In|Out)", lambda way: _FLIPPED[way[1]], shape)
                              for shape in shapes]
                followed.append(Entry(names, tuple(shapes), there.text, there.home))
    return followed


def comments_of(layout: Any) -> dict[str, str]:
    """Return what the comments ``#:`` say of the fields of a layout, or of the values of an enum.

    Such a comment stands behind a field, or above it. ``layout`` is a class, or a function that
    makes a layout.
    """
    said: dict[str, str] = {}
    above: list[str] = []
    for line in inspect.getsource(layout).splitlines():
        code, _, comment = line.partition("#:")
        field = re.match(r' *"?(\w+)"? *[:=] ', code)
        if field:
            said[field[1]] = " ".join([*above, *filter(None, [comment.strip()])])
        above = [*above, comment.strip()] if comment and not code.strip() else []
    return said
