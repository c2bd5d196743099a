"""Control state of one processor, and the features of the machine that it belongs to.

Ref: Intel SDM Vol. 3A, sections 2.5 "Control Registers", 2.2.1 "Extended Feature Enable
Register", 4.1 "Paging Modes and Control Bits", 4.10.1 "Process-Context Identifiers (PCIDs)".
"""

import enum
from dataclasses import dataclass, field


__all__ = [
    "CR0_CD", "CR0_ET", "CR0_NW", "CR0_PE", "CR0_PG", "CR0_WP",
    "CR4_LA57", "CR4_PAE", "CR4_PCIDE", "CR4_PGE", "CR4_PKE", "CR4_PKS", "CR4_PSE", "CR4_SMAP",
    "CR4_SMEP", "EFER_LMA", "EFER_LME", "EFER_NXE", "EFER_SCE", "RFLAGS_AC",
    "ControlState", "Features", "PagingMode",
]


CR0_PE = 1 <<  0
CR0_ET = 1 <<  4
CR0_WP = 1 << 16
CR0_NW = 1 << 29
CR0_CD = 1 << 30
CR0_PG = 1 << 31

CR4_PSE   = 1 <<  4
CR4_PAE   = 1 <<  5
CR4_PGE   = 1 <<  7
CR4_LA57  = 1 << 12
CR4_PCIDE = 1 << 17
CR4_SMEP  = 1 << 20
CR4_SMAP  = 1 << 21
CR4_PKE   = 1 << 22
CR4_PKS   = 1 << 24

EFER_SCE = 1 <<  0
EFER_LME = 1 <<  8
EFER_LMA = 1 << 10
EFER_NXE = 1 << 11

RFLAGS_AC = 1 << 18


class PagingMode(enum.Enum):
    """Ways of translating linear addresses (section 4.1.1)."""

    OFF         = "off"
    BITS_32     = "32-bit"
    PAE         = "PAE"
    FOUR_LEVELS = "4-level"
    FIVE_LEVELS = "5-level"


@dataclass(frozen=True, kw_only=True)
class Features:
    """Features of a machine, as CPUID enumerates them (section 4.1.4).

    Attributes
    ----------
    maxphyaddr : :class:`int`
        Width of a physical address in bits, 32 to 52.
    long_mode, gigabyte_pages, pse, pge, nx, smep, smap : :class:`bool`
        Features of the same names.
    pae : :class:`bool`
        PAE paging. Without it, CR4.PAE exists as a part of long mode only.
    la57, pcid, invpcid, pku, pks : :class:`bool`
        5-level paging, process-context identifiers, the instruction INVPCID, and protection keys
        for user pages and for supervisor pages.
    """

    maxphyaddr:     int  = 40
    long_mode:      bool = True
    gigabyte_pages: bool = True
    pse:            bool = True
    pge:            bool = True
    nx:             bool = True
    smep:           bool = True
    smap:           bool = True
    pae:            bool = False
    la57:           bool = False
    pcid:           bool = True
    invpcid:        bool = False
    pku:            bool = False
    pks:            bool = False

    def __post_init__(self) -> None:
        if not 32 <= self.maxphyaddr <= 52:
            raise ValueError(f"maxphyaddr must be 32 to 52 bits, not {self.maxphyaddr!r}")
        if self.nx and not (self.long_mode or self.pae):
            raise ValueError("nx needs long_mode or pae: 32-bit entries have no XD")
        for name in ("gigabyte_pages", "la57", "pcid", "pku", "pks"):
            if getattr(self, name) and not self.long_mode:
                raise ValueError(f"{name} needs long_mode")

    @property
    def features(self) -> int:
        """Value of the read-only FEATURES register."""
        return (
            self.pse << 4 | self.pae << 5 | self.pge << 7 | self.invpcid << 10 | self.nx << 11
            | self.la57 << 12 | self.pcid << 17 | self.smep << 20 | self.smap << 21
            | self.pku << 22 | self.pks << 24 | self.gigabyte_pages << 26 | self.long_mode << 29
            | self.maxphyaddr << 32
        )


@dataclass(frozen=True, kw_only=True)
class ControlState:
    """Registers that decide how an access is translated and checked.

    Attributes
    ----------
    machine : :class:`Features`
        Features.
    cr0, cr2, cr3, cr4, efer : :class:`int`
        Whole registers. The defaults are the values after reset.
    ac : :class:`bool`
        RFLAGS.AC.
    pkru, pkrs : :class:`int`
        PKRU and IA32_PKRS, 32 bits each.
    pdptes : :class:`tuple` of :class:`int`
        The four PDPTE registers. Only PAE paging uses them.
    """

    machine: Features = field(default_factory=Features)
    cr0:     int      = CR0_CD | CR0_NW | CR0_ET
    cr2:     int      = 0
    cr3:     int      = 0
    cr4:     int      = 0
    efer:    int      = 0
    ac:      bool     = False
    pkru:    int      = 0
    pkrs:    int      = 0
    pdptes:  tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def mode(self) -> PagingMode:
        """Paging mode that the registers select."""
        if not self.cr0 & CR0_PG:
            return PagingMode.OFF
        if self.efer & EFER_LMA:
            return PagingMode.FIVE_LEVELS if self.cr4 & CR4_LA57 else PagingMode.FOUR_LEVELS
        return PagingMode.PAE if self.cr4 & CR4_PAE else PagingMode.BITS_32

    @property
    def long_mode(self) -> bool:
        """IA-32e mode is active."""
        return bool(self.efer & EFER_LMA)

    @property
    def write_protect(self) -> bool:
        """CR0.WP: supervisor writes respect read-only pages."""
        return bool(self.cr0 & CR0_WP)

    @property
    def smep(self) -> bool:
        """CR4.SMEP."""
        return bool(self.cr4 & CR4_SMEP)

    @property
    def smap(self) -> bool:
        """CR4.SMAP."""
        return bool(self.cr4 & CR4_SMAP)

    @property
    def page_size_extensions(self) -> bool:
        """CR4.PSE."""
        return bool(self.cr4 & CR4_PSE)

    @property
    def global_pages(self) -> bool:
        """CR4.PGE."""
        return bool(self.cr4 & CR4_PGE)

    @property
    def no_execute(self) -> bool:
        """EFER.NXE."""
        return bool(self.efer & EFER_NXE)

    @property
    def pcid_enable(self) -> bool:
        """CR4.PCIDE."""
        return bool(self.cr4 & CR4_PCIDE)

    @property
    def pcid(self) -> int:
        """The current PCID, with which translations are cached: 0 while CR4.PCIDE = 0. Rule 32."""
        return self.cr3 & 0xfff if self.pcid_enable else 0

    @property
    def linear_mask(self) -> int:
        """Bits of a linear address that exist: 64 in long mode, else 32."""
        return (1 << 64) - 1 if self.long_mode else (1 << 32) - 1

    def canonical(self, linear: int) -> bool:
        """True if an access to ``linear`` does not end in #GP, as none does outside long mode."""
        return not self.long_mode or self.sign_extended(linear)

    def sign_extended(self, linear: int) -> bool:
        """True if ``linear`` extends the sign of its low 48 bits, or 57 with LA57. Rules 8, 37."""
        sign = 56 if self.cr4 & CR4_LA57 else 47
        return linear >> sign in (0, (1 << 64 - sign) - 1)
