"""Files in odd conditions: disks that are full, names to come, and caches that are empty."""

import os
import resource
from contextlib import contextmanager
from pathlib import Path


__all__ = ["await_drafts", "drafts", "files_of_at_most", "own_cache"]


def drafts(folder="."):
    """Files of a folder that are being written, and have not got their names yet."""
    return list(Path(folder).rglob(".dragoncage-*"))


def await_drafts(*children, folder="."):
    """Wait until as many files are being written as there are children, which go on."""
    for count, child in enumerate(children, 1):
        child.until(lambda count=count: len(drafts(folder)) >= count)


def own_cache(folder):
    """Make a folder for ``XDG_CACHE_HOME`` in which nothing of ours is kept yet.

    Only the programs that are compiled when they are first run, such as Yosys, are there already:
    that takes longer than most designs.
    """
    folder.mkdir()
    # As wasmtime and the packages of these programs look for their caches.
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    for name in ("wasmtime", "YoWASP"):
        (caches / name).mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(caches / name, target_is_directory=True)
    return str(folder)


@contextmanager
def files_of_at_most(size):
    """No file grows beyond so many bytes, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
