"""Translations that a control operation makes the TLB forget."""

from amaranth import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .bus import ControlOp, ControlRequest, Register
from .layout import CR0, CR3, CR4, Flush
from .linear import canonical, page_of
from .translation import invalidation_layout


__all__ = ["Invalidator"]


class Invalidator(wiring.Component):
    """Says what the TLB is to forget after a write of a control register, INVLPG or INVPCID.

    Ref: Intel SDM Vol. 3A, section 4.10.4.1 "Operations that Invalidate TLBs and Paging-Structure
    Caches"; Vol. 2, "INVLPG", "INVPCID".

    Parameters
    ----------
    config : :class:`hw.config.MmuConfig`
        Widths, and whether there is INVPCID.

    Latency
    -------
    One cycle. Whether an operation is refused takes long to find out: it counts a cycle later.

    Members
    -------
    operation : :py:`In(stream.Signature(ControlRequest, always_ready=True))`
        The operation that is accepted, refused or not; its value as wide as the mode's operands.
    refused : :py:`In(1)`
        The operation of the cycle before was refused.
    cr0, cr4, long_mode, pcid : :py:`In(CR0)`, :py:`In(CR4)`, :py:`In(1)`, :py:`In(12)`
        Control state before the operation: two registers, EFER.LMA, and the current PCID.
    invalidation : :py:`Out(invalidation_layout(config))`
        What the TLB is to forget, in the cycle after the operation.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "operation":    In(stream.Signature(ControlRequest, always_ready=True)),
            "refused":      In(1),
            "cr0":          In(CR0),
            "cr4":          In(CR4),
            "long_mode":    In(1),
            "pcid":         In(12),
            "invalidation": Out(invalidation_layout(config)),
        })

        self._named = Signal(invalidation_layout(config))  # what is forgotten, if not refused

    def elaborate(self, platform):
        m = Module()

        m.d.sync += [self._named.flush.eq(Flush.NONE), self._named.single.eq(0)]
        with m.If(self.operation.valid):
            with m.Switch(self.operation.p.op):
                with m.Case(ControlOp.WRITE):
                    self._write(m)
                with m.Case(ControlOp.INVLPG):
                    self._invlpg(m)
                if self.config.invpcid:
                    with m.Case(ControlOp.INVPCID):
                        self._invpcid(m)
        m.d.comb += self.invalidation.eq(self._named)
        with m.If(self.refused):
            m.d.comb += self.invalidation.flush.eq(Flush.NONE)

        return m

    def _write(self, m):
        """Forget what the write of a register makes invalid. Rules 27, 32, 35."""
        value = self.operation.p.value
        cr0, cr3, cr4 = (data.View(layout, value) for layout in (CR0, CR3, CR4))
        changed = data.View(CR4, value ^ self.cr4.as_value())
        with m.Switch(self.operation.p.register):
            with m.Case(Register.CR0):
                with m.If(self.cr0.pg & ~cr0.pg):
                    self._forget(m, Flush.ALL)
            with m.Case(Register.CR3):
                with m.If(~self.cr4.pcide):
                    self._forget(m, Flush.LOCAL)
                with m.Elif(~cr3.no_flush):
                    self._forget(m, Flush.OF_PCID, pcid=cr3.pcid)
            with m.Case(Register.CR4):
                with m.If(changed.pge | (changed.pcide & self.cr4.pcide)):
                    self._forget(m, Flush.ALL)
                with m.Elif(changed.pae | (changed.smep & cr4.smep)):
                    self._forget(m, Flush.OF_PCID_AND_GLOBAL, pcid=self.pcid)

    def _invlpg(self, m):
        """INVLPG; of an address that is not canonical, nothing. Rules 26, 34, 37."""
        linear = self.operation.p.value
        with m.If(~self.long_mode | canonical(linear, la57=self.cr4.la57)):
            self._forget(m, Flush.OF_PCID_AND_GLOBAL, pcid=self.pcid, linear=linear)

    def _invpcid(self, m):
        """INVPCID. Its address has 64 bits, also where no page is in those above 32. Rule 33."""
        operands = self.operation.p
        outside  = ~self.long_mode & operands.linear[32:].any()
        with m.Switch(operands.value):
            with m.Case(0):
                with m.If(~outside):
                    self._forget(m, Flush.OF_PCID, pcid=operands.pcid, linear=operands.linear)
            with m.Case(1):
                self._forget(m, Flush.OF_PCID, pcid=operands.pcid)
            with m.Case(2):
                self._forget(m, Flush.ALL)
            with m.Case(3):
                self._forget(m, Flush.LOCAL)

    def _forget(self, m, flush, *, pcid=0, linear=None):
        """Have translations forgotten: those of one page, if ``linear`` is an address in it."""
        m.d.sync += [self._named.flush.eq(flush), self._named.pcid.eq(pcid)]
        if linear is not None:
            m.d.sync += [
                self._named.single.eq(1),
                self._named.page.eq(page_of(linear, config=self.config)),
            ]
