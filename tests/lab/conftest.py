"""Labs for a browser, made once for all workers."""

import fcntl
import os

import pytest

from sim.lab.make import parts, write_file, write_folder


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """A folder with a lab: ``folder``, for a web server, and ``lab.html``, one file."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "lab"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "lab.html").exists():
            lacking = []
            found = parts(lambda doing: None, lacking.append)
            assert lacking == [], "sudo apt-get install emscripten node-acorn"
            (shared / "folder").mkdir(exist_ok=True)
            write_folder(shared / "folder", found)
            write_file(shared / "lab.html", found)
    return shared
