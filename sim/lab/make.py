"""Maker of the lab: a folder for a web server, or one file."""

import base64
import gzip
import io
import json
import shutil
import zipfile
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hw.presets import PRESETS
from sim.engines.cxxrtl.machines import fill
from sim.engines.cxxrtl.platforms import WASM
from sim.errors import Unavailable
from sim.output.files import written
from sim.scenarios import SCENARIOS

from .choices import offered
from .notices import notices
from .packages import archive, compiled
from .pyodide import pyodide


__all__ = ["parts", "write_file", "write_folder"]


#: Places in the built page: the parts that are in it, and whom it may ask for others.
PLACE, ASKED = "<!--PARTS-->", "<!--ASKED-->"

#: The part with all packages, and the folder in it with the machines.
PACKAGES, MACHINES = "packages.zip", "machines"


def parts(announce: Callable[[str], None], remark: Callable[[str], None], *,
          pyodide_file: Path | None = None) -> dict[str, bytes]:
    """Parts of a lab by name, each packed by gzip: Python, the packages, and the machines.

    ``announce`` is called with what is done next, and ``remark`` with what the lab will lack.
    Raises :class:`sim.errors.Unavailable` without Pyodide.
    """
    announce("Pyodide")
    python = pyodide(pyodide_file)
    announce("the packages")
    packages = archive()
    try:
        packages, python = compiled(packages, python)
    except Unavailable as error:
        remark(f"it takes some seconds longer to start: {error}")
    with TemporaryDirectory() as folder:
        machines = Path(folder)
        try:
            fill(machines, WASM, presets=PRESETS,
                 cpus=sorted({scenario.cpus for scenario in SCENARIOS.values()}),
                 announce=lambda name: announce(f"the machine {name}"))
        except Unavailable as error:
            shutil.rmtree(machines)
            machines.mkdir()
            remark(f"it plays on Amaranth's simulator, a minute a scenario: {error}")
        found = {**python, PACKAGES: _with_files(packages, machines)}
    return {name: gzip.compress(content, mtime=0) for name, content in found.items()}


def write_folder(folder: Path, found: Mapping[str, bytes]) -> None:
    """Write a lab as files for any web server, into a folder that exists.

    Raises :class:`OSError`, and :class:`sim.output.files.FileTrouble`.
    """
    (folder / "parts").mkdir(exist_ok=True)
    for name, packed in found.items():
        (folder / "parts" / f"{name}.gz").write_bytes(packed)
    with written(folder / "index.html") as [file]:
        file.write(_page({}, found, asked="'self'"))


def write_file(file: Path, found: Mapping[str, bytes]) -> None:
    """Write a lab as one page. Raises :class:`sim.output.files.FileTrouble`."""
    with written(file) as [opened]:
        opened.write(_page(found, found, asked="'none'"))


def _page(inside: Mapping[str, bytes], found: Mapping[str, bytes], *, asked: str) -> str:
    """The built page with some parts in it, and the names of all that were ``found``."""
    built = files("sim.page").joinpath("built/lab.html").read_text(encoding="utf-8")
    elements = [_element("choices", offered()), _element("notices", notices()),
                _element("parts", list(found)), *(
        f'<script type="text/plain" id="part-{name}" data-size="{len(packed)}">'
        f'{_text(packed)}</script>' for name, packed in inside.items())]
    before, after = built.replace(ASKED, asked).split(PLACE)
    return before + "\n".join(elements) + after


def _element(name: str, value: Any) -> str:
    """A value as an element of HTML, which no text in it ends."""
    text = json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'


def _text(packed: bytes) -> str:
    """Bytes as a text for an element: five characters for four bytes, and none begins a tag."""
    return base64.b85encode(packed, pad=True).decode("ascii").replace("<", ",")


def _with_files(packed: bytes, folder: Path) -> bytes:
    """An archive, with the files of a folder added to it."""
    made = io.BytesIO(packed)
    with zipfile.ZipFile(made, "a") as opened:
        for file in sorted(folder.iterdir()):
            name = zipfile.ZipInfo(f"{MACHINES}/{file.name}", (1980, 1, 1, 0, 0, 0))
            opened.writestr(name, file.read_bytes())
    return made.getvalue()
