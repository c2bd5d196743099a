"""Views of a waveform for its viewers: signals in groups, markers, and where to look first.

GTKWave has save files, Surfer has files of commands.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from vcd.gtkw import GTKWSave

from .waves import Shown


__all__ = ["Bookmark", "marked", "write_gtkwave", "write_surfer"]


#: Markers that GTKWave has names for: a to z.
MARKERS = 26

#: Cycles before the first claim that are in view, and after it for viewers that want an end.
BEFORE, AFTER = 20, 100

#: Exponent of GTKWave's zoom: at 0 a nanosecond is 200 pixels wide, and half of that at -1.
ZOOM = -4

#: Width of the names and values in GTKWave, in pixels.
NAMES = 330


@dataclass(frozen=True)
class Bookmark:
    """A cycle worth looking at: that of a claim.

    ``number`` is the number of its act and its own, such as ``2.3``.
    """

    cycle:  int
    number: tuple[int, int]
    holds:  bool

    @property
    def name(self) -> str:
        """The name of its marker."""
        act, claim = self.number
        return f"{act}.{claim}" + "_FAILED" * (not self.holds)


def marked(bookmarks: Iterable[Bookmark]) -> list[Bookmark]:
    """As many bookmarks as there are markers, in the order of their cycles.

    Claims that fail are among them first; then the first claim of each act, the second of each, and
    so on.
    """
    wanted = sorted(bookmarks, key=lambda mark: (mark.holds, mark.number[::-1]))
    return sorted(wanted[:MARKERS], key=lambda mark: (mark.cycle, mark.number))


def write_gtkwave(file: IO[str], waveform: Path, name: Path, signals: Iterable[Shown],
                  bookmarks: Sequence[Bookmark]) -> None:
    """Write GTKWave's save file, called ``name``, of a ``waveform``."""
    save = GTKWSave(file)
    save.dumpfile(str(waveform))
    save.savefile(str(name))
    save.timestart(max(0, _first(bookmarks) - BEFORE))
    save.signals_width(NAMES)
    save.sst_expanded(False)
    letters = dict(zip("abcdefghijklmnopqrstuvwxyz", marked(bookmarks), strict=False))
    cycles: dict[str, Any] = {letter: mark.cycle for letter, mark in letters.items()}
    save.zoom_markers(ZOOM, _first(bookmarks) if bookmarks else -1, **cycles)
    for letter, mark in letters.items():
        print(f"[markername] {letter.upper()}{mark.name}", file=file)
    for title, group in _grouped(signals).items():
        with save.group(title):
            for signal in group:
                # GTKWave knows a vector by its name and range.
                vector = signal.width > 1 and not signal.text
                save.trace(signal.full_name + (f"[{signal.width - 1}:0]" if vector else ""))


def write_surfer(file: IO[str], signals: Iterable[Shown], bookmarks: Sequence[Bookmark]) -> None:
    """Write Surfer's file of commands."""
    for title, group in _grouped(signals).items():
        print("divider_add", title, file=file)
        for signal in group:
            print("variable_add", signal.full_name, file=file)
    for number, mark in enumerate(marked(bookmarks), 1):
        print("cursor_set", mark.cycle, file=file)
        print(f"marker_set #{number}", file=file)
    print("zoom_fit", file=file)
    if bookmarks:
        first = _first(bookmarks)
        print("zoom_to", max(0, first - BEFORE), first + AFTER, file=file)
        print("cursor_set", first, file=file)


def _first(bookmarks: Sequence[Bookmark]) -> int:
    """The cycle to look at first: that of the first claim that fails, or else of the first."""
    return min(((mark.holds, mark.cycle) for mark in bookmarks), default=(True, 0))[1]


def _grouped(signals: Iterable[Shown]) -> Mapping[str, Sequence[Shown]]:
    """Signals by their groups, in the order in which these first appear."""
    groups: dict[str, list[Shown]] = {}
    for signal in signals:
        groups.setdefault(signal.group, []).append(signal)
    return groups
