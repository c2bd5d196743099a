"""Files in odd conditions: disks that are full, names to come, and the command as a process."""

import os
import resource
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path


__all__ = ["ROOT", "drafts", "files_of_at_most", "started"]


ROOT = Path(__file__).parents[1]


def drafts(folder="."):
    """What is being written in a folder, and has not got its name yet."""
    return list(Path(folder).rglob(".dragoncage-*"))


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
