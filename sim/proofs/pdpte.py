"""Proof: the four PDPTEs are read where they are, in order, and taken as memory returned them.

By induction: for runs of any length, whenever memory responds.

Ref: Intel SDM Vol. 3A, section 4.4.1 "PDPTE Registers".
"""

from dataclasses import replace
from typing import Any

from amaranth.hdl import Cat, Const, Elaboratable, Module, Mux, Signal, Value
from amaranth.lib import data

from hw.layout import Pdpte
from hw.pdpte import PdpteLoader
from hw.presets import PRESETS
from hw.reserved import malformed_pdpte

from .design import inputs_of
from .opened import in_a_state, in_state, opened
from .proof import Sentence, Subject, prove_for_ever
from .property import Method, Property
from .streams import Held


__all__ = ["CONFIG", "PROPERTIES", "prove_of_loader"]


CONFIG = replace(PRESETS["full"], outstanding=2)

#: Registers that are loaded.
COUNT = 4


class Watch(Elaboratable):
    """A loader, and what memory has returned for the present request.

    Attributes
    ----------
    held : :class:`Held`
        The loader, and whether its request stays.
    issued, returned : :class:`Signal`
        Reads that memory has accepted, and those that have completed.
    words : list of :class:`Signal`
        What it has returned.
    refused : :class:`Signal`
        One of these is malformed, or a read has failed.
    sound : :class:`Signal`
        Memory completes what it has accepted, and nothing else.
    """

    def __init__(self, loader: Any):
        self.loader   = loader
        self.held     = Held(loader, [loader.request])
        self.issued   = Signal(3, name="issued_by_now")
        self.returned = Signal(3, name="returned_by_now")
        self.words    = [Signal(64, name=f"word_{number}") for number in range(COUNT)]
        self.refused  = Signal()
        self.sound    = Signal()

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.held = self.held
        request, memory = self.loader.request, self.loader.memory
        ended = memory.ack | memory.err
        m.d.comb += self.sound.eq(~(memory.ack & memory.err)
                                  & (~ended | (self.issued != self.returned)))
        with m.If(memory.cyc & memory.stb & ~memory.stall):
            m.d.sync += self.issued.eq(self.issued + 1)
        with m.If(ended):
            m.d.sync += [
                self.returned.eq(self.returned + 1),
                self.refused.eq(self.refused | memory.err | malformed_pdpte(
                    data.View(Pdpte, memory.dat_r), maxphyaddr=self.loader.config.maxphyaddr)),
            ]
            for number, word in enumerate(self.words):
                with m.If(self.returned == number):
                    m.d.sync += word.eq(memory.dat_r)
        with m.If(request.valid & request.ready):
            m.d.sync += [self.issued.eq(0), self.returned.eq(0), self.refused.eq(0)]
        return m


def prove_of_loader(loader: Any, inside: Any) -> None:
    """Prove what a loader, which is ``inside``, reads and gives."""
    module = opened(inside)
    watch  = Watch(loader)
    memory, request = loader.memory, loader.request
    accepted = request.valid & request.ready
    reads    = in_state(module, "READ_ENTRIES")

    def loaded(word: Value) -> Value:
        """The register of a PDPTE that is well-formed."""
        return Mux(word[0], word, 0)

    def taken(count: int) -> Value:
        """The entries that have been read are the last registers."""
        return Cat(loader.pdptes[COUNT - count + number].as_value() == loaded(watch.words[number])
                   for number in range(count)).all()

    def says(text: str, when: Any, then: Any) -> Sentence:
        return Sentence("SDM 4.4.1", text, when, then)

    prove_for_ever(
        Subject(inputs=inputs_of(loader), part=watch, given=watch.sound & watch.held.steady,
                fields={
                    "request":  request.valid,
                    "accepted": request.ready,
                    "CR3[31:5]": request.payload,
                    **{name: getattr(memory, name) for name in (
                        "stb", "stall", "adr", "ack", "err", "dat_r")},
                    "malformed": loader.malformed,
                }), [
            says("a PDPTE is read at its number behind the address in CR3", memory.stb,
                 memory.cyc & ~memory.we & (memory.sel == 0xff)
                 & (memory.adr == Cat(watch.issued[:2], request.payload))),
            says("a request is accepted when all four PDPTEs have been read", accepted,
                 (watch.issued == COUNT) & (watch.returned == COUNT)),
            says("the registers are as memory has returned them, those with P = 0 as 0",
                 accepted & ~loader.malformed, taken(COUNT)),
            says("none may be loaded if one is malformed, or its read has failed, and only then",
                 accepted, loader.malformed == watch.refused),
            says("the loader is in a state that there is", Const(1), in_a_state(module)),
            says("as many are under way as memory has accepted and not returned", reads,
                 (inside._issued == watch.issued) & (inside._read == watch.returned)
                 & (watch.issued == watch.returned + inside._under_way)
                 & (watch.issued <= COUNT) & (watch.returned < COUNT)),
            says("all are read when the request is accepted", ~reads,
                 request.valid & (inside._read == 0) & ~inside._under_way
                 & (watch.issued == COUNT) & (watch.returned == COUNT)),
            says("what is under way is requested", inside._issued != 0, request.valid),
            says("what was refused is known", Const(1), loader.malformed == watch.refused),
            *(says(f"what has been read is kept: {count}", (watch.returned == count)
                   & ~watch.refused, taken(count)) for count in range(1, COUNT + 1)),
        ], cycles=12, depth=1)


def _prove() -> None:
    loader = PdpteLoader(CONFIG)
    prove_of_loader(loader, loader)


PROPERTIES = [Property(
    name="pdpte-reads", block="hw.pdpte", source="SDM 4.4.1",
    says="the four PDPTEs are read behind the address in CR3, in order, and are loaded as memory "
         "has returned them, or none is, if one is malformed or cannot be read",
    method=Method.INDUCTION, units=("full",), prove=lambda unit, depth: _prove())]
