"""A kernel script of a visitor's, on the golden model of the machine and on the unit itself."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.errors import Unavailable
from sim.script.model import DEFAULT_ERA, on_model
from sim.script.outcome import Outcome
from sim.script.parser import parse
from sim.script.report import Report
from sim.script.script import Script, ScriptError
from sim.script.told import told_run

from .player import SLOWLY, Tell
from .untouched import untouched


__all__ = ["script"]


#: The name of the script, which has no file.
NAME = "script"


def script(request: Mapping[str, Any], folder: Path, tell: Tell) -> None:
    """Play the ``text`` of a ``request``; tell what comes of each step on both.

    Messages: ``said``, with the steps as ``text``, ``by`` whom, and whether all is as expected;
    and ``mistake``, for a text that is no script.
    """
    try:
        parsed = parse(str(request.get("text", "")), NAME, NAME)
    except ScriptError as error:
        found = re.fullmatch(rf"{NAME}:(\d+): (.*)", str(error), re.DOTALL)
        assert found is not None, "it names the file and the line"
        tell({"kind": "mistake", "line": int(found[1]), "text": "", "reason": found[2]})
        return
    _tell(tell, parsed, "golden", on_model(parsed))
    try:
        _tell(tell, parsed, "cxxrtl", on_model(parsed, engine="cxxrtl",
                                               options={"shipped": untouched()}))
    except Unavailable:
        tell({"kind": "begun", "engine": "pysim", "remark": SLOWLY})
        _tell(tell, parsed, "pysim", on_model(parsed, engine="pysim"))


def _tell(tell: Tell, parsed: Script, engine: str, outcomes: Sequence[Outcome]) -> None:
    """Tell a run, as `dragoncage script` does."""
    failed = [outcome.failed for outcome in outcomes]
    count  = sum(map(bool, failed))
    report = Report(NAME, parsed, "unexpected" if count else "expected",
                    model=[outcome.said for outcome in outcomes], failed=failed)
    where  = "the golden model" if engine == "golden" else "the unit, as RTL"
    said   = f"{count} of {len(failed)} steps not as expected" if count else "all as expected"
    tell({"kind": "said", "by": f"On {where}: {said}", "good": not count,
          "text": told_run(report, f"the kernel of {DEFAULT_ERA}")})
