"""Length of a run, from one that was the same.

A machine is deterministic: the same sources and the same words of a command are the same run, cycle
by cycle. So what took long is kept in the cache, and the next time there is a total.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

import hw
import sim
import sw
from sim.errors import Unavailable
from sim.scenario.run import Run
from sim.scenario.scenario import Scenario
from sim.toolchain.cache import find, name_of, publish, workspace


__all__ = ["Duration", "sources_digest"]


WHO = "the length of runs"

#: Seconds of a run that is worth remembering: what takes less has no display.
LEAST = 2.0

#: Endings of the names of sources that a run depends on.
SOURCES = (".py", ".cc", ".h")


class Duration:
    """Cycles and acts of a run, if the same one was played before.

    Parameters
    ----------
    scenario : :class:`sim.scenario.scenario.Scenario`
        What is played.
    words : :class:`str`
        The words of the command that choose the machine.

    Attributes
    ----------
    cycles : :class:`int` or :class:`None`
        Its cycles, if they are known.
    done : :class:`int`
        Acts that are over.
    """

    def __init__(self, scenario: Scenario, words: str):
        own = Path(scenario.source).read_bytes().hex() if scenario.file else ""
        self._name = name_of(WHO, _sources(), own, words)
        self._acts = 0
        self.cycles: int | None = None
        self.done  = 0
        # Nothing depends on it, so that a cache that cannot be used is no reason to complain.
        with suppress(Unavailable, ValueError, KeyError, OSError):
            if (file := find(self._name, who=WHO)) is not None:
                known = json.loads(file.read_text(encoding="ascii"))
                self.cycles, self._acts = int(known["cycles"]), int(known["acts"])

    def numbered(self, title: str) -> str:
        """The title of the act that begins, with its number, and of how many if that is known."""
        return f"act {self.done + 1} of {self._acts}: {title}" if self._acts else title

    def keep(self, run: Run) -> None:
        """Remember a run that came to its end, if that took long."""
        if self.cycles is not None or run.failure or run.mistake or run.seconds < LEAST:
            return
        with suppress(Unavailable, OSError), workspace(who=WHO) as folder:
            made = folder / "duration.json"
            made.write_text(json.dumps({"cycles": run.cycles, "acts": len(run.acts)}),
                            encoding="ascii")
            publish(self._name, made, folder, who=WHO)


@cache
def _sources() -> str:
    """Digest of all that decides how a run goes, but for its scenario's own file."""
    return sources_digest(Path(package.__path__[0]) for package in (hw, sim, sw))


def sources_digest(folders: Iterable[Path]) -> str:
    """Digest of the sources in some folders, in Python and C++.

    It is of their sizes and of the times when they were written. To read them all would take
    twice as long, in each run, and the worst that a file changed in secret can do is a wrong
    total in a display.
    """
    digest = hashlib.sha256()
    for root in folders:
        for folder, below, names in os.walk(root):
            # Packages of the page's own build are no sources, and there are thousands of them.
            below[:] = sorted(name for name in below if name != "node_modules")
            for name in sorted(name for name in names if name.endswith(SOURCES)):
                status = os.stat(Path(folder, name))
                digest.update(f"{folder}/{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
