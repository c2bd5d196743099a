"""Proofs: an entry is stored only if memory still has what the walk read.

For runs of any length, by induction; that an update which ends has been done is a bounded proof.
"""

from typing import Any

from amaranth.hdl import Const, Elaboratable, Module, Mux, Signal

from hw.config import MmuConfig
from hw.updater import Updater

from .design import inputs_of
from .proof import Sentence, Subject, prove, prove_for_ever
from .property import Method, Property


__all__ = ["CONFIG", "PROPERTIES", "prove_ends", "prove_stores"]


CONFIG = MmuConfig()


class Watch(Elaboratable):
    """An updater, and what has passed its ports during an update.

    Attributes
    ----------
    held : :class:`Signal`
        The request is the same as in the cycle before; the values are, from its second cycle on.
    outstanding : :class:`Signal`
        A transfer was accepted, and has not completed.
    under_way : :class:`Signal`
        It was there in the cycle before, and had not ended.
    locked : :class:`Signal`
        The bus cycle began with a read of the entry, and has been locked since.
    returned : :class:`Signal`
        What memory returned last.
    stored : :class:`Signal`
        A store was accepted.
    """

    def __init__(self, updater: Any):
        self.updater   = updater
        self.held        = Signal()
        self.under_way   = Signal()
        self.outstanding = Signal()
        self.locked      = Signal()
        self.returned    = Signal(64)
        self.stored      = Signal()

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.updater = updater = self.updater
        request, memory      = updater.request, updater.memory

        earlier = Signal.like(self.under_way)
        before  = Signal(request.p.shape())
        m.d.sync += [
            self.under_way.eq(request.valid & ~request.ready),
            earlier.eq(self.under_way & request.valid & ~request.ready),
            before.eq(request.p),
        ]
        m.d.comb += self.held.eq(~self.under_way | (
            request.valid & (request.p.address == before.address) & (request.p.wide == before.wide)
            & (~earlier | ((request.p.expected == before.expected)
                           & (request.p.updated == before.updated)))))

        accepted = memory.cyc & memory.stb & ~memory.stall
        m.d.sync += [
            self.outstanding.eq(accepted | (self.outstanding & ~memory.ack & ~memory.err)),
            self.locked.eq(memory.cyc & memory.lock & ~updater.done
                           & (self.locked | (accepted & ~memory.we))),
            self.stored.eq(memory.cyc & ~updater.done & (self.stored | (accepted & memory.we))),
        ]
        with m.If(memory.ack):
            m.d.sync += self.returned.eq(memory.dat_r)
        return m


def entry_in(word: Any, update: Any) -> Any:
    """The entry of an update in its word of memory."""
    return Mux(update.wide, word, Mux(update.address[2], word[32:], word[:32]))


def _subject(watch: Watch) -> Subject:
    """An updater whose request stays, and memory that responds to what was accepted."""
    updater, memory = watch.updater, watch.updater.memory
    update = updater.request.p
    return Subject(
        inputs=inputs_of(updater), part=watch,
        given=(watch.held & (~(memory.ack | memory.err) | watch.outstanding)
               & ~(memory.ack & memory.err)),
        fields={
            "request":  updater.request.valid,
            "address":  update.address,
            "8 bytes":  update.wide,
            "expected": update.expected,
            "updated":  update.updated,
            **{name: getattr(memory, name) for name, _ in memory.signature.members.items()},
            "done":     updater.done,
            "changed":  updater.changed,
            "failed":   updater.failed,
        })


def _says(text: str, when: Any, then: Any) -> Sentence:
    return Sentence("hw.updater", text, when, then)


def prove_stores(updater: Any) -> None:
    """Prove that an updater stores only what it may, whenever and however memory responds."""
    watch  = Watch(updater)
    memory = updater.memory
    update = updater.request.p
    length = Mux(update.wide, Const(-1, 64), Const(0xffff_ffff, 64))
    lanes  = Mux(update.wide, 0xff, Mux(update.address[2], 0xf0, 0x0f))
    store  = memory.cyc & memory.stb & memory.we
    prove_for_ever(_subject(watch), [
        _says("one transfer at a time, and the bus cycle lasts as long as it does",
             watch.outstanding, memory.cyc & ~memory.stb),
        _says("a store only if memory returned what is expected",
             store, entry_in(watch.returned, update) == (update.expected & length)),
        _says("a store stores the updated entry",
             store, entry_in(memory.dat_w, update) == (update.updated & length)),
        _says("a transfer is of the entry and nothing else",
             memory.cyc & memory.stb, (memory.adr == update.address[3:]) & (memory.sel == lanes)),
        _says("the bus cycle is locked from the read on, while the request is there",
             memory.cyc & ~(memory.stb & ~memory.we), watch.locked & watch.under_way),
    ], cycles=4, depth=2)


def prove_ends(updater: Any, cycles: int) -> None:
    """Prove how an update ends, if it does within a number of cycles."""
    watch  = Watch(updater)
    memory = updater.memory
    prove(_subject(watch), [
        _says("an update that ended has been stored, or found a change, unless it failed",
             updater.done & ~updater.failed, watch.stored ^ updater.changed),
        _says("an update fails if a transfer of it fails, and only then",
             updater.done | memory.err, (updater.done & updater.failed) == memory.err),
    ], cycles=cycles)


PROPERTIES = [
    Property(
        name="updater-stores", block="hw.updater", source="SDM 8.1.2.1, 4.8",
        says="an entry is stored only if memory has just returned what is expected, at its place, "
             "in one locked bus cycle, whenever memory responds",
        method=Method.INDUCTION, depth=2, units=("default",),
        prove=lambda unit, depth: prove_stores(Updater(CONFIG))),
    Property(
        name="updater-ends", block="hw.updater", source="hw.updater",
        says="an update that ends was stored, or found a change, or a transfer of it has failed",
        method=Method.BOUNDED, depth=14, checked=10, units=("default",),
        prove=lambda unit, depth: prove_ends(Updater(CONFIG), depth)),
]
