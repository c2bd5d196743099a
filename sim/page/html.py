"""The page, written to a file: a built page, and the document in it."""

import base64
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar

from sim.output.files import written
from sim.record.viewed import Viewed
from sim.scenario.run import Run
from sim.scenario.stage import Stage

from .document import document
from .subjects import Command


__all__ = ["Page", "page_of"]


#: The place in the built page where the document goes.
PLACE = "<!--RUN-->"


@dataclass(frozen=True)
class Page:
    """The page of a run; a :class:`sim.scenario.export.Export`.

    Attributes
    ----------
    file : :class:`pathlib.Path`
        Where to.
    command : callable or :class:`None`
        Names the command for a walk, as :data:`.subjects.Command` has it.
    """

    file:    Path
    command: Command | None = None

    name:   ClassVar[str]  = "report"
    viewed: ClassVar[bool] = True

    def write(self, run: Run, stage: Stage, viewed: Viewed | None) -> None:
        """Write it. Raises :class:`sim.output.files.FileTrouble`."""
        assert viewed is not None, "it was asked for"
        page = page_of(document(run, stage, viewed, self.command))
        with written(self.file) as [file]:
            file.write(page)


def page_of(document: Mapping[str, Any]) -> str:
    """The built page with a document in it. The same document gives the same text."""
    built = files(__package__).joinpath("built/page.html").read_text(encoding="utf-8")
    before, after = built.split(PLACE)
    return before + _element(json.dumps(document, separators=(",", ":"))) + after


def _element(text: str) -> str:
    """A document, packed, as an element of HTML."""
    packed = base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode("ascii")
    return ('<script type="application/json" id="run" data-encoding="gzip+base64">'
            f"{packed}</script>")
