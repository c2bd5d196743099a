"""Control registers, and the operations on them."""

from amaranth import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from .bus import ControlOp, ControlSignature, Register
from .invalidation import Invalidator
from .layout import CR0, CR3, CR4, EFER, Features, Pdptes, RFLAGS
from .legality import (
    cr0_refused, cr3_bits, cr3_refused, cr4_bits, cr4_refused, efer_bits, efer_refused,
    invpcid_refused, key_register_refused, loads_pdptes,
)
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

    Ref: Intel SDM Vol. 3A, section 2.5; Table 9-1 for the values after reset.

    Latency
    -------
    An operation is accepted while ``quiet`` is high and takes effect at the end of that cycle; the
    response comes in the next, in which the TLB is told what to forget. A write that loads the
    PDPTE registers is accepted when :class:`hw.pdpte.PdpteLoader` has read them: five cycles later,
    with memory that responds in the next cycle.

    Members
    -------
    control : :py:`In(ControlSignature())`
        The operations.
    quiet : :py:`In(1)`
        No access is under way.
    fault : :py:`In(stream.Signature(64, always_ready=True))`
        Linear address of a page fault. It is in CR2 in the same cycle already.
    mode, protection : :py:`Out(PagingMode)`, :py:`Out(Protection)`
        What the registers mean for translation.
    moved : :py:`Out(1)`
        Strobe: from this cycle on, another PCID is the current one.
    invalidation : :py:`Out(invalidation_layout(config))`
        What the TLB is to forget, in the cycle of the response.
    refused : :py:`Out(1)`
        Strobe: an operation raises #GP.
    pdptes : :py:`Out(Pdptes)`
        The PDPTE registers, if ``config`` has PAE paging.
    memory : :py:`Out(WishboneSignature(maxphyaddr=config.maxphyaddr))`
        Physical memory, from which they are loaded; likewise.
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
            "moved":      Out(1),
            "invalidation": Out(invalidation_layout(config)),
            "refused":    Out(1),
            **({"pdptes": Out(Pdptes),
                "memory": Out(WishboneSignature(maxphyaddr=config.maxphyaddr))}
               if config.pae else {}),
            **width_members(config),
        })

        self._operand   = Signal(64)
        self._accepted  = Signal()
        self._possible  = Signal()  # at most PDPTEs have to be waited for
        self._loading   = Signal()
        self._malformed = Signal()  # one of them must not be loaded
        self._illegal   = Signal()  # the operation is forbidden for any other reason
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

        self._accept(m)
        self._check(m)
        if self.config.pae:
            self._load(m)
        m.d.sync += self.moved.eq(0)
        with m.If(self._accepted & (self.control.request.p.op == ControlOp.WRITE) & ~self.refused):
            self._write(m)
        self._respond(m)
        self._invalidate(m)
        self._publish(m)

        return m

    def _accept(self, m):
        """Accept an operation when nothing is under way, and PDPTEs need not be waited for."""
        request, response = self.control.request, self.control.response
        whole = (request.p.op == ControlOp.WRITE) & Cat(
            request.p.register == name for name in _WHOLE).any()
        m.d.comb += [
            self._possible.eq(self.quiet & (~response.valid | response.ready)),
            request.ready.eq(self._possible & ~self._loading),
            self._accepted.eq(request.valid & request.ready),
            self._operand.eq(request.p.value),
        ]
        with m.If(~self._state.efer.lma & ~whole):
            m.d.comb += self._operand.eq(request.p.value[:32])

    def _respond(self, m):
        """Respond in the cycle after; and keep the address of a page fault."""
        request, response = self.control.request, self.control.response
        with m.If(response.ready):
            m.d.sync += response.valid.eq(0)
        with m.If(self._accepted):
            m.d.sync += [
                response.valid.eq(1),
                response.p.value.eq(self._read(request.p.register)),
                response.p.fault.eq(self.refused),
            ]
        with m.If(self.fault.valid):
            m.d.sync += self._state.cr2.eq(self.fault.payload)

    def _invalidate(self, m):
        """Tell the TLB what to forget."""
        m.submodules.invalidator = invalidator = Invalidator(self.config)
        m.d.comb += [
            invalidator.operation.valid.eq(self._accepted),
            invalidator.operation.payload.eq(self.control.request.p),
            invalidator.operation.p.value.eq(self._operand),
            invalidator.refused.eq(self.control.response.p.fault),
            invalidator.cr0.eq(self._state.cr0),
            invalidator.cr4.eq(self._state.cr4),
            invalidator.long_mode.eq(self._state.efer.lma),
            invalidator.pcid.eq(self.mode.pcid),
            self.invalidation.eq(invalidator.invalidation),
        ]

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
        names = (name for name, _ in Features if name != "maxphyaddr")
        bits  = Features.const({name: getattr(self.config, name) for name in names})
        return bits.as_value() | Cat(C(0, 32), Value.cast(width_of(self)))

    def _check(self, m):
        """Find out whether the operation is refused."""
        request, state = self.control.request.p, self._state
        illegal = self._illegal
        m.d.comb += self.refused.eq(self._accepted & (illegal | self._malformed))
        with m.Switch(request.op):
            with m.Case(ControlOp.WRITE):
                self._check_write(m, request.register)
            with m.Case(ControlOp.INVPCID):
                m.d.comb += illegal.eq(1)
                if self.config.invpcid:
                    m.d.comb += illegal.eq(invpcid_refused(
                        request.value, request.pcid, request.linear, state))

    def _check_write(self, m, register):
        """Find out whether a write of ``register`` is illegal."""
        state, operand = self._state, self._operand
        checks = {
            Register.CR0:  cr0_refused(data.View(CR0, operand), state, config=self.config),
            Register.CR3:  cr3_refused(data.View(CR3, operand), state, maxphyaddr=width_of(self)),
            Register.CR4:  cr4_refused(data.View(CR4, operand), state, config=self.config),
            Register.EFER: efer_refused(data.View(EFER, operand), state, config=self.config),
            Register.PKRU: key_register_refused(operand, exists=self.config.pku),
            Register.PKRS: key_register_refused(operand, exists=self.config.pks),
            Register.CR2:    0,
            Register.RFLAGS: 0,
        }
        with m.Switch(register):
            for name, illegal in checks.items():
                with m.Case(name):
                    m.d.comb += self._illegal.eq(illegal)
            with m.Default():
                m.d.comb += self._illegal.eq(1)

    def _load(self, m):
        """Load the PDPTE registers, all or none, before a write that is legal takes effect.

        Rule 28.
        """
        m.submodules.loader = loader = PdpteLoader(self.config)

        request, state = self.control.request, self._state
        loads = Signal()
        m.d.comb += [
            loads.eq((request.p.op == ControlOp.WRITE) & loads_pdptes(
                request.p.register, self._operand, state, config=self.config)),
            loader.request.valid.eq(request.valid & self._possible & ~self._illegal & loads),
            loader.request.payload.eq(Mux(
                request.p.register == Register.CR3, self._operand,
                Value.cast(state.cr3))[5:32]),
            self._loading.eq(loader.request.valid & ~loader.request.ready),
            self._malformed.eq(loader.request.valid & loader.malformed),
        ]
        connect(m, loader.memory, flipped(self.memory))
        if self.config.variable_maxphyaddr:
            m.d.comb += loader.maxphyaddr.eq(self.maxphyaddr)
        with m.If(loader.request.valid & loader.request.ready & ~self._malformed):
            m.d.sync += state.pdptes.eq(loader.pdptes)

    def _write(self, m):
        """Store the bits of the operand that exist: the others must be seen to be constant."""
        state, operand = self._state, self._operand
        with m.Switch(self.control.request.p.register):
            with m.Case(Register.CR0):
                m.d.sync += [
                    state.cr0.eq(operand & _all_of(CR0) | _ET),
                    state.efer.lma.eq(state.efer.lme & data.View(CR0, operand).pg),
                ]
            with m.Case(Register.CR2):
                m.d.sync += state.cr2.eq(operand)
            with m.Case(Register.CR3):
                written = data.View(CR3, operand).pcid
                m.d.sync += [
                    state.cr3.eq(operand & cr3_bits(self.config)),
                    self.moved.eq(state.cr4.pcide & (written != state.cr3.pcid)),
                ]
            with m.Case(Register.CR4):
                # There are PCIDs from now on only if the one in CR3 is 0.
                leaves = state.cr4.pcide & ~data.View(CR4, operand).pcide
                m.d.sync += [
                    state.cr4.eq(operand & cr4_bits(self.config)),
                    self.moved.eq(leaves & state.cr3.pcid.any()),
                ]
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

    def _publish(self, m):
        """Show the registers, and what they mean for translation. Rules 19, 20, 31, 36, 37."""
        state = self._state
        pae   = state.cr4.pae & ~state.efer.lma if self.config.pae else 0
        m.d.comb += [
            *(self.control.state[name].eq(getattr(state, name))
              for name in ("cr0", "cr3", "cr4", "efer", "pkru", "pkrs")),
            # Who has the response to an access that faults has its address, too.
            self.control.state.cr2.eq(Mux(self.fault.valid, self.fault.payload, state.cr2)),
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
