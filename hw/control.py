"""Control registers: storage, legality of writes, and flushes of the TLB that writes cause."""

from amaranth import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from .bus import ControlOp, ControlSignature, Register
from .layout import CR0, CR3, CR4, EFER, Features, Flush, Pdptes, RFLAGS
from .legality import (
    cr0_refused, cr3_bits, cr3_refused, cr4_bits, cr4_refused, efer_bits, efer_refused,
    invpcid_refused, key_register_refused, loads_pdptes,
)
from .linear import canonical, page_of
from .pdpte import PdpteLoader
from .permission import Protection
from .physical import width_members, width_of
from .signals import unpacked
from .translation import PagingMode, invalidation_layout
from .wishbone import WishboneSignature


__all__ = ["Control"]


#: Registers whose operand has 64 bits in every mode.
_WHOLE = (Register.EFER, Register.PKRU, Register.PKRS)

#: CR0.ET, which is always 1.
_ET = CR0.const({"et": 1}).as_bits()


def _all_of(layout):
    """Mask of the bits that have a name in ``layout``."""
    return layout.const({name: -1 for name, _ in layout}).as_bits()


class Control(wiring.Component):
    """Control registers and the operations on them.

    Outside long mode the operand of a control-register write is 32 bits wide; that of IA32_EFER,
    IA32_PKRS and PKRU never is. A write that would turn on a paging mode which the unit lacks is
    refused like any other combination that is not defined.

    Ref: Intel SDM Vol. 3A, section 2.5; section 4.10.4.1 "Operations that Invalidate TLBs and
    Paging-Structure Caches"; Vol. 3A, Table 9-1 for the values after reset.

    Latency
    -------
    An operation is accepted while ``quiet`` is high and takes effect at the end of that cycle; the
    response comes in the next, in which the TLB forgets INVLPG's page. A write that loads the PDPTE
    registers is accepted when :class:`hw.pdpte.PdpteLoader` has read them: five cycles later, with
    memory that responds in the next cycle.

    Members
    -------
    control : :py:`In(ControlSignature())`
        The operations.
    quiet : :py:`In(1)`
        No access is under way.
    fault : :py:`In(stream.Signature(64, always_ready=True))`
        Linear address of a page fault, for CR2.
    mode, protection : :py:`Out(PagingMode)`, :py:`Out(Protection)`
        What the registers mean for translation.
    invalidation : :py:`Out(invalidation_layout(config))`
        What the TLB is to forget, in the cycle of the response.
    refused : :py:`Out(1)`
        Strobe: an operation raises #GP.
    pdptes : :py:`Out(Pdptes)`, memory : :py:`Out(WishboneSignature(...))`
        The PDPTE registers, and where they are loaded from, if ``config`` has PAE paging.
    maxphyaddr : :py:`In(range(config.maxphyaddr + 1))`
        Width of a physical address, if ``config`` makes it variable.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "control":    In(ControlSignature()),
            "quiet":      In(1),
            "fault":      In(stream.Signature(64, always_ready=True)),
            "mode":       Out(PagingMode),
            "protection": Out(Protection),
            "invalidation": Out(invalidation_layout(config)),
            "refused":    Out(1),
            **({"pdptes": Out(Pdptes),
                "memory": Out(WishboneSignature(maxphyaddr=config.maxphyaddr))}
               if config.pae else {}),
            **width_members(config),
        })

        self._named = Signal(invalidation_layout(config))  # what is forgotten, if not refused
        self._state = unpacked("state", {
            "cr0":    CR0,
            "cr2":    64,
            "cr3":    CR3,
            "cr4":    CR4,
            "efer":   EFER,
            "rflags": RFLAGS,
            "pdptes": Pdptes,
            "pkru":   32,
            "pkrs":   32,
        }, init={"cr0": {"et": 1, "nw": 1, "cd": 1}})

    def elaborate(self, platform):
        m = Module()

        request, response = self.control.request, self.control.response
        operand   = Signal(64)
        refused   = Signal()
        write     = Signal()
        accepted  = Signal()
        possible  = Signal()  # at most PDPTEs have to be waited for
        loading   = Signal()
        malformed = Signal()  # one of them must not be loaded

        m.d.comb += [
            possible.eq(self.quiet & (~response.valid | response.ready)),
            request.ready.eq(possible & ~loading),
            operand.eq(request.p.value),
            accepted.eq(request.valid & request.ready),
            write.eq(accepted & (request.p.op == ControlOp.WRITE)),
            self.refused.eq(accepted & (refused | malformed)),
        ]
        whole = (request.p.op == ControlOp.WRITE) & Cat(
            request.p.register == name for name in _WHOLE).any()
        with m.If(~self._state.efer.lma & ~whole):
            m.d.comb += operand.eq(request.p.value[:32])

        with m.If(response.ready):
            m.d.sync += response.valid.eq(0)
        with m.If(accepted):
            m.d.sync += [
                response.valid.eq(1),
                response.p.value.eq(self._read(request.p.register)),
                response.p.fault.eq(self.refused),
            ]
        with m.If(self.fault.valid):
            m.d.sync += self._state.cr2.eq(self.fault.payload)

        with m.Switch(request.p.op):
            with m.Case(ControlOp.WRITE):
                self._check(m, request.p.register, operand, refused)
            with m.Case(ControlOp.INVPCID):
                m.d.comb += refused.eq(1)
                if self.config.invpcid:
                    m.d.comb += refused.eq(invpcid_refused(
                        request.p.value, request.p.pcid, request.p.linear, self._state))
        if self.config.pae:
            self._load(m, operand, possible & ~refused, loading, malformed)
        with m.If(write & ~refused & ~malformed):
            self._write(m, request.p.register, operand)
        # Whether the operation is refused takes long to find out: it counts a cycle later.
        m.d.sync += [self._named.flush.eq(Flush.NONE), self._named.single.eq(0)]
        m.d.comb += self.invalidation.eq(self._named)
        with m.If(response.p.fault):
            m.d.comb += self.invalidation.flush.eq(Flush.NONE)
        with m.If(write):
            self._invalidate(m, request.p.register, operand)
        with m.If(accepted & (request.p.op == ControlOp.INVLPG)):
            self._invlpg(m, operand)
        if self.config.invpcid:
            with m.If(accepted & (request.p.op == ControlOp.INVPCID)):
                self._invpcid(m)
        self._publish(m)

        return m

    def _read(self, register):
        """Value of ``register``."""
        state = self._state
        values = {
            Register.CR0:      state.cr0,
            Register.CR2:      state.cr2,
            Register.CR3:      state.cr3,
            Register.CR4:      state.cr4,
            Register.EFER:     state.efer,
            Register.RFLAGS:   state.rflags,
            Register.PKRU:     state.pkru,
            Register.PKRS:     state.pkrs,
            Register.FEATURES: self._features(),
        }
        result = C(0, 64)
        for name, value in values.items():
            result = Mux(register == name, Value.cast(value), result)
        return result

    def _features(self):
        config   = self.config
        features = Features.const({
            **{name: getattr(config, name) for name, _ in Features if name != "maxphyaddr"},
            "maxphyaddr": 0 if config.variable_maxphyaddr else config.maxphyaddr,
        })
        if not config.variable_maxphyaddr:
            return features
        return features.as_value() | Cat(C(0, 32), self.maxphyaddr)

    def _check(self, m, register, operand, refused):
        """Drive ``refused`` for a write of ``operand``."""
        state = self._state
        with m.Switch(register):
            with m.Case(Register.CR0):
                m.d.comb += refused.eq(cr0_refused(
                    data.View(CR0, operand), state, config=self.config))
            with m.Case(Register.CR3):
                m.d.comb += refused.eq(cr3_refused(
                    data.View(CR3, operand), state, maxphyaddr=width_of(self)))
            with m.Case(Register.CR4):
                m.d.comb += refused.eq(cr4_refused(
                    data.View(CR4, operand), state, config=self.config))
            with m.Case(Register.EFER):
                m.d.comb += refused.eq(efer_refused(
                    data.View(EFER, operand), state, config=self.config))
            with m.Case(Register.PKRU):
                m.d.comb += refused.eq(key_register_refused(operand, exists=self.config.pku))
            with m.Case(Register.PKRS):
                m.d.comb += refused.eq(key_register_refused(operand, exists=self.config.pks))
            with m.Case(Register.CR2, Register.RFLAGS):
                pass
            with m.Default():
                m.d.comb += refused.eq(1)

    def _load(self, m, operand, possible, loading, malformed):
        """Load the PDPTE registers, all or none, before a write that is ``possible`` takes effect.

        Rule 28.
        """
        m.submodules.loader = loader = PdpteLoader(self.config)

        request, state = self.control.request, self._state
        loads = Signal()
        m.d.comb += [
            loads.eq((request.p.op == ControlOp.WRITE) & loads_pdptes(
                request.p.register, operand, state, config=self.config)),
            loader.request.valid.eq(request.valid & possible & loads),
            loader.request.payload.eq(Mux(
                request.p.register == Register.CR3, operand, Value.cast(state.cr3))[5:32]),
            loading.eq(loader.request.valid & ~loader.request.ready),
            malformed.eq(loader.request.valid & loader.malformed),
        ]
        connect(m, loader.memory, flipped(self.memory))
        if self.config.variable_maxphyaddr:
            m.d.comb += loader.maxphyaddr.eq(self.maxphyaddr)
        with m.If(loader.request.valid & loader.request.ready & ~malformed):
            m.d.sync += state.pdptes.eq(loader.pdptes)

    def _write(self, m, register, operand):
        """Store the bits of ``operand`` that exist: the others must be seen to be constant."""
        state = self._state
        with m.Switch(register):
            with m.Case(Register.CR0):
                m.d.sync += [
                    state.cr0.eq(operand & _all_of(CR0) | _ET),
                    state.efer.lma.eq(state.efer.lme & data.View(CR0, operand).pg),
                ]
            with m.Case(Register.CR2):
                m.d.sync += state.cr2.eq(operand)
            with m.Case(Register.CR3):
                m.d.sync += state.cr3.eq(operand & cr3_bits(self.config))
            with m.Case(Register.CR4):
                m.d.sync += state.cr4.eq(operand & cr4_bits(self.config))
            with m.Case(Register.EFER):
                value = data.View(EFER, operand & efer_bits(self.config))
                m.d.sync += [state.efer[name].eq(value[name]) for name in ("sce", "lme", "nxe")]
            with m.Case(Register.RFLAGS):
                m.d.sync += state.rflags.eq(operand & _all_of(RFLAGS))
            # The check refuses these in a unit without them, so that they stay 0.
            if self.config.pku:
                with m.Case(Register.PKRU):
                    m.d.sync += state.pkru.eq(operand)
            if self.config.pks:
                with m.Case(Register.PKRS):
                    m.d.sync += state.pkrs.eq(operand)

    def _invalidate(self, m, register, operand):
        """Forget what the write of a register makes invalid. Rules 27, 32, 35."""
        state = self._state
        with m.Switch(register):
            with m.Case(Register.CR0):
                with m.If(state.cr0.pg & ~data.View(CR0, operand).pg):
                    self._forget(m, Flush.ALL)
            with m.Case(Register.CR3):
                value = data.View(CR3, operand)
                with m.If(~state.cr4.pcide):
                    self._forget(m, Flush.LOCAL)
                with m.Elif(~value.no_flush):
                    self._forget(m, Flush.OF_PCID, pcid=value.pcid)
            with m.Case(Register.CR4):
                value   = data.View(CR4, operand)
                changed = data.View(CR4, operand ^ state.cr4.as_value())
                with m.If(changed.pge | (changed.pcide & state.cr4.pcide)):
                    self._forget(m, Flush.ALL)
                with m.Elif(changed.pae | (changed.smep & value.smep)):
                    self._forget(m, Flush.OF_PCID_AND_GLOBAL, pcid=self.mode.pcid)

    def _invlpg(self, m, operand):
        """INVLPG; of an address that is not canonical, nothing. Rules 26, 34, 37."""
        with m.If(~self._state.efer.lma | canonical(operand, la57=self._state.cr4.la57)):
            self._forget(m, Flush.OF_PCID_AND_GLOBAL, pcid=self.mode.pcid, linear=operand)

    def _invpcid(self, m):
        """INVPCID. Its address has 64 bits, also where no page is in those above 32. Rule 33."""
        operands = self.control.request.p
        outside  = ~self._state.efer.lma & operands.linear[32:].any()
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

    def _publish(self, m):
        """Show the registers, and what they mean for translation. Rules 19, 20, 31, 36, 37."""
        state = self._state
        pae   = state.cr4.pae & ~state.efer.lma if self.config.pae else 0
        m.d.comb += [
            *(self.control.state[name].eq(getattr(state, name))
              for name in ("cr0", "cr2", "cr3", "cr4", "efer", "pkru", "pkrs")),
            self.control.state.ac.eq(state.rflags.ac),
            self.mode.paging.eq(state.cr0.pg),
            self.mode.long_mode.eq(state.efer.lma),
            self.mode.pae.eq(pae),
            self.mode.five_levels.eq(state.efer.lma & state.cr4.la57),
            self.mode.pse.eq(state.cr4.pse),
            self.mode.pge.eq(state.cr4.pge),
            self.mode.pcid.eq(Mux(state.cr4.pcide, state.cr3.pcid, 0)),
            # Table 4-3: 32-bit paging ignores what long mode may have left in bits 63:32.
            self.mode.root.eq(Mux(state.efer.lma, state.cr3.frame, state.cr3.frame[:20])),
            self.protection.wp.eq(state.cr0.wp),
            self.protection.smep.eq(state.cr4.smep),
            self.protection.smap.eq(state.cr4.smap),
            self.protection.nxe.eq(state.efer.nxe & state.cr4.pae),
            self.protection.ac.eq(state.rflags.ac),
            # Section 4.6.2: only long mode gives pages a key.
            self.protection.pke.eq(state.cr4.pke & state.efer.lma),
            self.protection.pks.eq(state.cr4.pks & state.efer.lma),
            self.protection.pkru.eq(state.pkru),
            self.protection.pkrs.eq(state.pkrs),
        ]
        if self.config.pae:
            m.d.comb += self.pdptes.eq(state.pdptes)
            m.d.comb += [self.control.state[f"pdpte{n}"].eq(state.pdptes[n]) for n in range(4)]
