"""Ports of the memory-management unit towards the processor."""

from amaranth import *
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from .layout import AccessKind, ErrorCode, Fault, Flush
from .permission import Rights


__all__ = [
    "AccessRequest", "AccessResponse", "AccessSignature",
    "ControlOp", "Register", "ControlRequest", "ControlResponse", "ControlState",
    "ControlSignature",
    "Events", "TlbUpdate",
]


class AccessRequest(data.Struct):
    """One access to memory by linear address."""

    linear:   64  #: Address of the first byte. Only 32 bits count outside long mode.
    size:     2   #: Bytes, as a power of two: 1, 2, 4 or 8.
    kind:     AccessKind  #: Read, write, fetch or locked exchange.
    user:     1   #: CPL is 3.
    implicit: 1   #: A system access, such as a descriptor read: supervisor whatever the CPL.
    #: Skip this access if the one before it faulted or was skipped. If that is a bus error, the
    #: access may be in memory's hands already: then it is done, and its response says so.
    chained:  1
    data:     64  #: The bytes to store, in the low bytes.
    compare:  64  #: The value that COMPARE_EXCHANGE expects, in the low bytes.


class AccessResponse(data.Struct):
    """Outcome of one access."""

    #: The bytes read, in the low bytes, the rest zero. Unspecified after a write, 0 with a fault.
    data:     64
    physical: 52  #: Physical address of the first byte, if there was no fault.
    fault:    Fault  #: NONE, if it was done.
    error:    ErrorCode  #: Valid with a page fault.


class AccessSignature(wiring.Signature):
    """Accesses of the processor, seen from the processor.

    Requests may follow each other every cycle; each has one response, in order.

    Members
    -------
    request : :py:`Out(stream.Signature(AccessRequest))`
        Accesses to do.
    response : :py:`In(stream.Signature(AccessResponse))`
        Their outcomes.
    """

    def __init__(self):
        super().__init__({
            "request":  Out(stream.Signature(AccessRequest)),
            "response": In(stream.Signature(AccessResponse)),
        })

    def __eq__(self, other):
        return type(other) is type(self)

    def __repr__(self):
        return "AccessSignature()"


class ControlOp(enum.Enum, shape=unsigned(2)):
    """Privileged operation on the unit."""

    READ    = 0  #: Read a register.
    WRITE   = 1  #: Write a register.
    INVLPG  = 2  #: Forget the translations of the page that contains the linear address ``value``.
    INVPCID = 3  #: Forget those that ``pcid`` and ``linear`` name, in the way of type ``value``.


class Register(enum.Enum, shape=unsigned(4)):
    """Register behind the control port."""

    CR0      = 0
    CR2      = 2
    CR3      = 3
    CR4      = 4
    EFER     = 8
    RFLAGS   = 9   #: Only AC is kept: STAC and CLAC are writes of this register.
    PKRU     = 10  #: Rights that protection keys take away from user pages.
    PKRS     = 11  #: IA32_PKRS: ... from supervisor pages.
    FEATURES = 15  #: Read-only: :data:`hw.layout.Features`.


class ControlRequest(data.Struct):
    """One control operation."""

    op:       ControlOp
    register: Register
    value:    64  #: The value to write, the linear address of INVLPG, or the type of INVPCID.
    pcid:     64  #: INVPCID: bits 63 to 0 of its descriptor.
    linear:   64  #: INVPCID: bits 127 to 64.


class ControlResponse(data.Struct):
    """Outcome of one control operation."""

    value: 64  #: The value read.
    fault: 1   #: #GP(0): the architecture forbids the write; nothing was changed.


class ControlState(data.Struct):
    """The registers, as they are in this cycle. Those that the unit lacks are 0."""

    cr0:    64
    cr2:    64
    cr3:    64
    cr4:    64
    efer:   64
    ac:     1
    pkru:   32
    pkrs:   32
    pdpte0: 64
    pdpte1: 64
    pdpte2: 64
    pdpte3: 64


class ControlSignature(wiring.Signature):
    """Control operations, seen from the processor.

    An operation takes effect after every access requested before it has completed, and before any
    access requested after it.

    Members
    -------
    request : :py:`Out(stream.Signature(ControlRequest))`
        Operations to do.
    response : :py:`In(stream.Signature(ControlResponse))`
        Their outcomes, one each, in order.
    state : :py:`In(ControlState)`
        Present values, for observers.
    """

    def __init__(self):
        super().__init__({
            "request":  Out(stream.Signature(ControlRequest)),
            "response": In(stream.Signature(ControlResponse)),
            "state":    In(ControlState),
        })

    def __eq__(self, other):
        return type(other) is type(self)

    def __repr__(self):
        return "ControlSignature()"


class Events(data.Struct):
    """Strobes, each high for one cycle per event. For measurement.

    An access *looks up* its page in the TLB once, and if it crosses into a second page, that one
    too. Nothing is looked up without paging, nor of an access that is skipped or that ends in #GP;
    nor is the second page of one whose first page faults. A look-up is a ``hit``, ``hit_second`` or
    ``missed``, never two of them and never twice.
    """

    #: A look-up found a translation in the first level: of whatever rights, also if it then has to
    #: be searched or walked for the dirty bit, or if the access faults.
    hit:         1
    hit_second:  1  #: A look-up found none there, but one in the second level.
    missed:      1  #: A look-up found none, and a walk begins.
    walk_begun:  1  #: A walk begins: after a miss, or to set the dirty bit after a hit.
    walk_ended:  1  #: A walk ends, in a translation or in a page fault.
    #: Memory accepts a walk's read of a paging-structure entry, but for those of locked updates.
    entry_read:  1
    #: A locked update found the entry changed, and left it alone: the same walk starts at the root.
    walk_again:  1
    #: A walk set the accessed bit, which was clear, in an entry of level PT, PD, PDPT, PML4, PML5.
    accessed:    5
    dirtied:     1  #: A walk set the dirty bit, which was clear, in a leaf.
    filled:      1  #: A translation enters the first level: every search without a fault ends so.
    evicted:     1  #: A fill takes the place of another page's translation.
    #: A control-register write or INVPCID makes the TLB forget many translations, whether or not it
    #: holds any.
    flushed:     1
    #: INVLPG, or INVPCID of an address, if that is canonical, whether or not the TLB holds a
    #: translation of it.
    invalidated: 1
    dropped:     1  #: A page fault makes the TLB forget what it may hold of the faulting page.
    switched:    1  #: Another PCID is current: what the first level holds for the old one is gone.
    crossed:     1  #: An access, allowed on its first page, goes on to its second; also if PG = 0.
    page_fault:  1  #: An access ends in #PF.
    protection:  1  #: An access ends in #GP.
    refused:     1  #: A control operation raises #GP.
    bus_error:   1  #: Memory ends a transfer, of an access or of a walk, in an error.
    kept:        1  #: With ``filled``: the second level keeps the page that a walk has found, too.
    displaced:   1  #: A table takes a row of the second level in which a translation may be.
    expired:     1  #: The second level forgets a PCID: too many others were current since.
    swept:       1  #: The second level forgets everything, for it has used up its stamps.


class TlbUpdate(data.Struct):
    """Translations that the strobes of the TLB in :class:`Events` concern, in the same cycle.

    For observers. They mean nothing without such a strobe.

    The first level of the TLB holds pages of 4 KiB, and pieces of larger pages. All pieces go with
    a page that is invalidated or dropped. The second level holds whole pages of 4 KiB and of 2 MiB:
    of a piece that is ``kept``, the 2 MiB around it.
    """

    page:         52  #: Linear page number, sign-extended: filled, invalidated or dropped.
    pcid:         12  #: PCID of the translation, or the one whose translations are meant.
    frame:        40  #: Filled: frame of ``page``.
    large:        1   #: Filled: ``page`` is a piece of a larger page.
    rights:       Rights    #: Filled: rights of all levels together.
    dirty:        1   #: Filled: the dirty bit is set in memory.
    key:          4   #: Filled: protection key of the page.
    global_page:  1   #: Filled: it is global. Invalidated: global translations are meant, too.
    evicted_page: 52  #: Evicted: linear page number of the translation that is replaced.
    flush:        Flush  #: Flushed: those that are meant.
    row:          16  #: Kept or displaced: a number of the row, which no other row has.
