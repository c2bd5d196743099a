"""The one list of the signals that are sampled: names, order, places in the unit, layouts.

Whatever drives or samples a processor's ports has its names from here: the testbench, the header of
the compiled design, the shadow of a board. A board's own rows are written by :mod:`hw.demo.rows`,
which knows nothing of this list; a test compares the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Annotated, Any, ClassVar, NamedTuple, get_type_hints

from amaranth import Value
from amaranth.lib import data

from hw.bus import (
    AccessRequest, AccessResponse, ControlRequest, ControlResponse, ControlState, Events, TlbUpdate,
)


__all__ = [
    "FIELDS", "MARK_WIDTH", "QUIET", "SIGNALS", "STROBES",
    "Driven", "Fields", "Sample", "Sampled", "inputs", "outputs",
]


#: Bits of a mark: of the number of a function stack, and of that of a claim.
MARK_WIDTH = 24


class Fields:
    """Offsets and widths of the fields of a packed layout, for taking plain integers apart.

    Parameters
    ----------
    layout : layout or structure of :mod:`amaranth.lib.data`
        Layout of the integers.
    """

    def __init__(self, layout: Any):
        self._fields = {name: (field.offset, (1 << field.width) - 1)
                        for name, field in data.Layout.cast(layout)}

    def __call__(self, bits: int) -> dict[str, int]:
        """Values of all fields of ``bits``, by name."""
        return {name: bits >> offset & mask for name, (offset, mask) in self._fields.items()}

    def pack(self, values: Mapping[str, int]) -> int:
        """The integer whose fields have ``values``, each cut to its width, and all others 0."""
        bits = 0
        for name, value in values.items():
            offset, mask = self._fields[name]
            bits |= (value & mask) << offset
        return bits


@dataclass(frozen=True)
class Sampled:
    """A signal that is sampled in every cycle.

    Attributes
    ----------
    path : :class:`str`
        Attributes that lead to it from a processor's port, which has a ``unit``, its
        ``interrupts``, and the marks ``kernel_stack`` and ``claim``.
    layout : layout or structure of :mod:`amaranth.lib.data`, or :class:`None`
        Layout of its bits, if it is packed.
    strobe : :class:`bool`
        It is low unless something happens. Others keep their value, or mean nothing then.
    """

    path:   str
    layout: Any  = None
    strobe: bool = False

    driven: ClassVar[bool] = False


class Driven(Sampled):
    """A signal that an engine drives, too, for each processor by itself."""

    driven = True


class Sample(NamedTuple):
    """Signals in one cycle, as plain integers; packed ones are whole. See :mod:`hw.bus`.

    The processor is always ready for a response, so ``valid`` says that one is accepted.
    """

    request_valid:    Annotated[int, Driven("unit.access.request.valid", strobe=True)]    = 0
    request_ready:    Annotated[int, Sampled("unit.access.request.ready")]                = 0
    request:          Annotated[int, Driven("unit.access.request.payload",
                                            AccessRequest)]                               = 0
    response_valid:   Annotated[int, Sampled("unit.access.response.valid", strobe=True)]  = 0
    response:         Annotated[int, Sampled("unit.access.response.payload",
                                             AccessResponse)]                             = 0
    control_valid:    Annotated[int, Driven("unit.control.request.valid", strobe=True)]   = 0
    control_ready:    Annotated[int, Sampled("unit.control.request.ready")]               = 0
    control:          Annotated[int, Driven("unit.control.request.payload",
                                            ControlRequest)]                              = 0
    controlled_valid: Annotated[int, Sampled("unit.control.response.valid", strobe=True)] = 0
    controlled:       Annotated[int, Sampled("unit.control.response.payload",
                                             ControlResponse)]                            = 0
    state:            Annotated[int, Sampled("unit.control.state", ControlState)]         = 0
    events:           Annotated[int, Sampled("unit.events", Events, strobe=True)]         = 0
    tlb:              Annotated[int, Sampled("unit.tlb", TlbUpdate)]                      = 0
    cyc:              Annotated[int, Sampled("unit.memory.cyc", strobe=True)]             = 0
    stb:              Annotated[int, Sampled("unit.memory.stb", strobe=True)]             = 0
    we:               Annotated[int, Sampled("unit.memory.we")]                           = 0
    lock:             Annotated[int, Sampled("unit.memory.lock")]                         = 0
    adr:              Annotated[int, Sampled("unit.memory.adr")]                          = 0
    sel:              Annotated[int, Sampled("unit.memory.sel")]                          = 0
    dat_w:            Annotated[int, Sampled("unit.memory.dat_w")]                        = 0
    stall:            Annotated[int, Sampled("unit.memory.stall")]                        = 0
    ack:              Annotated[int, Sampled("unit.memory.ack", strobe=True)]             = 0
    err:              Annotated[int, Sampled("unit.memory.err", strobe=True)]             = 0
    dat_r:            Annotated[int, Sampled("unit.memory.dat_r")]                        = 0
    send_valid:       Annotated[int, Driven("interrupts.send.valid", strobe=True)]        = 0
    send_target:      Annotated[int, Driven("interrupts.send.payload.target")]            = 0
    send_vector:      Annotated[int, Driven("interrupts.send.payload.vector")]            = 0
    pending:          Annotated[int, Sampled("interrupts.pending")]                       = 0
    take:             Annotated[int, Driven("interrupts.take", strobe=True)]              = 0
    vector:           Annotated[int, Driven("interrupts.vector")]                         = 0
    kernel_stack:     Annotated[int, Driven("kernel_stack")]                              = 0
    claim:            Annotated[int, Sampled("claim")]                                    = 0


#: The signals of a sample by name, in its order.
SIGNALS: dict[str, Sampled] = {
    name: hint.__metadata__[0]
    for name, hint in get_type_hints(Sample, include_extras=True).items()}

#: Fields of the packed ones, by name.
FIELDS = {name: Fields(signal.layout) for name, signal in SIGNALS.items()
          if signal.layout is not None}

#: Names of the strobes.
STROBES = tuple(name for name, signal in SIGNALS.items() if signal.strobe)

#: Inputs that are not sampled, since they are always high: paths by name.
_READY = {"response_ready":   "unit.access.response.ready",
          "controlled_ready": "unit.control.response.ready"}

#: Inputs of a processor that does nothing. Inputs that are not named keep what they have.
QUIET = {**dict.fromkeys(_READY, 1), **{name: 0 for name in STROBES if SIGNALS[name].driven}}


def inputs(port: Any) -> dict[str, Value]:
    """Signals that an engine drives for the processor with this ``port``, by name."""
    return _values(port, _READY | {name: signal.path for name, signal in SIGNALS.items()
                                   if signal.driven})


def outputs(port: Any) -> dict[str, Value]:
    """The signals of a :class:`Sample` by name, in its order: those of ``port``."""
    return _values(port, {name: signal.path for name, signal in SIGNALS.items()})


def _values(port: Any, paths: Mapping[str, str]) -> dict[str, Value]:
    return {name: Value.cast(attrgetter(path)(port)) for name, path in paths.items()}
