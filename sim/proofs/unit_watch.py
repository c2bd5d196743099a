"""The unit as a whole, with its blocks opened, and what sentences about it are made of."""

from dataclasses import replace
from typing import Any

from amaranth.hdl import Cat, Const, Elaboratable, Module, Mux, Signal, Value

from hw.layout import Flush, PageSize
from hw.presets import PRESETS
from hw.translation import each_of

from .opened import in_state, opened
from .streams import Held
from .wishbone import BusWatch


__all__ = ["UNITS", "Watch"]


def _small(preset: str) -> Any:
    """A preset with memories as small as there can be."""
    second = {"second_entries": 4, "directory_entries": 2, "reference_entries": 2}
    return replace(PRESETS[preset], tlb_entries=2, outstanding=2,
                   **(second if PRESETS[preset].second_entries else {}))


UNITS = {preset: _small(preset) for preset in PRESETS}


class Watch(Elaboratable):
    """A unit, its blocks, and what was so in the cycle before.

    Attributes
    ----------
    steady : :class:`Signal`
        The control state is that of the cycle before.
    free : :class:`Signal`
        In the cycle before no access was held, and none accepted.
    filled : :class:`Signal`
        In the cycle before a translation was filled.
    piece, size : :class:`Signal`
        What, then; and the size of its page, or that of one which the second level does not keep.
    moved : :class:`Signal`
        The current PCID is another one than in the cycle before.
    may_move : :class:`Signal`
        It may be: nothing was to be done then.
    idle : :class:`Signal`
        Cycles since anything has gone on, while something was to be done.
    """

    def __init__(self, mmu: Any):
        blocks = opened(mmu).submodules
        self.mmu = mmu
        self.control, self.translator, self.tlb, self.walker, self.transfer = (
            blocks.control, blocks.translator, blocks.tlb, blocks.walker, blocks.transfer)
        self.translating  = opened(self.translator)
        self.searching    = opened(self.tlb)
        self.walking      = opened(self.walker)
        self.transferring = opened(self.transfer)
        self.updating     = opened(self.walking.submodules.updater)
        self.loader  = opened(self.control).submodules.loader if mmu.config.pae else None
        self.loading = opened(self.loader) if mmu.config.pae else None

        self.offered  = Held(mmu, [self.transfer.request])
        self.answered = Held(self.offered, [mmu.control.response])
        self.held     = Held(self.answered, [mmu.access.request, mmu.control.request])
        self.bus      = BusWatch(self.held, mmu.memory, most=mmu.config.outstanding)
        self.steady   = Signal()
        self.free     = Signal(init=1)
        self.filled   = Signal()
        self.piece    = Signal.like(self.tlb.fill.p)
        self.size     = Signal(PageSize)
        self.moved    = Signal()
        self.may_move = Signal()
        self.idle     = Signal(5)

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.bus = self.bus
        walker, translator, tlb = self.walker, self.translator, self.tlb
        pdptes = [] if self.loader is None else [Value.cast(walker.pdptes)]
        state  = Cat(Value.cast(walker.mode), Value.cast(walker.protection), *pdptes)
        before, began, pcid = Signal(len(state)), Signal(), Signal.like(tlb.pcid)
        m.d.sync += [
            before.eq(state), began.eq(1), pcid.eq(tlb.pcid),
            self.free.eq(translator.empty & ~(translator.request.valid & translator.request.ready)),
            self.filled.eq(tlb.fill.valid),
            self.piece.eq(tlb.fill.p),
            self.size.eq(Mux(in_state(self.searching, "WALK"),
                             walker.response.p.translation.size, PageSize.GIB1)),
            self.may_move.eq(~tlb.busy & (tlb.invalidate.flush == Flush.NONE)),
        ]
        m.d.comb += [
            self.steady.eq(~began | (state == before)),
            self.moved.eq(tlb.pcid != pcid),
        ]
        m.d.sync += self.idle.eq(Mux(self.wanted() & ~self.goes_on(), self.idle + 1, 0))
        return m

    def wanted(self) -> Value:
        """An access or a control operation is requested, or an access is held."""
        mmu = self.mmu
        return (mmu.access.request.valid | mmu.control.request.valid | ~self.translator.empty)

    def goes_on(self) -> Value:
        """Something is accepted, or it is up to memory, to transfers, or to who takes a response.

        Rows of the second level are swept meanwhile, too.
        """
        access, control, memory = self.mmu.access, self.mmu.control, self.mmu.memory
        keeps  = (self.transfer._receipts.level != 0) | (self.transfer._words.level != 0)
        sweeps = in_state(self.searching, "SWEEP") if self.tlb._second is not None else Const(0)
        return ((access.request.valid & access.request.ready) | keeps | control.response.valid
                | (control.request.valid & control.request.ready)
                | memory.stb | (self.bus.outstanding != 0) | sweeps)

    def walk_waits(self) -> Value:
        """A transfer of a walk is outstanding."""
        return (in_state(self.walking, "WAIT_ENTRY")
                | in_state(self.updating, "COMPARE_ENTRY", "END_UPDATE"))

    def walks(self) -> Value:
        """A walk is under way."""
        return ~in_state(self.walking, "IDLE")

    def finds(self) -> Value:
        """The translator waits for a search."""
        return in_state(self.translating, "FIND")

    def searches(self) -> Value:
        """The TLB searches a translation; out of block RAM, until it was looked up again."""
        again = ["STORE"] if self.mmu.config.block_ram else []
        return in_state(self.searching, "COMPARE", "CHOOSE", "WALK", "REFUSE", *again)

    def forgets(self) -> Value:
        """The TLB is told to forget something."""
        return self.mmu._faulted | (self.control.invalidation.flush != Flush.NONE)

    def hits(self) -> Value:
        """Ways of the first level that hit."""
        return Cat(candidate.hit for candidate in each_of(self.translator.candidates))
