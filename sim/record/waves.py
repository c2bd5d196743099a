"""Waveforms: a VCD file, and beside it a view for GTKWave and one for Surfer.

A signal is written once a cycle, if it has changed. A cycle lasts a nanosecond, so a time in the
waveform, in nanoseconds, is the number of the cycle.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import IO, Any, Protocol, cast

from vcd import VCDWriter
from vcd.gtkw import GTKWSave

from sim.output.files import FileTrouble, new_folder, written


__all__ = ["GTKW", "SUCL", "VCD", "Shown", "Unwritten", "Wave", "WaveSink", "Waveform", "joined",
           "waveform"]


#: File names in the folder of a waveform.
VCD, GTKW, SUCL = "waves.vcd", "waves.gtkw", "waves.sucl"

#: Outermost scope.
TOP = "machine"

#: Characters that a VCD file cannot have as they are: GTKWave takes a byte above 0x7F for the end
#: of the file.
UNPRINTABLE = re.compile(r"[^\t\n -~]+")


class Unwritten(Exception):
    """A waveform cannot be written. The message names its file and says why.

    What was to be shown went on to its end; if that was an exception, it is the cause.
    """


@dataclass(frozen=True)
class Shown:
    """One signal of a waveform.

    Attributes
    ----------
    group, name : :class:`str`
        Its scope in the waveform, which is also the title over it, and its name there.
    width : :class:`int`
        In bits.
    text : callable or :class:`None`
        What its numbers mean, if it is to be shown as a text.
    """

    group: str
    name:  str
    width: int
    text:  Callable[[int], str] | None = None

    def within(self, scope: str) -> "Shown":
        """The same signal, its group inside ``scope``."""
        return replace(self, group=f"{scope}.{self.group}")

    @property
    def full_name(self) -> str:
        """Its name from the outermost scope on."""
        return f"{TOP}.{self.group}.{self.name}"


class Wave(Protocol):
    """Something that is shown the signals, cycle by cycle."""

    def step(self, cycle: int, bits: int) -> None:
        """Take the values in ``cycle``, packed in ``bits``. A cycle without a change may lack."""


#: Opens a wave of these signals, in the order in which their values are packed, for a run.
WaveSink = Callable[[Sequence[Shown]], AbstractContextManager[Wave]]


class _Several:
    """Shows the signals to several waves."""

    def __init__(self, waves: Sequence[Wave]):
        self._waves = waves

    def step(self, cycle: int, bits: int) -> None:
        """Show one cycle."""
        for wave in self._waves:
            wave.step(cycle, bits)


def joined(sinks: Sequence[WaveSink]) -> WaveSink | None:
    """One sink for all of ``sinks``; None if there are none."""
    @contextmanager
    def opened(signals: Sequence[Shown]) -> Iterator[Wave]:
        with ExitStack() as stack:
            yield _Several([stack.enter_context(sink(signals)) for sink in sinks])

    return opened if sinks else None


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


class Waveform:
    """Writes the values of signals, cycle by cycle.

    Parameters
    ----------
    file : text file
        Where to.
    signals : sequence of :class:`Shown`
        Which ones, in the order in which their values are packed, lowest bits first.
    """

    def __init__(self, file: IO[str], signals: Sequence[Shown]):
        self._writer = VCDWriter(cast(IO[str], _Ascii(file)), timescale="1 ns",
                                 comment="dragoncage")
        self._last   = 0
        self._cycles = 0
        self._trouble: OSError | None = None
        self._places: list[tuple[int, int, Any, Callable[[int], str] | None]] = []
        offset = 0
        for signal in signals:
            text     = signal.text
            variable = self._writer.register_var(
                f"{TOP}.{signal.group}", signal.name, "string" if text else "wire",
                size=signal.width, init=text(0) if text else 0)
            self._places.append((offset, (1 << signal.width) - 1, variable, text))
            offset += signal.width

    def step(self, cycle: int, bits: int) -> None:
        """Write one cycle, in which the signals have the values that are packed in ``bits``.

        If that cannot be done, nothing more is written, and :meth:`close` says so: a run goes on.
        """
        self._cycles = cycle + 1
        changed = bits ^ self._last
        if changed and self._trouble is None:
            self._last = bits
            try:
                self._change(cycle, bits, changed)
            except OSError as error:
                self._trouble = error

    def _change(self, cycle: int, bits: int, changed: int) -> None:
        for offset, mask, variable, text in self._places:
            if changed >> offset & mask:
                value = bits >> offset & mask
                self._writer.change(variable, cycle, text(value) if text else value)

    def close(self) -> None:
        """End the file with the last cycle. Raises :class:`OSError` if it cannot be written."""
        if self._trouble is not None:
            raise self._trouble
        self._writer.close(self._cycles)


def waveform(folder: Path) -> WaveSink:
    """A sink that writes a waveform to ``folder``.

    Files appear under their names when all is written. A body that an exception ends has a
    waveform too, up to that cycle; an interrupt leaves none, nor does a lost connection. Raises
    :class:`sim.output.files.FileTrouble` before the body, and :class:`Unwritten` after it.
    """
    return partial(_waveform, folder)


@contextmanager
def _waveform(folder: Path, signals: Sequence[Shown]) -> Iterator[Waveform]:
    begun, stop = False, None
    try:
        with new_folder(folder), written(*(folder / name for name in (VCD, GTKW, SUCL))) as (
                vcd, gtkw, sucl):
            _write_gtkwave(gtkw, folder, signals)
            _write_surfer(sucl, signals)
            wave  = Waveform(vcd, signals)
            begun = True
            try:
                yield wave
            except ConnectionError:
                raise  # whoever wanted it has gone away
            except Exception as error:
                stop = error
            wave.close()
    except FileTrouble as trouble:
        if not begun:
            raise
        raise Unwritten(str(trouble)) from stop
    if stop is not None:
        raise stop


def _write_gtkwave(file: IO[str], folder: Path, signals: Sequence[Shown]) -> None:
    save = GTKWSave(file)
    save.dumpfile(str(folder / VCD))
    save.savefile(str(folder / GTKW))
    save.timestart(0)
    save.signals_width(200)
    save.sst_expanded(False)
    for title, group in groupby(signals, key=lambda signal: signal.group):
        with save.group(title):
            for signal in group:
                # GTKWave knows a vector by its name and range.
                vector = signal.width > 1 and not signal.text
                save.trace(signal.full_name + (f"[{signal.width - 1}:0]" if vector else ""))


def _write_surfer(file: IO[str], signals: Sequence[Shown]) -> None:
    for title, group in groupby(signals, key=lambda signal: signal.group):
        print("divider_add", title, file=file)
        for signal in group:
            print("variable_add", signal.full_name, file=file)
    print("zoom_fit", file=file)
