"""Waveforms: a VCD file, and beside it a view for GTKWave and one for Surfer."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sim.output.files import FileTrouble, new_folder, written

from .saved import Bookmark, write_gtkwave, write_surfer
from .vcdfile import VcdFile
from .waves import Shown, Wave, WaveSink


__all__ = ["GTKW", "SUCL", "VCD", "Framing", "Unwritten", "waveform"]


#: File names in the folder of a waveform.
VCD, GTKW, SUCL = "waves.vcd", "waves.gtkw", "waves.sucl"

#: Changes that are kept of what comes before a waveform begins: they are all there is to see if it
#: never does.
HELD = 10_000


class Unwritten(Exception):
    """A waveform cannot be written. The message names its file and says why.

    What was to be shown went on to its end; if that was an exception, it is the cause.
    """


@dataclass(frozen=True)
class Framing:
    """Extent and bookmarks of a waveform, which the signals do not tell.

    Attributes
    ----------
    begins : callable
        Returns the first cycle to be written, or None as long as that is not known. A run that ends
        before has its last changes in the waveform.
    bookmarks : callable
        Returns the cycles that get a marker, when all is over.
    translations : :class:`int`
        Translations that a TLB holds at most; 0 leaves its contents out.
    """

    begins:       Callable[[], int | None]         = lambda: 0
    bookmarks:    Callable[[], Sequence[Bookmark]] = tuple
    translations: int                              = 0


#: All cycles, without markers and contents of TLBs.
FULL = Framing()


class _Held:
    """A wave that holds cycles back until it is known where the waveform begins.

    Parameters
    ----------
    file : :class:`.vcdfile.VcdFile`
        What gets them.
    begins : callable
        As in :class:`Framing`.
    """

    def __init__(self, file: VcdFile, begins: Callable[[], int | None]):
        self._file   = file
        self._begins = begins
        self._begun  = False
        self._rows: deque[tuple[int, int]] = deque()
        self._cycles = 0
        self._trouble: OSError | None = None

    def step(self, cycle: int, bits: int) -> None:
        """Take a cycle.

        If it cannot be written, nothing more is, and :meth:`close` says so: a run goes on.
        """
        self._cycles = cycle + 1
        try:
            if self._trouble is not None:
                return
            if self._begun or self._begin(cycle, bits):
                self._file.step(cycle, bits)
        except OSError as error:
            self._trouble = error

    def close(self) -> None:
        """Write what has been held back, and the end. Raises :class:`OSError` if that fails."""
        if self._trouble is not None:
            raise self._trouble
        if not self._begun:
            self._file.begin(*(self._rows[0] if self._rows else (0, 0)))
        for cycle, bits in self._rows:
            self._file.step(cycle, bits)
        self._file.close(self._cycles)

    def _begin(self, cycle: int, bits: int) -> bool:
        """Begin with a cycle, or hold it back; return which."""
        begins = self._begins()
        if begins is None or cycle < begins:
            if not self._rows or bits != self._rows[-1][1]:
                self._rows.append((cycle, bits))
            if len(self._rows) > HELD:
                self._file.skip(*self._rows.popleft())
            return False
        # A cycle without a change may lack: its values are then those of the one before.
        first = (cycle, bits) if cycle == begins or not self._rows else (begins, self._rows[-1][1])
        for row in self._rows:
            self._file.skip(*row)
        self._rows.clear()
        self._file.begin(*first)
        self._begun = True
        return True


def waveform(folder: Path, framing: Framing = FULL) -> WaveSink:
    """A sink that writes a waveform to ``folder``.

    Files appear under their names when all is written. A body that an exception ends has a
    waveform too, up to that cycle; an interrupt leaves none, nor does a lost connection. Raises
    :class:`sim.output.files.FileTrouble` before the body, and :class:`Unwritten` after it.
    """
    return partial(_waveform, folder, framing)


@contextmanager
def _waveform(folder: Path, framing: Framing, signals: Sequence[Shown]) -> Iterator[Wave]:
    begun, stop = False, None
    try:
        with new_folder(folder), written(*(folder / name for name in (VCD, GTKW, SUCL))) as (
                vcd, gtkw, sucl):
            file  = VcdFile(vcd, signals, framing.translations)
            wave  = _Held(file, framing.begins)
            begun = True
            try:
                yield wave
            except ConnectionError:
                raise  # whoever wanted it has gone away
            except Exception as error:
                stop = error
            wave.close()
            bookmarks = framing.bookmarks()
            write_gtkwave(gtkw, folder / VCD, folder / GTKW, file.shown, bookmarks)
            write_surfer(sucl, file.shown, bookmarks)
    except FileTrouble as trouble:
        if not begun:
            raise
        raise Unwritten(str(trouble)) from stop
    if stop is not None:
        raise stop
