"""Waveforms: a VCD file, and beside it a view for GTKWave and one for Surfer.

A signal is written once a cycle, if it has changed. A cycle lasts a nanosecond, so a time in the
waveform, in nanoseconds, is the number of the cycle.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import IO, Any

from vcd import VCDWriter
from vcd.gtkw import GTKWSave


__all__ = ["GTKW", "SUCL", "VCD", "Shown", "Waveform", "waveform"]


#: File names in the folder of a waveform.
VCD, GTKW, SUCL = "waves.vcd", "waves.gtkw", "waves.sucl"

#: Outermost scope.
TOP = "machine"

#: What a VCD file cannot have as it is: GTKWave takes a byte above 0x7F for the end of the file.
UNPRINTABLE = re.compile(r"[^\t\n -~]+")


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
        self._writer = VCDWriter(_Ascii(file), timescale="1 ns", comment="dragoncage")
        self._last   = 0
        self._cycles = 0
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
        """Write one cycle, in which the signals have the values that are packed in ``bits``."""
        self._cycles = cycle + 1
        changed = bits ^ self._last
        if changed:
            self._last = bits
            for offset, mask, variable, text in self._places:
                if changed >> offset & mask:
                    value = bits >> offset & mask
                    self._writer.change(variable, cycle, text(value) if text else value)

    def close(self) -> None:
        """End the file with the last cycle."""
        self._writer.close(self._cycles)


@contextmanager
def waveform(folder: Path, signals: Sequence[Shown]) -> Iterator[Waveform]:
    """Open a waveform in ``folder``, for the body of the ``with`` statement.

    Files appear under their names when all is written. A body that an exception ends has a
    waveform too, up to that cycle; an interrupt leaves none. Raises :class:`OSError`.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    parts = {name: folder / f".{name}.part" for name in (VCD, GTKW, SUCL)}
    try:
        with parts[VCD].open("w", encoding="ascii") as file:
            wave = Waveform(file, signals)
            try:
                yield wave
            except OSError:
                raise
            except Exception:
                wave.close()
                file.flush()
                _finish(folder, parts, signals)
                raise
            wave.close()
        _finish(folder, parts, signals)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
        for path in made:
            if not any(path.iterdir()):
                path.rmdir()


def _finish(folder: Path, parts: dict[str, Path], signals: Sequence[Shown]) -> None:
    """Write the views, and give all files their names."""
    with parts[GTKW].open("w", encoding="utf-8", errors="surrogateescape") as file:
        _write_gtkwave(file, folder, signals)
    with parts[SUCL].open("w", encoding="utf-8", errors="surrogateescape") as file:
        _write_surfer(file, signals)
    for name, part in parts.items():
        os.replace(part, folder / name)


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
