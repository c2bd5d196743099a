"""Pages and mappings of a process on this machine, as ``/proc`` tells of them.

Frame numbers are for CAP_SYS_ADMIN only; others read zeros.
"""

import os
import re
from pathlib import Path

from sim.script.host import HUGE, NotKnown, Sight


__all__ = ["look", "mappings_called"]


_PAGE = 4096

_PRESENT, _EXCLUSIVE, _FRAME = 1 << 63, 1 << 56, (1 << 55) - 1

#: KPF_ZERO_PAGE in kpageflags.
_ZERO_PAGE = 1 << 24

#: What smaps counts by huge entries: transparent pages, and those of the pool.
_HUGE_PAGES = ("AnonHugePages:", "Private_Hugetlb:", "Shared_Hugetlb:")

_RANGE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) ")


def look(pid: int, address: int) -> Sight:
    """Look at one page. Raises :class:`.host.NotKnown` if that is not allowed."""
    try:
        entry = _entry(pid, address)
        perms, start, end = _mapping(pid, address)
    except OSError as error:
        raise NotKnown(str(error)) from error
    present = bool(entry & _PRESENT)
    frame   = entry & _FRAME if present else 0
    more: dict[str, bool | int] = {}
    if present:
        more["mapped_once"] = bool(entry & _EXCLUSIVE)
    if frame:
        more["zero"] = _is_zero(frame)
    if perms and end - start >= HUGE:
        more["huge"] = _huge(pid, start)
    return Sight(present, frame or None, perms, start, end, more)


def _huge(pid: int, start: int) -> int:
    """Return how many KiB of the mapping that begins at ``start`` huge entries map."""
    inside, found_kib = False, 0
    for line in Path(f"/proc/{pid}/smaps").read_text(encoding="utf-8").splitlines():
        found = _RANGE.match(line)
        if found:
            inside = int(found[1], 16) == start
        elif inside and line.startswith(_HUGE_PAGES):
            found_kib += int(line.split()[1])
    return found_kib


def mappings_called(pid: int, *names: str) -> list[tuple[int, int]]:
    """Find mappings by their names: first address, and the one behind the last."""
    found = []
    for line in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines():
        match = _RANGE.match(line)
        if match and line.endswith(names):
            found.append((int(match[1], 16), int(match[2], 16)))
    return found


def _entry(pid: int, address: int) -> int:
    return _word(f"/proc/{pid}/pagemap", address // _PAGE)


def _is_zero(frame: int) -> bool:
    """Tell whether a frame is the one of zeros."""
    return bool(_word("/proc/kpageflags", frame) & _ZERO_PAGE)


def _word(file: str, number: int) -> int:
    fd = os.open(file, os.O_RDONLY)
    try:
        return int.from_bytes(os.pread(fd, 8, 8 * number), "little")
    finally:
        os.close(fd)


def _mapping(pid: int, address: int) -> tuple[str, int, int]:
    """Rights, first and last address of the mapping; no rights if there is none."""
    for line in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines():
        found = _RANGE.match(line)
        if found and int(found[1], 16) <= address < int(found[2], 16):
            return found[3], int(found[1], 16), int(found[2], 16)
    return "", 0, 0
