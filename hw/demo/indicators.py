"""Lights: a fault, and a write by the bypass, told from the unit's ports alone."""

from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.bus import AccessRequest, AccessResponse
from hw.layout import AccessKind, Fault


__all__ = ["Bypass", "Light"]


class Light(wiring.Component):
    """Makes a strobe long enough to be seen.

    Parameters
    ----------
    ticks : :class:`int`
        How long it lasts.

    Members
    -------
    tick : :py:`In(1)`
        Strobe: time goes on.
    strobe : :py:`In(1)`
        What happened.
    lit : :py:`Out(1)`
        It happened a moment ago.
    """

    def __init__(self, ticks):
        if not isinstance(ticks, int) or ticks < 1:
            raise ValueError(f"a light must be lit for a tick or more, not {ticks!r}")
        self._ticks = ticks
        super().__init__({"tick": In(1), "strobe": In(1), "lit": Out(1)})

    def elaborate(self, platform):
        m = Module()

        left = Signal(range(self._ticks + 1))
        m.d.comb += self.lit.eq(left != 0)
        with m.If(self.strobe):
            m.d.sync += left.eq(self._ticks)
        with m.Elif(self.lit & self.tick):
            m.d.sync += left.eq(left - 1)

        return m


class Bypass(wiring.Component):
    """Sees a write by the bypass: a page refuses the user's store, and its frame is written to.

    It remembers the page whose last store by user code was refused as a violation of rights; its
    frame, as soon as user code reads from it; and then looks for supervisor stores to that frame
    at any other page, until a store by user code to that page is done. Refusals meanwhile do not
    count: copy-on-write begins with one. Accesses that overlap with others are not looked at, but
    for the last of several.

    Parameters
    ----------
    config : :class:`hw.config.MmuConfig`
        The unit's.
    frames : :class:`int`
        How many frames of memory there are; higher ones are taken for one of these.

    Members
    -------
    enable : :py:`In(1)`
        The machine runs a cycle.
    request : :py:`In(AccessRequest)`
        The access that it has accepted last.
    response, completed : :py:`In(AccessResponse)`, :py:`In(1)`
        Its response; a strobe when it comes and no other is outstanding.
    written : :py:`Out(1)`
        Strobe: a write by the bypass.
    """

    def __init__(self, config, *, frames):
        self._config = config
        self._frames = frames
        super().__init__({
            "enable":    In(1),
            "request":   In(AccessRequest),
            "response":  In(AccessResponse),
            "completed": In(1),
            "written":   Out(1),
        })

    def elaborate(self, platform):
        m = Module()

        request, response = self.request, self.response
        page  = request.linear[12:self._config.linear_width]
        frame = response.physical[12:12 + max(1, (self._frames - 1).bit_length())]
        refused = Signal(data.StructLayout({"known": 1, "page": len(page)}))
        victim  = Signal(data.StructLayout({"known": 1, "frame": len(frame)}))

        here    = refused.known & (refused.page == page)
        reads   = request.kind == AccessKind.READ
        writes  = ~reads & (request.kind != AccessKind.FETCH)
        done    = self.enable & self.completed & (response.fault == Fault.NONE)
        faulted = self.enable & self.completed & (response.fault == Fault.PAGE_FAULT)
        with m.If(faulted & request.user & response.error.present & response.error.write
                  & ~victim.known):
            m.d.sync += [refused.known.eq(1), refused.page.eq(page)]
        with m.If(done & request.user & here & reads):
            m.d.sync += [victim.known.eq(1), victim.frame.eq(frame)]
        with m.If(done & request.user & here & writes):
            m.d.sync += [victim.known.eq(0), refused.known.eq(0)]
        m.d.comb += self.written.eq(
            done & ~request.user & writes & ~here & victim.known & (victim.frame == frame))

        return m
