"""Labs for a browser, made once for all workers."""

import fcntl
import os

import pytest

from sim.lab import make as making

from .lab_support import TESTED, make, without_machines


@pytest.fixture(scope="session")
def labs(tmp_path_factory):
    """A folder with two labs, ``whole`` and ``bare``; the latter has no compiled machines."""
    base = tmp_path_factory.getbasetemp()
    made = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "labs"
    made.mkdir(exist_ok=True)
    with (made / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (made / "bare" / "lab.html").exists():
            lacking = []
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(making, "PRESETS", TESTED)
                found = making.parts(lambda doing: None, lacking.append)
            assert lacking == [], "sudo apt-get install emscripten node-acorn"
            make(made / "whole", found)
            make(made / "bare", without_machines(found))
    return made


@pytest.fixture(scope="session")
def lab(labs):
    """A lab with the tested machines: ``folder``, for a web server, and ``lab.html``, one file."""
    return labs / "whole"
