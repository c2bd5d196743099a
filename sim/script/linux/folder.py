"""Folder for the files of scripts: on a disk, if there is one.

What is shared of a file on a disk becomes writable by a fault of its own, as on the model; in a
file system in memory it is writable at once.
"""

import os
import tempfile
from pathlib import Path


__all__ = ["folder_on_disk"]


_IN_MEMORY = ("ramfs", "tmpfs")


def folder_on_disk() -> str:
    """Return a folder for temporary files: the usual one, if it is on a disk or no other is."""
    usual = tempfile.gettempdir()
    others = ("/var/tmp", str(Path.home()), os.getcwd())
    for folder in (usual, *others):
        if os.access(folder, os.W_OK) and _file_system(folder) not in _IN_MEMORY:
            return folder
    return usual


def _file_system(folder: str) -> str:
    """Name of the file system that a folder is in; "" if nobody knows."""
    device = os.stat(folder).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        mount, _, about = line.partition(" - ")
        if mount.split()[2] == number:
            return about.split()[0]
    return ""
