"""Settings of all tests."""

import gc
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from browser_support import launched

from sim.boards.tools import find_tool
from sim.errors import Unavailable
from sim.toolchain.yosys import newer


# A shell has what it runs in the background ignore Ctrl-C, and nohup the end of a terminal; and so
# would the commands that the tests start to end them by these signals.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# A worker holds all modules and much that tests of a file share. To go through it each time that so
# many objects are there anew as Python thinks right takes up to a tenth of the time.
gc.set_threshold(5_000, 20, 50)

# Text is 80 columns wide, wherever the tests run.
os.environ.pop("COLUMNS", None)


#: Sources of the pages that a browser shows.
PAGES = Path(__file__).parents[1] / "sim" / "page" / "web"


def pytest_configure(config):
    """Have bytecode kept in pytest's own folder where Python is told to keep none.

    Containers often say so. Each of some hundred commands that the tests start would then compile
    all modules anew.
    """
    if sys.dont_write_bytecode and hasattr(config, "cache"):
        sys.pycache_prefix = str(config.cache.mkdir("bytecode"))
        sys.dont_write_bytecode = False
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_sessionstart(session):
    """Compile the programs for synthesis before there are workers, if all tests are to run.

    Each compiles itself when it is first run, Yosys for half a minute, and writes the outcome as it
    goes: another that begins meanwhile compiles it once more, or reads half of it and crashes.
    Without them there is nothing to compile, and the tests that need them say what is missing.
    """
    everything = session.config.args_source == session.config.ArgsSource.TESTPATHS
    if everything and "PYTEST_XDIST_WORKER" not in os.environ:
        subprocess.run(newer("-V"), capture_output=True, check=False)
        for name in ("nextpnr-ice40", "nextpnr-ecp5"):
            with suppress(Unavailable):
                subprocess.run([find_tool(name), "--version"], capture_output=True, check=False)


def pytest_collection_modifyitems(items):
    """Put synthesis first, and what needs a lab where the second worker begins.

    Synthesis takes minutes, and nothing should wait for it at the end. Who is first to need a lab
    compiles its machines, for two minutes, and another who needs it waits.
    """
    items.sort(key=lambda item: item.get_closest_marker("synthesis") is None)
    of_lab = [item for item in items if "labs" in getattr(item, "fixturenames", ())]
    others = [item for item in items if "labs" not in getattr(item, "fixturenames", ())]
    second = len(others) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "2"))
    items[:] = [*others[:second], *of_lab, *others[second:]]


@pytest.fixture(scope="module")
def chromium():
    """Chromium, for the tests of a file: no longer, for it has an event loop in their thread."""
    with launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def npm(tmp_path_factory):
    """Runs npm in a copy of the sources that has the packages of the lock file."""
    folder = tmp_path_factory.mktemp("sources") / "web"
    shutil.copytree(PAGES, folder, ignore=shutil.ignore_patterns("node_modules"))
    # The explorer's table, which goes into the page, is beside the sources.
    (folder.parent / "built").mkdir()
    shutil.copy(PAGES.parent / "built" / "decisions.json", folder.parent / "built")
    programs = Path(sys.executable).parent

    def run(*arguments):
        done = subprocess.run([programs / "npm", *arguments], cwd=folder, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              env={**os.environ,
                                   "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"})
        assert done.returncode == 0, done.stdout
        return folder

    run("ci")
    return run


@pytest.fixture(scope="session")
def axe(npm):
    """The accessibility checker, as a script."""
    return (npm("--version") / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
