"""Memory subsystem: a unit and its memory, whose clock can stand still."""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.bus import AccessSignature, ControlSignature, Events
from hw.mmu import Mmu
from hw.wishbone import WishboneSignature

from .ram import BlockRam


__all__ = ["MemorySubsystem"]


class MemorySubsystem(wiring.Component):
    """A unit and its memory. In a cycle without ``enable`` nothing moves, and no port counts.

    As soon as memory has ``settled``, what comes out depends on what goes in, so that an observer
    can look at a cycle for as long as it likes before the machine goes on.

    Parameters
    ----------
    config : :class:`hw.config.MmuConfig`
        What the unit can do.
    ram_kib : :class:`int`
        Size of memory in KiB, a power of two.
    ram : class
        :class:`.ram.Ram` of some kind.

    Members
    -------
    enable : :py:`In(1)`
        The next cycle begins with the next edge of the clock.
    settled : :py:`Out(1)`
        Memory shows what it responds in this cycle. Not to be enabled before.
    reset : :py:`In(1)`
        Strobe: reset the unit, and clear memory.
    clearing : :py:`Out(1)`
        Memory is being cleared. Not to be enabled meanwhile.
    access, control, events
        Ports of :class:`hw.mmu.Mmu`.
    memory : :py:`Out(WishboneSignature(maxphyaddr=config.maxphyaddr))`
        What the unit and memory say to each other, for observers: nothing is to be driven.
    """

    def __init__(self, config, *, ram_kib, ram=BlockRam):
        self._unit = Mmu(config)
        self._ram  = ram(kib=ram_kib, maxphyaddr=config.maxphyaddr)
        super().__init__({
            "enable":   In(1),
            "settled":  Out(1),
            "reset":    In(1),
            "clearing": Out(1),
            "access":   In(AccessSignature()),
            "control":  In(ControlSignature()),
            "events":   Out(Events),
            "memory":   Out(ObservedSignature(config.maxphyaddr)),
        })

    def elaborate(self, platform):
        m = Module()

        m.submodules.ram = ram = self._ram
        # Reset counts in enabled cycles only: so a flip-flop needs one enable, and not two.
        m.submodules.mmu = EnableInserter(self.enable | self.reset)(
            ResetInserter(self.reset)(self._unit))
        connect(m, flipped(self.access), self._unit.access)
        connect(m, flipped(self.control), self._unit.control)
        connect(m, self._unit.memory, ram.bus)
        m.d.comb += [
            self.events.eq(self._unit.events),
            ram.enable.eq(self.enable),
            ram.clear.eq(self.reset),
            self.settled.eq(ram.settled),
            self.clearing.eq(ram.clearing),
            *(getattr(self.memory, name).eq(getattr(ram.bus, name))
              for name in self.memory.signature.members),
        ]

        return m


class ObservedSignature(wiring.Signature):
    """A Wishbone port of which every signal comes out."""

    def __init__(self, maxphyaddr):
        self.maxphyaddr = maxphyaddr
        members = WishboneSignature(maxphyaddr=maxphyaddr).members
        super().__init__({name: Out(member.shape) for name, member in members.items()})

    def __eq__(self, other):
        return type(other) is type(self) and self.maxphyaddr == other.maxphyaddr

    def __repr__(self):
        return f"ObservedSignature({self.maxphyaddr!r})"
