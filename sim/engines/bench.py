"""What is simulated: a unit, and the signals that show what software is doing."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from amaranth import Cat, ClockDomain, Elaboratable, Module, Signal, Value
from amaranth.hdl import Fragment

from hw.config import MmuConfig
from hw.mmu import Mmu
from sim.recorder import Sample, probes
from sim.waves import Shown

from .processor import Names
from .view import ports, state_machines


__all__ = ["Bench"]


class Bench(Elaboratable):
    """One unit, its clock, and the marks of its processor.

    Parameters
    ----------
    config : :class:`hw.config.MmuConfig`
        What the unit can do.
    view : :class:`bool`
        Provide what a waveform shows. It costs time.

    Attributes
    ----------
    unit : :class:`hw.mmu.Mmu`
        The unit.
    clock : :class:`ClockDomain`
        Its clock.
    stacks, claims : :class:`.processor.Names`
        What the numbers on the marks mean: tuples of function names, and texts. May be replaced
        before a run.
    kernel_stack, claim : :class:`Signal`
        The marks: kernel functions that execute, and the claim that is being tested.
    inputs : :class:`dict` of :class:`Value`
        What an engine drives, by name.
    probe : :class:`Signal`
        All that is sampled, packed: one wide signal is read much faster than many.
    view : :class:`Signal`
        All that a waveform shows, packed.
    shown : :class:`list` of :class:`sim.waves.Shown`
        What that is.
    """

    def __init__(self, config: MmuConfig, *, view: bool):
        self.unit    = Mmu(config)
        self.clock   = ClockDomain("sync")
        self.stacks  = Names(())
        self.claims  = Names("")
        self._design = Fragment.get(self.unit, None)

        self.kernel_stack = Signal(24)
        self.claim        = Signal(24)

        self.inputs  = self._inputs()
        self._probes = probes(self.unit, self.kernel_stack, self.claim)
        self.probe   = Signal(sum(map(len, self._probes)))
        ends = list(accumulate(map(len, self._probes)))
        self._places = [(end - len(probe), (1 << len(probe)) - 1)
                        for probe, end in zip(self._probes, ends, strict=True)]

        viewed = [*self._marks(), *ports(self.unit), *state_machines(self._design)] if view else []
        self.shown  = [shown for shown, _ in viewed]
        self._views = [value for _, value in viewed]
        self.view   = Signal(sum(map(len, self._views)))

    def elaborate(self, platform: Any) -> Module:
        """Put the parts together."""
        m = Module()
        m.domains += self.clock
        m.submodules.mmu = self._design
        m.d.comb += [
            self.probe.eq(Cat(self._probes)),
            self.view.eq(Cat(self._views)),
        ]
        return m

    @property
    def places(self) -> dict[str, tuple[int, int]]:
        """Offset and width in ``probe`` of what is sampled, by its name in a sample."""
        return {name: (offset, mask.bit_length()) for name, (offset, mask)
                in zip(Sample._fields, self._places, strict=True)}

    def sample(self, bits: int) -> Sample:
        """Take a value of ``probe`` apart."""
        return Sample._make([bits >> offset & mask for offset, mask in self._places])

    def _inputs(self) -> dict[str, Value]:
        access, control, memory = self.unit.access, self.unit.control, self.unit.memory
        return {name: Value.cast(signal) for name, signal in {
            "response_ready": access.response.ready,  "controlled_ready": control.response.ready,
            "request_valid":  access.request.valid,   "request":  access.request.payload,
            "control_valid":  control.request.valid,  "control":  control.request.payload,
            "kernel_stack":   self.kernel_stack,      "claim":    self.claim,
            "ack": memory.ack, "dat_r": memory.dat_r, "stall": memory.stall,
        }.items()}

    def _marks(self) -> list[tuple[Shown, Value]]:
        return [
            (Shown("software", "claim", 24, lambda n: self.claims.texts[n] or "-"), self.claim),
            (Shown("software", "kernel_function", 24,
                   lambda n: (self.stacks.texts[n] or ("user",))[-1]), self.kernel_stack),
            (Shown("software", "kernel_stack", 24,
                   lambda n: _stack_text(self.stacks.texts[n])), self.kernel_stack),
        ]


def _stack_text(stack: Sequence[str]) -> str:
    return " > ".join(stack) or "user"
