"""Bins that a configuration of the unit cannot reach, each with the reason."""

from dataclasses import dataclass

from hw.config import MmuConfig


__all__ = ["Reachability", "no_alignment"]


NO_LONG_MODE = "there is no 4-level paging"
NO_PAE       = "there is no PAE paging"
NO_LA57      = "there is no 5-level paging"
NO_NX        = "there is no execute-disable bit"
NO_SMEP      = "there is no SMEP"
NO_SMAP      = "there is no SMAP"
NO_PGE       = "there are no global pages"
NO_PSE       = "there are no 4 MiB pages"
NO_PCID      = "there are no PCIDs"
NO_INVPCID   = "there is no INVPCID"
NO_GIGABYTE  = "there are no 1 GiB pages"
NO_PKU       = "user pages have no protection keys"
NO_PKS       = "supervisor pages have no protection keys"

#: Events of the second level of the TLB.
OF_SECOND_LEVEL = ("hit_second", "kept", "displaced", "expired", "swept")


@dataclass(frozen=True)
class Reachability:
    """Reasons why a configuration cannot reach a bin; None for a bin that it can."""

    config: MmuConfig

    def mode(self, mode: str) -> str | None:
        """Reason why there is no such paging mode."""
        config  = self.config
        lacking = {"5-level": (config.la57, NO_LA57), "4-level": (config.long_mode, NO_LONG_MODE),
                   "PAE": (config.pae, NO_PAE)}
        exists, reason = lacking.get(mode, (True, ""))
        return None if exists else reason

    def size(self, mode: str, size: str) -> str | None:
        """Reason why there are no such pages."""
        if size == "4M" and not self.config.pse:
            return NO_PSE
        if size == "1G" and not self.config.gigabyte_pages:
            return NO_GIGABYTE
        return self.mode(mode)

    def reserved(self) -> str | None:
        """Reason why no entry can be malformed."""
        reason = "entries of 32-bit paging have reserved bits in 4 MiB pages only"
        return None if self.config.wide_entries or self.config.pse else reason

    def bit(self, bit: str) -> str | None:
        """Reason why a bit of an entry or a register cannot be set."""
        config = self.config
        features = {
            "SMEP=1": (config.smep, NO_SMEP), "SMAP=1": (config.smap, NO_SMAP),
            "PGE=1":  (config.pge, NO_PGE),   "PSE=1":  (config.pse, NO_PSE),
            "NXE=1":  (config.nx, NO_NX),     "XD=1":   (config.nx, NO_NX),
            "PCIDE=1": (config.pcid, NO_PCID),
            "PKE=1":  (config.pku, NO_PKU),   "PKS=1":  (config.pks, NO_PKS),
        }
        exists, reason = features.get(bit, (True, ""))
        return None if exists else reason

    def bits(self, *bits: str) -> str | None:
        """Reason why one of several bits cannot be set."""
        return next(filter(None, map(self.bit, bits)), None)

    def ending(self, kind: str, privilege: str, ending: str) -> str | None:
        """Reason why an access cannot end so."""
        config = self.config
        if ending == "#GP" and not config.long_mode:
            return "outside long mode every address is canonical"
        if ending == "reserved":
            return self.reserved()
        if ending == "rights" and privilege != "user":
            if kind == "fetch" and not (config.smep or config.nx):
                return "nothing forbids the supervisor to fetch"
            if kind == "read" and not (config.smap or config.keys):
                return "nothing forbids the supervisor to read"
        return None

    # Coverpoints

    def no_entry_bit(self, mode: str, level: str, bit: str) -> str | None:
        """Reason why no entry of a level has this bit."""
        if (reason := self.mode(mode)) or (reason := self.bit(bit)):
            return reason
        large = "1G" if level == "PDPTE" else "4M" if (mode, level) == ("32-bit", "PDE") else ""
        if large and bit[0] in "DG" and (reason := self.size(mode, large)):
            return reason
        if large == "1G" and bit == "PS=1":
            return self.size(mode, large)
        if large == "4M" and bit == "RSVD=1":
            return self.reserved()
        return None

    def no_defect(self, mode: str, level: str, defect: str) -> str | None:
        """Reason why no entry of a level is missing, or malformed, in this way."""
        if (reason := self.mode(mode)):
            return reason
        if defect == "address" and self.config.maxphyaddr == 52:
            return "physical addresses have all 52 bits"
        if (level, defect) == ("PDPTE", "PS") and self.config.gigabyte_pages:
            return "there are 1 GiB pages"
        if (level, defect) == ("PDPTE", "page address"):
            return self.size(mode, "1G")
        return self.reserved() if mode == "32-bit" and defect == "page address" else None

    def no_error(self, present: str, write: str, user: str, reserved: str,
                 fetch: str, key: str) -> str | None:
        """Reason why no page fault has this error code."""
        if key == "PK=1" and (present, reserved, fetch) != ("P=1", "RSVD=0", "I/D=0"):
            return "a key stops data accesses to a page that there is"
        if key == "PK=1" and not self.config.keys:
            return "there are no protection keys"
        if (present, reserved) == ("P=0", "RSVD=1"):
            return "RSVD is told of present entries only"
        if (write, fetch) == ("W=1", "I/D=1"):
            return "no fetch is a write"
        if fetch == "I/D=1" and not (self.config.smep or self.config.nx):
            return "I/D needs SMEP or NXE"
        if (present, write, user, reserved, fetch) == ("P=1", "W=0", "U=0", "RSVD=0", "I/D=0"):
            if key == "PK=0" and self.config.keys and not self.config.smap:
                return "nothing but a key forbids the supervisor to read"
            return self.ending("read", "supervisor", "rights")
        return self.reserved() if reserved == "RSVD=1" else None

    def no_key(self, register: str, *rest: str) -> str | None:
        """Reason why the register does not judge any page."""
        return self.bit({"PKRU": "PKE=1", "PKRS": "PKS=1"}[register])

    def no_nx(self, nxe: str, xd: str, *rest: str) -> str | None:
        """Reason why no walk of 8-byte entries meets these values of NXE and XD."""
        if not self.config.wide_entries:
            return NO_LONG_MODE
        return self.bits(nxe, xd)

    def no_crossing(self, kind: str, ending: str) -> str | None:
        """Reason why no access to two pages ends so."""
        return self.reserved() if ending == "second reserved" else None

    def no_event(self, event: str) -> str | None:
        """Reason why no strobe tells of this event."""
        if event == "bus_error":
            return "all of memory answers"
        if event in OF_SECOND_LEVEL and not self.config.second_entries:
            return "the TLB has one level"
        if event in ("expired", "swept"):
            return "a round is too short to use up the PCIDs and the stamps of the second level"
        if event == "switched":
            return self.bit("PCIDE=1")
        if event == "accessed PML5":
            return self.mode("5-level")
        if event in ("accessed PDPT", "accessed PML4"):
            return self.mode("4-level")
        return self.ending("read", "user", "#GP") if event == "protection" else None

    def no_operation(self, register: str, ending: str) -> str | None:
        """Reason why no operation on a register, or INVPCID, ends so."""
        if ending == "not canonical":
            return self.ending("read", "user", "#GP")
        if register in ("CR2", "RFLAGS") and ending == "refused":
            return "every value may be written"
        if register == "INVPCID" and ending != "refused" and not self.config.invpcid:
            return NO_INVPCID
        if register in ("PKRU", "PKRS") and ending == "written":
            return self.no_key(register)
        if register == "FEATURES" and ending == "written":
            return "the register is read-only"
        if register == "CR3" and ending == "refused" and not self.config.wide_entries:
            return "outside long mode every value may be written"
        return None


def no_alignment(kind: str, size: str, alignment: str) -> str | None:
    """Reason why an access of this size cannot be aligned so, or None."""
    if size == "1" and alignment != "aligned":
        return "a byte is always aligned"
    return "eight bytes fill a word" if (size, alignment) == ("8", "in a word") else None
