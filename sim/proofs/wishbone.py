"""Rules of the Wishbone bus, as sentences about an initiator.

Ref: Wishbone B4, chapters 3.1.3.2 "Pipelined mode" and 3.4 "RMW cycle".
"""

from typing import Any

from amaranth.hdl import Cat, Const, Elaboratable, Module, Mux, Signal, Value

from .proof import Sentence


__all__ = ["BusWatch"]


class BusWatch(Elaboratable):
    """A port towards memory, and what has passed it.

    Parameters
    ----------
    part : elaboratable
        What has the port.
    memory : interface
        The port, of an initiator.
    most : :class:`int`
        Transfers that may be outstanding.

    Attributes
    ----------
    outstanding : :class:`Signal`
        Transfers that were accepted and have not completed.
    waits : :class:`Signal`
        A transfer was requested in the cycle before, and not accepted; ...
    before : :class:`Signal`
        ... and what was requested then.
    reads : list of :class:`Signal`
        Words that were read last while the bus was locked, which it has been since; ...
    read : list of :class:`Signal`
        ... if there are such.
    """

    def __init__(self, part: Any, memory: Any, *, most: int):
        self.part   = part
        self.memory = memory
        self.most   = most
        self.outstanding = Signal(range(most + 2))
        self.waits  = Signal()
        self.before = Signal.like(Cat(*self._request()))
        self.reads  = [Signal.like(memory.adr, name=f"read_{number}") for number in range(2)]
        self.read   = [Signal(name=f"there_{number}") for number in range(2)]

    def _request(self) -> list[Value]:
        memory = self.memory
        return [memory.adr, memory.sel, memory.we, memory.lock,
                Mux(memory.we, memory.dat_w, 0)]

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.part = self.part
        memory   = self.memory
        accepted = memory.cyc & memory.stb & ~memory.stall
        m.d.sync += [
            self.outstanding.eq(self.outstanding + accepted - (memory.ack | memory.err)),
            self.waits.eq(memory.cyc & memory.stb & memory.stall),
            self.before.eq(Cat(*self._request())),
        ]
        with m.If(~(memory.cyc & memory.lock)):
            m.d.sync += [there.eq(0) for there in self.read]
        with m.Elif(accepted & ~memory.we):
            m.d.sync += [
                Cat(self.reads).eq(Cat(memory.adr, self.reads[0])),
                Cat(self.read).eq(Cat(Const(1), self.read[0])),
            ]
        return m

    @property
    def sound(self) -> Value:
        """Memory completes what it has accepted, and nothing else."""
        memory = self.memory
        return ((~(memory.ack | memory.err) | (self.outstanding != 0))
                & ~(memory.ack & memory.err))

    @property
    def fields(self) -> dict[str, Value]:
        """The signals of the port, for counterexamples."""
        return {name: getattr(self.memory, name) for name in self.memory.signature.members}

    def rules(self, source: str) -> list[Sentence]:
        """The sentences, but for that about locks."""
        memory = self.memory

        def says(text: str, when: Value, then: Value) -> Sentence:
            return Sentence(source, text, when, then)

        return [
            says("a transfer is requested within a bus cycle", memory.stb, memory.cyc),
            says("the bus is locked within a bus cycle", memory.lock, memory.cyc),
            says("a request stays as it is until it is accepted", self.waits,
                 memory.stb & (Cat(*self._request()) == self.before)),
            says("a bus cycle lasts until all its transfers have completed",
                 self.outstanding != 0, memory.cyc),
            says("no more transfers are outstanding than there may be", memory.cyc,
                 self.outstanding <= self.most),
        ]

    def rule_of_locks(self, source: str) -> Sentence:
        """The sentence about locks."""
        memory = self.memory
        return Sentence(
            source, "a locked store is to a word that was read since the bus was locked",
            memory.stb & memory.lock & memory.we,
            Cat(there & (word == memory.adr) for there, word
                in zip(self.read, self.reads, strict=True)).any())
