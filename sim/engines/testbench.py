# amaranth: UnusedElaboratable=no
"""The design that is simulated: units, what joins them, and marks of the software."""

from collections.abc import Mapping, Sequence
from typing import Any

from amaranth import Cat, ClockDomain, Elaboratable, Module, Signal, Value
from amaranth.hdl import Fragment
from amaranth.lib.wiring import connect, flipped

from hw.arbiter import Arbiter
from hw.config import MmuConfig
from hw.interrupts import Interrupts
from hw.mmu import Mmu
from hw.wishbone import WishboneSignature
from sim.record.signals import MARK_WIDTH, inputs, outputs
from sim.record.view import Probe, functions, ports, shared, state_machines, tested

from .processor import Names


__all__ = ["ProcessorPort", "Testbench"]


class ProcessorPort:
    """One processor's side of a testbench: its unit, and the ports of what drives it.

    Attributes
    ----------
    unit : :class:`hw.mmu.Mmu`
        The unit.
    interrupts : :class:`hw.interrupts.InterruptSignature`
        The processor's port of the interrupts.
    kernel_stack, claim : :class:`Signal`
        The marks: kernel functions that execute, and the claim that is being tested.
    inputs : :class:`dict` of :class:`Value`
        What an engine drives, by name.
    outputs : :class:`dict` of :class:`Value`
        What it samples: the signals of a :class:`sim.record.signals.Sample`.
    """

    def __init__(self, config: MmuConfig, interrupts: Any, claim: Signal):
        self.unit         = Mmu(config)
        self.design       = Fragment.get(self.unit, None)
        self.interrupts   = interrupts
        self.kernel_stack = Signal(MARK_WIDTH)
        self.claim        = claim
        self.inputs       = inputs(self)
        self.outputs      = outputs(self)


class Testbench(Elaboratable):
    """Units with their memory port, their clock, and the marks of software.

    Parameters
    ----------
    config : :class:`hw.config.MmuConfig`
        What each unit can do.
    cpus : :class:`int`
        How many units. Several share memory through an arbiter.
    arbiter : class
        :class:`hw.arbiter.Arbiter`, or one that a test prefers.
    view : :class:`bool`
        Provide what a waveform shows. It costs time.

    Attributes
    ----------
    clock : :class:`ClockDomain`
        The clock.
    processor_ports : :class:`list` of :class:`ProcessorPort`
        Sides of the processors.
    stacks, claims : :class:`.processor.Names`
        What the numbers on the marks mean: tuples of function names, and texts. May be replaced
        before a run.
    inputs, outputs : :class:`dict` of :class:`Value`
        What an engine drives and samples besides, by name: the memory port, the claim that is
        being tested, which processors' transfers are held, and the width of physical addresses
        if it is variable.
    views : :class:`list` of :class:`Value`
        All that a waveform shows.
    view : :class:`Signal`
        The same, packed.
    shown : :class:`list` of :class:`sim.record.waves.Shown`
        What that is.
    """

    def __init__(self, config: MmuConfig, *, cpus: int = 1, arbiter: type[Arbiter] = Arbiter,
                 view: bool):
        self.clock       = ClockDomain("sync")
        self.stacks      = Names(())
        self.claims      = Names("")
        self._claim      = Signal(MARK_WIDTH)
        self._hold       = Signal(cpus)
        self._interrupts = Interrupts(processors=cpus)
        self._arbiter    = arbiter(initiators=cpus, maxphyaddr=config.maxphyaddr) \
            if cpus > 1 else None
        self._maxphyaddr = Signal(range(config.maxphyaddr + 1))
        self._memory     = WishboneSignature(maxphyaddr=config.maxphyaddr).create()
        self.processor_ports = [ProcessorPort(config, port, self._claim)
                                for port in self._interrupts.processors]

        memory = self._memory
        self.inputs  = _values({"claim": self._claim, "hold": self._hold, "ack": memory.ack,
                                "err": memory.err, "dat_r": memory.dat_r,
                                "stall": memory.stall})
        if config.variable_maxphyaddr:
            self.inputs["maxphyaddr"] = self._maxphyaddr
        self.outputs = _values({"cyc": memory.cyc, "stb": memory.stb, "we": memory.we,
                                "adr": memory.adr, "sel": memory.sel, "dat_w": memory.dat_w})

        viewed = self._viewed() if view else []
        self.shown  = [shown for shown, _ in viewed]
        self.views  = [value for _, value in viewed]
        self.view   = Signal(sum(map(len, self.views)))

    def elaborate(self, platform: Any) -> Module:
        """Put the parts together."""
        m = Module()
        m.domains += self.clock
        m.submodules.interrupts = self._interrupts
        for number, processor_port in enumerate(self.processor_ports):
            setattr(m.submodules, f"mmu{number}" if number else "mmu", processor_port.design)
            if processor_port.unit.config.variable_maxphyaddr:
                m.d.comb += processor_port.unit.maxphyaddr.eq(self._maxphyaddr)
        if self._arbiter is None:
            connect(m, self.processor_ports[0].unit.memory, flipped(self._memory))
        else:
            m.submodules.arbiter = arbiter = self._arbiter
            for port, initiator in zip(self.processor_ports, arbiter.initiators, strict=True):
                connect(m, port.unit.memory, initiator)
            m.d.comb += arbiter.hold.eq(self._hold)
            connect(m, arbiter.target, flipped(self._memory))
        m.d.comb += self.view.eq(Cat(self.views))
        return m

    def _viewed(self) -> list[Probe]:
        """Signals for a waveform: of a machine with several processors, each in its own scope.

        What software does is on top, of all of them.
        """
        software = [tested(lambda: self.claims.texts, self._claim)]
        units: list[Probe] = []
        for number, processor_port in enumerate(self.processor_ports):
            scope = "" if self._arbiter is None else f"cpu{number}"
            software += _within(scope, functions(lambda: self.stacks.texts,
                                                 processor_port.kernel_stack))
            units    += _within(scope, [*ports(processor_port.unit),
                                        *state_machines(processor_port.design)])
        if self._arbiter is not None:
            units += shared(self._arbiter, self._interrupts)
        return software + units


def _within(scope: str, probes: Sequence[Probe]) -> list[Probe]:
    """The same signals in a scope, if it has a name."""
    return [(shown.within(scope) if scope else shown, value) for shown, value in probes]


def _values(signals: Mapping[str, Any]) -> dict[str, Value]:
    return {name: Value.cast(signal) for name, signal in signals.items()}
