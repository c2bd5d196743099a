"""Scenarios of the tests of commands, and what commands print on standard error."""

import re
from pathlib import Path


__all__ = ["CASE", "complaints", "write_scenario"]


#: A file with a scenario of two acts and four claims.
CASE = str(Path(__file__).parents[1] / "scenario" / "scenario_cases.py")


def write_scenario(folder, body):
    """A scenario in a file of its own; returns the file's name."""
    path = folder / "story.py"
    path.write_text(f'"""Story."""\n\nMODES = ("4level",)\n\n\nasync def play(stage):\n{body}')
    return str(path)


def complaints(err):
    """Lines on standard error, but for progress and the places of what was written."""
    return [line for line in err.splitlines()
            if not re.match(r"\d+ s[,:] |(waveform|trace): ", line)]
