"""Waveforms: a VCD file, and beside it a view for GTKWave and one for Surfer.

A signal is written once a cycle, if it has changed. A cycle lasts a nanosecond, so a time in the
waveform, in nanoseconds, is the number of the cycle.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

from vcd import VCDWriter

from sim.output.files import FileTrouble, new_folder, written

from .saved import Bookmark, write_gtkwave, write_surfer
from .slots import TlbSlots
from .waves import TOP, Shown, Wave, WaveSink


__all__ = ["GTKW", "SUCL", "VCD", "Framing", "Unwritten", "Waveform", "waveform"]


#: File names in the folder of a waveform.
VCD, GTKW, SUCL = "waves.vcd", "waves.gtkw", "waves.sucl"

#: Characters that a VCD file cannot have as they are: GTKWave takes a byte above 0x7F for the end
#: of the file.
UNPRINTABLE = re.compile(r"[^\t\n -~]+")

#: What is written of a text, and of a number, that means nothing. Viewers draw z as a line.
NO_TEXT, NO_NUMBER = "-", "z"

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
        Translations that a TLB holds at most.
    """

    begins:       Callable[[], int | None]         = lambda: 0
    bookmarks:    Callable[[], Sequence[Bookmark]] = tuple
    translations: int                              = 0


#: All cycles, without markers and contents of TLBs.
FULL = Framing()


class _Ascii:
    """A text file of ASCII: all else is written as the escaped bytes of its UTF-8 (``\\xc3``).

    Readers of VCD put the bytes together again. In the stream of a VCD writer only texts have such
    characters, and it has escaped the spaces, backslashes and ends of line in them.
    """

    def __init__(self, file: IO[str]):
        self._file = file

    def write(self, text: str) -> None:
        """Write ``text``."""
        self._file.write(UNPRINTABLE.sub(_escaped, text))

    def flush(self) -> None:
        """Hand on what has been written."""
        self._file.flush()


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"\\x{byte:02x}" for byte in found[0].encode("utf-8", "surrogatepass"))


@dataclass(frozen=True, slots=True)
class _Place:
    """Place of a signal's value among those of all.

    ``gate`` is the bit without which it means nothing, or 0; ``watched`` are all bits that it
    depends on.
    """

    offset:  int
    mask:    int
    watched: int
    gate:    int
    text:    Callable[[int], str] | None

    def value(self, bits: int) -> int | str:
        """The value to be written."""
        if self.gate and not bits & self.gate:
            return NO_NUMBER if self.text is None else NO_TEXT
        value = bits >> self.offset & self.mask
        return value if self.text is None else self.text(value)


class Waveform:
    """Writes the values of signals, cycle by cycle.

    Parameters
    ----------
    file : text file
        Where to.
    signals : sequence of :class:`.waves.Shown`
        Which ones, in the order in which their values are packed, lowest bits first.
    translations : :class:`int`
        Translations that a TLB holds at most.

    Attributes
    ----------
    shown : :class:`list` of :class:`.waves.Shown`
        All that is in it.
    """

    def __init__(self, file: IO[str], signals: Sequence[Shown], translations: int):
        self._file   = _Ascii(file)
        self._slots  = TlbSlots(signals, translations)
        self.shown   = [*signals, *self._slots.shown]
        self._places = _places(signals)
        self._writer: Any          = None
        self._variables: list[Any] = []
        self._last   = 0
        self._cycles = 0
        self._later: list[tuple[int, str]] = []

    def skip(self, cycle: int, bits: int) -> None:
        """Take a cycle before the first that is written."""
        self._slots.step(cycle, bits)

    def begin(self, cycle: int, bits: int) -> None:
        """Begin the file with the values of a cycle."""
        self._writer = VCDWriter(cast(IO[str], self._file), timescale="1 ns", comment="dragoncage",
                                 init_timestamp=cycle)
        self._last   = bits
        values       = [*(place.value(bits) for place in self._places), *self._slots.texts]
        self._variables = [
            self._writer.register_var(f"{TOP}.{signal.group}", signal.name,
                                      "string" if signal.text else "wire",
                                      size=signal.width or None, init=value)
            for signal, value in zip(self.shown, values, strict=True)]

    def step(self, cycle: int, bits: int) -> None:
        """Write a cycle, in which the signals have the values that are packed in ``bits``."""
        self._write_later()
        changed, self._last = bits ^ self._last, bits
        if changed:
            for place, variable in zip(self._places, self._variables, strict=False):
                if changed & place.watched:
                    self._writer.change(variable, cycle, place.value(bits))
        self._later  = self._slots.step(cycle, bits)
        self._cycles = cycle + 1

    def close(self, cycles: int) -> None:
        """End the file after so many cycles."""
        if self._cycles < cycles:
            self._write_later()
        self._writer.close(cycles)

    def _write_later(self) -> None:
        """Write the texts that the last cycle has changed from the next one on."""
        for slot, text in self._later:
            self._writer.change(self._variables[len(self._places) + slot], self._cycles, text)
        self._later = []


class _Held:
    """A wave that holds cycles back until it is known where the waveform begins.

    Parameters
    ----------
    waveform : :class:`Waveform`
        What gets them.
    begins : callable
        As in :class:`Framing`.
    """

    def __init__(self, waveform: Waveform, begins: Callable[[], int | None]):
        self._waveform = waveform
        self._begins   = begins
        self._begun    = False
        self._rows: deque[tuple[int, int]] = deque()
        self._cycles   = 0
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
                self._waveform.step(cycle, bits)
        except OSError as error:
            self._trouble = error

    def close(self) -> None:
        """Write what has been held back, and the end. Raises :class:`OSError` if that fails."""
        if self._trouble is not None:
            raise self._trouble
        if not self._begun:
            self._waveform.begin(*(self._rows[0] if self._rows else (0, 0)))
        for cycle, bits in self._rows:
            self._waveform.step(cycle, bits)
        self._waveform.close(self._cycles)

    def _begin(self, cycle: int, bits: int) -> bool:
        """Begin with a cycle, or hold it back; return which."""
        begins = self._begins()
        if begins is None or cycle < begins:
            if not self._rows or bits != self._rows[-1][1]:
                self._rows.append((cycle, bits))
            if len(self._rows) > HELD:
                self._waveform.skip(*self._rows.popleft())
            return False
        # A cycle without a change may lack: its values are then those of the one before.
        first = (cycle, bits) if cycle == begins or not self._rows else (begins, self._rows[-1][1])
        for row in self._rows:
            self._waveform.skip(*row)
        self._rows.clear()
        self._waveform.begin(*first)
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
            writer = Waveform(vcd, signals, framing.translations)
            wave   = _Held(writer, framing.begins)
            begun  = True
            try:
                yield wave
            except ConnectionError:
                raise  # whoever wanted it has gone away
            except Exception as error:
                stop = error
            wave.close()
            bookmarks = framing.bookmarks()
            write_gtkwave(gtkw, folder / VCD, folder / GTKW, writer.shown, bookmarks)
            write_surfer(sucl, writer.shown, bookmarks)
    except FileTrouble as trouble:
        if not begun:
            raise
        raise Unwritten(str(trouble)) from stop
    if stop is not None:
        raise stop


def _places(signals: Sequence[Shown]) -> list[_Place]:
    """Places of the values of signals among those of all."""
    offsets, offset = {}, 0
    for signal in signals:
        offsets[signal.group, signal.name] = offset
        offset += signal.width
    found = []
    for signal in signals:
        offset, mask = offsets[signal.group, signal.name], (1 << signal.width) - 1
        gate = 1 << offsets[signal.group, signal.when] if signal.when else 0
        found.append(_Place(offset, mask, mask << offset | gate, gate, signal.text))
    return found
