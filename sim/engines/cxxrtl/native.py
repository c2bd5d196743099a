"""A compiled machine, called through its C interface."""

import ctypes
from collections.abc import Callable, Iterator
from itertools import accumulate

from hw.config import MmuConfig
from sim.memory import PAGE, PhysicalMemory
from sim.recorder import Sample

from .batch import Batch
from .build import library


__all__ = ["Machine", "Native", "native"]


Word   = ctypes.c_uint32
Number = ctypes.c_uint64
PageOf = ctypes.CFUNCTYPE(ctypes.c_void_p, Number)

#: Operations, as harness.cc numbers them.
NOTHING, ACCESSES, CONTROL = range(3)


class Native:
    """A compiled bench, of which machines can be made.

    Attributes
    ----------
    bench : :class:`sim.engines.bench.Bench`
        What it was compiled from.
    calls : :class:`ctypes.CDLL`
        Its C interface.
    places : :class:`list` of tuples of :class:`int`
        First bit, end and mask of each signal in a row of the log, after the cycle.
    """

    def __init__(self, config: MmuConfig, *, view: bool):
        self.bench, calls = library(config, view=view)
        self.calls = calls
        widths = [width for _, width in self.bench.places.values()]
        ends   = list(accumulate(-(-width // 32) * 32 for width in widths))
        self.places = [(start, end, (1 << width) - 1)
                       for start, end, width in zip([0, *ends], ends, widths, strict=False)]
        machine, pointer = ctypes.c_void_p, ctypes.POINTER
        calls.machine_new.restype     = machine
        calls.machine_new.argtypes    = [Number, ctypes.c_char_p, Number, PageOf]
        calls.machine_delete.restype  = None
        calls.machine_delete.argtypes = [machine]
        calls.machine_run.restype     = Number
        calls.machine_run.argtypes    = [
            machine, pointer(Word), Number, Word, ctypes.c_int, pointer(Word), Number, Number,
            pointer(ctypes.c_uint8),
        ]
        for log in (calls.machine_samples, calls.machine_views):
            log.restype  = ctypes.c_void_p
            log.argtypes = [machine, pointer(Number)]


class Machine:
    """One compiled machine at its reset, that shares the pages of ``memory``.

    Attributes
    ----------
    cycle : :class:`int`
        The next one.
    hung : :class:`bool`
        The last batch was not answered in time.
    """

    def __init__(self, native: Native, memory: PhysicalMemory):
        self._native = native
        self._memory = memory
        self._pages: list[ctypes.Array[ctypes.c_char]] = []
        self._page_of = PageOf(self._share)  # must live as long as the machine
        stall         = bytes(memory.stall)
        self._handle  = native.calls.machine_new(
            memory.latency, stall, len(stall), self._page_of)
        self._inputs  = native.bench.inputs
        self.cycle    = 0
        self.hung     = False

    def run(self, batch: Batch, claim: int, deadline: int) -> None:
        """Run until the end of ``batch``."""
        kind, name, requests = NOTHING, "request", batch.accesses
        if batch.accesses:
            kind = ACCESSES
        elif batch.controls:
            kind, name, requests = CONTROL, "control", batch.controls
        size   = -(-len(self._inputs[name]) // 32) * 4
        packed = b"".join(request.to_bytes(size, "little") for request in requests)
        words  = (Word * (len(packed) // 4)).from_buffer_copy(packed)
        marks  = (Word * len(batch.marks))(*batch.marks)
        hung   = ctypes.c_uint8()
        self.cycle = self._native.calls.machine_run(
            self._handle, marks, len(marks), claim, kind, words, len(requests), deadline, hung)
        self.hung = bool(hung.value)

    def samples(self) -> Iterator[tuple[int, Sample]]:
        """The cycles of the last batch in which something happened, and the signals in them."""
        places = self._native.places
        for cycle, bits in self._rows(self._native.calls.machine_samples, places[-1][1]):
            yield cycle, Sample._make([bits >> start & mask for start, _, mask in places])

    def views(self) -> Iterator[tuple[int, int]]:
        """The cycles of the last batch in which what a waveform shows has changed, and that."""
        return self._rows(self._native.calls.machine_views, len(self._native.bench.view))

    def delete(self) -> None:
        """Free what C++ has allocated. The machine cannot be used any more."""
        self._native.calls.machine_delete(self._handle)

    def _rows(self, log: Callable[..., int], width: int) -> Iterator[tuple[int, int]]:
        size    = Number()
        start   = log(self._handle, size)
        content = ctypes.string_at(start, size.value) if size.value else b""
        stride  = 8 + -(-width // 32) * 4
        for offset in range(0, len(content), stride):
            row = int.from_bytes(content[offset:offset + stride], "little")
            yield row & (1 << 64) - 1, row >> 64

    def _share(self, number: int) -> int:
        page = (ctypes.c_char * PAGE).from_buffer(self._memory.page(number))
        self._pages.append(page)  # keeps the page where it is
        return ctypes.addressof(page)


_compiled: dict[tuple[MmuConfig, bool], Native] = {}


def native(config: MmuConfig, *, view: bool) -> Native:
    """The compiled bench for ``config``. Raises :class:`sim.engine.Unavailable`."""
    if (config, view) not in _compiled:
        _compiled[config, view] = Native(config, view=view)
    return _compiled[config, view]
