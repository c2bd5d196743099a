"""The VCD file of a waveform.

A signal is written once a cycle, if it has changed. A cycle lasts a nanosecond, so a time in the
waveform, in nanoseconds, is the number of the cycle.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Any, cast

from vcd import VCDWriter

from .slots import TlbSlots
from .waves import TOP, Shown


__all__ = ["VcdFile"]


#: Characters that a VCD file cannot have as they are: GTKWave takes a byte above 0x7F for the end
#: of the file.
UNPRINTABLE = re.compile(r"[^\t\n -~]+")

#: What is written of a text, and of a number, that means nothing. Viewers draw z as a line.
NO_TEXT, NO_NUMBER = "-", "z"


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


class VcdFile:
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
