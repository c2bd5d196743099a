"""Files in odd conditions: disks that are full, names to come, and the command as a process."""

import os
import resource
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path


__all__ = ["ROOT", "await_drafts", "drafts", "files_of_at_most", "started"]


ROOT = Path(__file__).parents[1]


def drafts(folder="."):
    """What is being written in a folder, and has not got its name yet."""
    return list(Path(folder).rglob(".dragoncage-*"))


def await_drafts(*runs, folder="."):
    """Wait until as many files are being written as there are commands, which go on."""
    for _ in range(1200):
        if len(drafts(folder)) >= len(runs):
            return
        assert all(run.poll() is None for run in runs)
        time.sleep(0.05)
    for run in runs:
        run.kill()
    raise TimeoutError(f"nothing is written for a minute: {os.listdir(folder)}")


@contextmanager
def files_of_at_most(size):
    """No file grows beyond so many bytes, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def started(*arguments, **parameters):
    """The command, started as a process of its own."""
    return subprocess.Popen([sys.executable, "-m", "sim", *arguments],
                            env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True, **parameters)
