"""Figures of the lab in Chromium, judged by our targets: ``python -m tests.lab``.

It takes three minutes, most of them on Amaranth's simulator, and plays on the machines that the
tests leave out. The exit status is 0 if every target is
met, and 1 if one is missed, which depends on the computer and on what else it does.
"""

import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

# Modules that tests share are in the folder above.
sys.path.insert(0, str(Path(__file__).parents[1]))

from browser_support import launched

from sim.lab.make import parts

from .lab_support import OTHERS, assert_same_run, make, without_machines
from .visitor_support import WAYS, visitor


#: Figures, with their units and the most that each may be.
TARGETS = {
    "one file":           ("MB", 11),
    "ready, served":      ("s",  12),
    "ready, opened":      ("s",  16),
    "article":            ("s",  3),
    "shootdown":          ("s",  6),
    "race":               ("s",  6),
    "ready after Stop":   ("s",  12),
    "article on pysim":   ("s",  60),
    "memory of the page": ("MB", 450),
}


def main() -> int:
    """Measure, print, and judge."""
    met = True
    with TemporaryDirectory() as folder, launched() as browser:
        for name, figure in _figures(browser, Path(folder)):
            unit, most = TARGETS[name]
            met &= figure <= most
            print(f"{name:20} {figure:7.1f} {unit:2}  {'ok' if figure <= most else 'MISSED'}: "
                  f"at most {most} {unit}", flush=True)
    return 0 if met else 1


def _figures(browser, folder):
    """Names of figures, each with what was measured."""
    found = parts(lambda doing: None, print)
    lab   = make(folder / "lab", found)
    yield "one file", (lab / "lab.html").stat().st_size / 1e6
    for way in WAYS:
        with visitor(browser, lab, way) as someone:
            yield f"ready, {way}", _ready(someone)
    with visitor(browser, lab, "opened") as someone:
        _ready(someone)
        for name in ("article", "shootdown", "race"):
            yield name, _played(someone, name)
        yield "memory of the page", _memory()
        someone.run()
        someone.hears("begun")
        since = time.monotonic()
        someone.page.get_by_text("Stop", exact=True).click()
        someone.wait()
        yield "ready after Stop", time.monotonic() - since
    with visitor(browser, lab, "served") as someone:
        # How long that takes says nothing: this computer plays the same, and may have to compile.
        _ready(someone)
        for preset in OTHERS:
            for name in ("article", "shootdown"):
                assert_same_run(someone, name, preset["modes"][-1], preset["name"])
    with visitor(browser, make(folder / "bare", without_machines(found)), "opened") as someone:
        _ready(someone)
        yield "article on pysim", _played(someone, "article")


def _ready(someone):
    since = time.monotonic()
    someone.open()
    someone.wait()
    return time.monotonic() - since


def _played(someone, name):
    """Seconds from Run to the page that is drawn."""
    someone.choose("Scenario", name)
    since = time.monotonic()
    someone.run()
    assert someone.played()[-2]["document"]["run"]["holds"]
    someone.wait()
    return time.monotonic() - since


def _memory():
    """Megabytes of the processes that draw pages, their shares of what several have."""
    return sum(int(line.split()[1]) for pid in _children(os.getpid())
               if "--type=renderer" in _read(pid, "cmdline")
               for line in _read(pid, "smaps_rollup").splitlines()
               if line.startswith("Pss:")) / 1000


def _children(pid):
    """All processes below one, by their numbers."""
    for child in _read(pid, f"task/{pid}/children").split():
        yield child
        yield from _children(child)


def _read(pid, name):
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main())
