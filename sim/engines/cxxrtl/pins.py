"""A component compiled by itself: its ports are memory, which Python reads and writes."""

import ctypes
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from amaranth.back import rtlil
from amaranth.hdl import Value

# Amaranth gives a field of a port no other name.
from amaranth.hdl._ast import Slice
from amaranth.lib.wiring import Component, Flow

from sim.toolchain.compiler import Prototype

from .library import Sources, library, package_files
from .native import Address, Handle
from .ports import mangled
from .structures import Byte, Number, Word


__all__ = ["FILES", "FUNCTIONS", "Pins", "pins_header", "pins_table"]


#: Files in C++ of a component by itself.
FILES = ("clock.h", "port.h", "simulator.cc")

#: Functions of its library.
FUNCTIONS: tuple[Prototype, ...] = (
    ("simulator_new",      Handle, []),
    ("simulator_delete",   None,   [Handle]),
    ("simulator_reset",    None,   [Handle]),
    ("simulator_ports",    None,   [Handle, ctypes.POINTER(Address)]),
    ("simulator_settle",   None,   [Handle]),
    ("simulator_evaluate", None,   [Handle]),
    ("simulator_advance",  None,   [Handle]),
)

#: Bits of a word of CXXRTL.
_WORD = 8 * ctypes.sizeof(Word)

#: What one word, and what two words are together: a number is read three times as fast as bytes.
_NUMBERS = (Word, Number)


@dataclass(frozen=True)
class _Port:
    """A port with its name in RTLIL; ``driven`` tells an input."""

    name:   str
    signal: Any
    driven: bool


class Pins:
    """A compiled component and its ports, at its reset.

    Raises :class:`sim.errors.Unavailable` without what compiles it, and :class:`TypeError` for a
    port that is signed.

    Parameters
    ----------
    component : :class:`amaranth.lib.wiring.Component`
        The design. It has one clock domain, ``sync``.

    Attributes
    ----------
    settle : callable
        Have what comes out follow what has changed: inputs, or registers by ``advance``.
    evaluate, advance : callable
        Compute what comes out in a cycle and the registers after it; put these in place. In
        between, the ports are those of the cycle that ends.
    """

    def __init__(self, component: Component):
        ports  = list(_ports(component))
        calls  = self._library(component)
        handle = Handle(calls.simulator_new())
        places = (Address * len(ports))()
        calls.simulator_ports(handle, places)
        self._handle = handle
        self._delete = partial(calls.simulator_delete, handle)
        self._reset  = partial(calls.simulator_reset, handle)
        self.settle:   Callable[[], None] = partial(calls.simulator_settle, handle)
        self.evaluate: Callable[[], None] = partial(calls.simulator_evaluate, handle)
        self.advance:  Callable[[], None] = partial(calls.simulator_advance, handle)
        # By identity: an Amaranth signal has no hash. The ports keep them alive.
        self._ports   = ports
        self._readers = {id(port.signal): _reader(place, len(port.signal))
                         for port, place in zip(ports, places, strict=True)}
        self._writers = {id(port.signal): _writer(place, len(port.signal))
                         for port, place in zip(ports, places, strict=True) if port.driven}
        self._drive()

    def _library(self, component: Component) -> ctypes.CDLL:
        """The compiled component, with all ``FUNCTIONS``."""
        def made() -> Sources:
            return Sources({"design": rtlil.convert(component, emit_src=False)}, {
                **package_files(__package__, *FILES), "pins.h": pins_header(component),
            }, main="simulator.cc")

        return library(made, FUNCTIONS)

    def reset(self) -> None:
        """Switch the design off and on: all is as in the beginning, its inputs too."""
        self._reset()
        self._drive()

    def reader(self, value: Value) -> Callable[[], int]:
        """Return what reads a port, or a part of one, as it is when it is called.

        Raises :class:`TypeError` for another value.
        """
        if isinstance(value, Slice):
            whole, start, mask = self.reader(value.value), value.start, (1 << len(value)) - 1
            return lambda: whole() >> start & mask
        if not len(value):
            return lambda: 0
        try:
            return self._readers[id(value)]
        except KeyError:
            raise TypeError(f"{value!r} is no port of the compiled design, nor a part of one"
                            ) from None

    def writer(self, value: Value) -> Callable[[int], object]:
        """Return what changes an input. Raises :class:`TypeError` for another value."""
        try:
            return self._writers[id(value)]
        except KeyError:
            raise TypeError(f"{value!r} is no input of the compiled design") from None

    def _drive(self) -> None:
        for port in self._ports:
            if port.driven:
                self._writers[id(port.signal)](port.signal.init)
        self.settle()

    def __del__(self) -> None:
        if hasattr(self, "_delete"):
            self._delete()


def _ports(component: Component) -> Iterator[_Port]:
    """The ports of a component that have bits. Raises :class:`TypeError` for a signed one."""
    for path, member, value in component.signature.flatten(component):
        signal = Value.cast(value)
        if signal.shape().signed:
            raise TypeError(f"a port of a compiled design must be unsigned: {signal.name}")
        if len(signal):
            yield _Port("__".join(map(str, path)), signal, member.flow is Flow.In)


def _reader(place: int, width: int) -> Callable[[], int]:
    """Reader of the ``width`` bits that begin at an address."""
    words = -(-width // _WORD)
    if words <= len(_NUMBERS):
        return partial((_NUMBERS[words - 1] * 1).from_address(place).__getitem__, 0)
    return partial(int.from_bytes, _bytes(place, words), "little")


def _writer(place: int, width: int) -> Callable[[int], None]:
    """Writer of as many low bits of a number there."""
    words, mask = -(-width // _WORD), (1 << width) - 1
    if words <= len(_NUMBERS):
        cell = (_NUMBERS[words - 1] * 1).from_address(place)

        def write(value: int) -> None:
            cell[0] = value & mask
    else:
        room = _bytes(place, words)

        def write(value: int) -> None:
            room[:] = (value & mask).to_bytes(len(room), "little")

    return write


def _bytes(place: int, words: int) -> memoryview:
    return memoryview((Byte * (words * ctypes.sizeof(Word))).from_address(place)).cast("B")


def pins_header(component: Component) -> str:
    """A C++ header that knows where the ports are."""
    return "\n".join(_header(_ports(component)))


def pins_table(component: Component) -> list[tuple[int, bool]]:
    """Words of each port in the order of that header, and whether it is an input."""
    return [(-(-len(port.signal) // _WORD), port.driven) for port in _ports(component)]


def _header(ports: Iterable[_Port]) -> Iterator[str]:
    # An input must be a plain value, or a change would not last.
    yield "#pragma once"
    yield '#include "port.h"'
    yield "template<size_t N> const uint32_t *input(const cxxrtl_yosys::value<N> &port)"
    yield "{ return port.data; }"
    yield "template<class Top> void tell_ports(const Top &top, const uint32_t **places) {"
    for number, port in enumerate(ports):
        name = f"top.{mangled(port.name)}"
        yield f"places[{number}] = {f'input({name})' if port.driven else f'read({name}).data'};"
    yield "}"
    yield ""
