"""Proofs: an entry is stored only if memory still has what the walk read.

For runs of any length, by induction; that an update which ends has been done, for ten cycles from
reset.
"""

import pytest
from amaranth.hdl import Cat, Const, Elaboratable, Module, Mux, Signal

from hw.config import MmuConfig
from hw.updater import Updater

from .flaw_support import Flawed
from .proof_support import Disproved, Sentence, Subject, prove, prove_for_ever
from .solver_support import inputs_of


pytestmark = [pytest.mark.formal, pytest.mark.synthesis]

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

    def __init__(self, updater):
        self.updater   = updater
        self.held        = Signal()
        self.under_way   = Signal()
        self.outstanding = Signal()
        self.locked      = Signal()
        self.returned    = Signal(64)
        self.stored      = Signal()

    def elaborate(self, platform):
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


def entry_in(word, update):
    """The entry of an update in its word of memory."""
    return Mux(update.wide, word, Mux(update.address[2], word[32:], word[:32]))


def prove_of_updater(updater):
    """Prove that an updater stores only what it may, whenever and however memory responds."""
    watch  = Watch(updater)
    memory = updater.memory
    update = updater.request.p
    length = Mux(update.wide, Const(-1, 64), Const(0xffff_ffff, 64))
    lanes  = Mux(update.wide, 0xff, Mux(update.address[2], 0xf0, 0x0f))
    store  = memory.cyc & memory.stb & memory.we

    def says(text, when, then):
        return Sentence("hw.updater", text, when, then)

    subject = Subject(
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
    prove_for_ever(subject, [
        says("one transfer at a time, and the bus cycle lasts as long as it does",
             watch.outstanding, memory.cyc & ~memory.stb),
        says("a store only if memory returned what is expected",
             store, entry_in(watch.returned, update) == (update.expected & length)),
        says("a store stores the updated entry",
             store, entry_in(memory.dat_w, update) == (update.updated & length)),
        says("a transfer is of the entry and nothing else",
             memory.cyc & memory.stb, (memory.adr == update.address[3:]) & (memory.sel == lanes)),
        says("the bus cycle is locked from the read on, while the request is there",
             memory.cyc & ~(memory.stb & ~memory.we), watch.locked & watch.under_way),
    ], cycles=4, depth=2)
    prove(subject, [
        says("an update that ended has been stored, or found a change, unless it failed",
             updater.done & ~updater.failed, watch.stored ^ updater.changed),
        says("an update fails if a transfer of it fails, and only then",
             updater.done | memory.err, (updater.done & updater.failed) == memory.err),
    ], cycles=10)


def test_an_entry_is_stored_only_if_it_is_what_was_expected():
    prove_of_updater(Updater(CONFIG))


def looks_at_a_half(m, ports, sound):
    """The upper half of an entry may have changed."""
    m.d.comb += sound.memory.dat_r.eq(
        Cat(ports.memory.dat_r[:32], sound.request.p.expected[32:]))


def leaves_the_bus_to_others(m, ports, sound):
    """Another initiator may come between the read and the store."""
    m.d.comb += ports.memory.lock.eq(0)


def stores_elsewhere(m, ports, sound):
    """The store is of another entry."""
    with m.If(sound.memory.we):
        m.d.comb += ports.memory.adr.eq(sound.memory.adr ^ 1)


def knows_no_change(m, ports, sound):
    """An update that was not done is reported as done."""
    m.d.comb += ports.changed.eq(0)


def knows_no_failure(m, ports, sound):
    """An update whose transfer failed is reported as done."""
    m.d.comb += ports.failed.eq(0)


@pytest.mark.parametrize("flaw, says", [
    (looks_at_a_half, "a store only if memory returned what is expected"),
    (leaves_the_bus_to_others, "the bus cycle is locked from the read on"),
    (stores_elsewhere, "a transfer is of the entry and nothing else"),
    (knows_no_change, "an update that ended has been stored"),
    (knows_no_failure, "an update that ended has been stored, or found a change, unless"),
])
def test_a_flaw_of_an_updater_is_found(flaw, says):
    with pytest.raises(Disproved, match=rf"^hw\.updater: {says}(.|\n)*  request = 1"):
        prove_of_updater(Flawed(Updater, CONFIG, flaw))
