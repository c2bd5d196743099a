"""One array of the TLB's second level: rows in a memory, each with a tag and a stamp."""

from amaranth import *
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out


__all__ = ["CacheArray", "RowKind", "STAMP_WIDTH", "Stamps"]


#: Bits of a stamp.
STAMP_WIDTH = 10


class RowKind(enum.Enum, shape=unsigned(2)):
    """Kind of a row: which of the present stamps it must have to count."""

    EMPTY     = 0  #: There is no row.
    LOCAL     = 1  #: A translation that is not global.
    SHARED    = 2  #: A global translation.
    STRUCTURE = 3  #: An entry that references a table.


class Stamps(data.Struct):
    """Stamps that rows of each kind have now, under one PCID. A stamp is never 0."""

    local:     STAMP_WIDTH  #: Of rows of the kind LOCAL.
    shared:    STAMP_WIDTH  #: Of the kind SHARED, under every PCID.
    structure: STAMP_WIDTH  #: Of the kind STRUCTURE.


def fill_layout(shape):
    """A row as it is written: what it holds, and its kind."""
    return data.StructLayout({"kind": RowKind, "value": shape})


class CacheArray(wiring.Component):
    """Direct-mapped array of what is known of parts of the linear-address space.

    Parameters
    ----------
    shape : shape
        What a row holds.
    low, page_width : :class:`int`
        Lowest bit of a page number that matters, and bits of one.
    depth : :class:`int`
        Rows, a power of two.
    block : :class:`bool`
        The memory is read at a clock edge, as block RAM is; else at once.

    Latency
    -------
    What was looked up is there three cycles later, until the next look-up. A row that is written
    is found by the look-ups from the next cycle on.

    Members
    -------
    page, look : :py:`In(page_width)`, :py:`In(1)`
        Linear page number, and a strobe: look it up.
    looked : :py:`In(page_width)`
        The page that was looked up last: the one whose row is written.
    stamps : :py:`In(Stamps)`
        Stamps that count.
    found : :py:`Out(1)`
        There is a row for the page.
    same : :py:`Out(1)`
        There is one, perhaps with a stamp that does not count.
    row, kind : :py:`Out(shape)`, :py:`Out(RowKind)`
        The row that is in the place for the page.
    fill : :py:`In(stream.Signature(fill_layout(shape), always_ready=True))`
        Row to write for ``looked``, with the present stamp of its kind.
    clear : :py:`In(1)`
        Clear the row for ``looked``.
    place : :py:`Out(range(depth))`
        Number of the row for ``looked``.
    sweep, number : :py:`In(1)`, :py:`In(range(depth))`
        Clear the row with this number.
    """

    def __init__(self, shape, *, low, page_width, depth, block):
        self._low   = low
        self._bits  = depth.bit_length() - 1
        self._depth = depth
        self._block = block
        self._layout = data.StructLayout({
            "tag":   page_width - low - self._bits,
            "stamp": STAMP_WIDTH,
            "kind":  RowKind,
            "value": shape,
        })
        super().__init__({
            "page":   In(page_width),
            "look":   In(1),
            "looked": In(page_width),
            "stamps": In(Stamps),
            "found":  Out(1),
            "same":   Out(1),
            "row":    Out(shape),
            "kind":   Out(RowKind),
            "fill":   In(stream.Signature(fill_layout(shape), always_ready=True)),
            "clear":  In(1),
            "place":  Out(range(depth)),
            "sweep":  In(1),
            "number": In(range(depth)),
        })

    def elaborate(self, platform):
        m = Module()

        m.submodules.memory = memory = Memory(shape=self._layout, depth=self._depth, init=[])
        write = memory.write_port()
        row   = Signal(self._layout)
        tag   = self.looked[self._low + self._bits:]
        m.d.comb += [
            self.place.eq(self.looked[self._low:self._low + self._bits]),
            write.en.eq(self.fill.valid | self.clear | self.sweep),
            write.addr.eq(Mux(self.sweep, self.number, self.place)),
        ]
        with m.If(self.fill.valid):
            m.d.comb += [
                write.data.tag.eq(tag),
                write.data.stamp.eq(self._stamp(self.fill.p.kind)),
                write.data.kind.eq(self.fill.p.kind),
                write.data.value.eq(self.fill.p.value),
            ]

        self._read(m, memory, row)
        m.d.sync += [
            self.same.eq(row.tag == tag),
            self.found.eq((row.tag == tag) & (row.stamp == self._stamp(row.kind))),
        ]
        m.d.comb += [self.row.eq(row.value), self.kind.eq(row.kind)]

        return m

    def _read(self, m, memory, row):
        """Take the row that is looked up, in the cycle after."""
        begun = Signal()
        m.d.sync += begun.eq(self.look)
        if self._block:
            port = memory.read_port()
            m.d.comb += port.addr.eq(self.page[self._low:self._low + self._bits])
        else:
            port = memory.read_port(domain="comb")
            m.d.comb += port.addr.eq(self.place)
        with m.If(begun):
            m.d.sync += row.eq(port.data)

    def _stamp(self, kind):
        """The present stamp of a kind of rows."""
        return Mux(kind == RowKind.STRUCTURE, self.stamps.structure,
                   Mux(kind == RowKind.SHARED, self.stamps.shared, self.stamps.local))
