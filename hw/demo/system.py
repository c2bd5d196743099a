"""The demonstration system: a unit and its memory, driven by a computer over a UART."""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect

from .bridge import Bridge
from .button import Button
from .counters import Counters
from .indicators import Bypass, Light
from .link import Link
from .ram import BlockRam
from .rows import RowWriter
from .status import StatusReporter
from .subsystem import MemorySubsystem
from .uart import Receiver, Transmitter
from .varint import VarintEncoder


__all__ = ["BAUD", "LINK_VERSION", "System", "divisor_of"]


#: Version of the link, as docs/serial-link.md has it.
LINK_VERSION = 3

#: Bits in a second on the line to the computer.
BAUD = 1_000_000

#: Seconds between ticks, by which lights and the button go, and ticks that a light is lit.
TICK, LIT = 0.01, 20


def divisor_of(clock_hz, baud):
    """Cycles of a bit. Raises :class:`ValueError` if the clock cannot make them."""
    divisor = round(clock_hz / baud)
    if divisor < 4:
        raise ValueError(f"{baud!r} baud need a clock of {4 * baud!r} Hz or more, not {clock_hz!r}")
    # The receiver copes with 2 % between both ends, of which the other one may want some.
    if not 0.99 <= clock_hz / divisor / baud <= 1.01:
        raise ValueError(f"a clock of {clock_hz!r} Hz cannot make {baud!r} baud within 1 %")
    return divisor


class System(wiring.Component):
    """One machine, a bridge that plays its processor, and lights.

    Parameters
    ----------
    config : :class:`hw.config.MmuConfig`
        What the unit can do.
    preset : :class:`int`
        What the greeting says of it: the index of ``config`` in :data:`hw.presets.PRESETS`.
    ram_kib : :class:`int`
        Size of memory in KiB, a power of two.
    clock_hz, baud : :class:`int`
        Cycles of the clock, and bits on the line, in a second: four cycles a bit, or more.
    ram : class
        The kind of :class:`.ram.Ram`.

    Members
    -------
    rx, tx : :py:`In(1, init=1)`, :py:`Out(1, init=1)`
        The line from and to the computer.
    button : :py:`In(1)`
        1 while it is pressed: inverts CR0.WP. Asynchronous.
    fault, bypass : :py:`Out(1)`
        Lit for a moment by a page fault, and by a write by the :class:`.indicators.Bypass`.
    wp : :py:`Out(1)`
        CR0.WP.
    busy : :py:`Out(1)`
        Lit for a moment when the machine runs.
    """

    def __init__(self, config, *, preset, ram_kib=128, clock_hz, baud=BAUD, ram=BlockRam):
        super().__init__({
            "rx":     In(1, init=1),
            "tx":     Out(1, init=1),
            "button": In(1),
            "fault":  Out(1),
            "bypass": Out(1),
            "wp":     Out(1),
            "busy":   Out(1),
        })
        self.clock_hz = clock_hz
        self._divisor = divisor_of(clock_hz, baud)
        self._machine = MemorySubsystem(config, ram_kib=ram_kib, ram=ram)
        self._bridge  = Bridge(config)
        self._bypass  = Bypass(config, frames=ram_kib // 4)
        self._ticked  = Signal()
        self._report  = StatusReporter(
            (LINK_VERSION, preset, ram_kib, clock_hz // 1000), counters=5)

    def elaborate(self, platform):
        m = Module()

        m.submodules.link        = link = Link()
        anew = ResetInserter(link.connected)
        rows, encoder, counters = RowWriter(self._machine), VarintEncoder(), Counters()
        bridge = self._bridge
        m.submodules.bridge      = anew(bridge)
        m.submodules.rows        = anew(rows)
        m.submodules.encoder     = anew(encoder)
        m.submodules.counters    = anew(counters)
        m.submodules.report      = anew(self._report)
        m.submodules.bypass_seen = anew(self._bypass)
        m.submodules.machine     = self._machine

        self._tick(m)
        self._join_line(m, link)
        self._join_bridge(m, link, bridge, rows)
        self._join_response(m, link, bridge, rows, encoder, counters)
        self._join_lights(m, bridge, rows)

        return m

    def _tick(self, m):
        """Make a strobe, so that slow parts need not count cycles."""
        timer = Signal(range(max(2, round(TICK * self.clock_hz))))
        m.d.comb += self._ticked.eq(timer == 0)
        m.d.sync += timer.eq(Mux(self._ticked, max(2, round(TICK * self.clock_hz)) - 1, timer - 1))

    def _join_line(self, m, link):
        """Connect the UART, and the link on it."""
        m.submodules.receiver    = receiver    = Receiver(self._divisor)
        m.submodules.transmitter = transmitter = Transmitter(self._divisor)
        connect(m, receiver.bytes, link.received)
        connect(m, link.sent, transmitter.bytes)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
        ]

    def _join_bridge(self, m, link, bridge, rows):
        """Connect the bridge to what it drives, and to what enables it."""
        machine = self._machine
        m.submodules.button = button = Button()
        connect(m, link.request, bridge.bytes)
        connect(m, bridge.access, machine.access)
        connect(m, bridge.control, machine.control)
        m.d.comb += [
            button.pin.eq(self.button),
            button.tick.eq(self._ticked),
            bridge.toggle.eq(button.pressed),
            bridge.begun.eq(link.begun),
            bridge.end.eq(link.end),
            rows.go.eq(bridge.go & machine.settled),
            rows.mark.eq(bridge.mark),
            rows.marked.eq(bridge.marked),
            bridge.enable.eq(rows.enable),
            machine.enable.eq(rows.enable),
            machine.reset.eq(link.connected),
        ]

    def _join_response(self, m, link, bridge, rows, encoder, counters):
        """Connect rows, greeting and counters to the link, whose response ends with them."""
        report = self._report
        connect(m, encoder.bytes, link.response)
        m.d.comb += [
            counters.enable.eq(rows.enable),
            counters.events.eq(rows.events),
            *(shown.eq(count) for shown, count in zip(report.counts, counters.counts, strict=True)),
            report.request.payload.eq(bridge.report.payload),
            report.request.valid.eq(bridge.report.valid & ~self._machine.clearing),
            bridge.report.ready.eq(report.request.ready & report.request.valid),
            link.finish.payload.eq(bridge.finish.payload),
            link.finish.valid.eq(bridge.finish.valid),
            bridge.finish.ready.eq(link.finish.ready),
            encoder.numbers.payload.eq(
                Mux(bridge.report.valid, report.numbers.payload, rows.numbers.payload)),
            encoder.numbers.valid.eq(report.numbers.valid | rows.numbers.valid),
            report.numbers.ready.eq(encoder.numbers.ready),
            rows.numbers.ready.eq(encoder.numbers.ready),
        ]

    def _join_lights(self, m, bridge, rows):
        """Connect the lights."""
        machine, bypass = self._machine, self._bypass
        m.submodules.fault_light  = fault_light  = Light(LIT)
        m.submodules.bypass_light = bypass_light = Light(LIT)
        m.submodules.busy_light   = busy_light   = Light(LIT)
        m.d.comb += [
            bypass.enable.eq(rows.enable),
            bypass.request.eq(bridge.last),
            bypass.response.eq(machine.access.response.payload),
            bypass.completed.eq(bridge.completed),
            fault_light.strobe.eq(rows.enable & rows.events.page_fault),
            bypass_light.strobe.eq(bypass.written),
            busy_light.strobe.eq(rows.enable),
            *(light.tick.eq(self._ticked) for light in (fault_light, bypass_light, busy_light)),
            self.fault.eq(fault_light.lit),
            self.bypass.eq(bypass_light.lit),
            self.busy.eq(busy_light.lit),
            self.wp.eq(machine.control.state.cr0[16]),
        ]
