"""Switches: parts of a machine and its kernel that one may want otherwise, by name.

``unit.smap=0 machine.latency=20 kernel.wp=0`` is a unit without SMAP, a memory that takes 20 cycles
for each transfer, and a kernel that leaves CR0.WP clear.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from hw.config import MmuConfig
from sw.arch.x86.include.asm.cpufeatures import (
    X86_FEATURE_GBPAGES, X86_FEATURE_INVPCID, X86_FEATURE_NX, X86_FEATURE_PCID, X86_FEATURE_PGE,
    X86_FEATURE_PSE, X86_FEATURE_SMAP, X86_FEATURE_SMEP,
)


__all__ = ["SWITCHES", "Switch", "Switches"]


#: Features that the kernel can do without, though the unit has them, by their switches.
FEATURES: Mapping[str, int] = {
    "smep": X86_FEATURE_SMEP, "smap": X86_FEATURE_SMAP, "nx": X86_FEATURE_NX,
    "pge": X86_FEATURE_PGE, "pse": X86_FEATURE_PSE, "gbpages": X86_FEATURE_GBPAGES,
    "pcid": X86_FEATURE_PCID, "invpcid": X86_FEATURE_INVPCID,
}

#: Units of a number of bytes.
UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


@dataclass(frozen=True)
class Switch:
    """One switch.

    Attributes
    ----------
    name : :class:`str`
        Its group and its own name, such as "unit.smap".
    meaning, default : :class:`str`
        In words.
    least, most : :class:`int`
        Values that it can have.
    size : :class:`bool`
        A number of bytes, in which KiB, MiB and GiB may be used.
    """

    name:    str
    meaning: str
    default: str
    least:   int  = 0
    most:    int  = 1
    size:    bool = False

    def read(self, text: str) -> int:
        """The value in a text. Raises :class:`ValueError`."""
        found = re.fullmatch(r"(\d{1,15})(KiB|MiB|GiB|)", text)
        value = int(found[1]) * UNITS[found[2]] if found else -1
        if not found or found[2] and not self.size or not self.least <= value <= self.most:
            numbers = "0 or 1" if self.most == 1 else f"a number from {self.least} to {self.most}"
            raise ValueError(f'{self.name} is {numbers}, not "{text[:40]}"')
        return value


#: The fields of :class:`hw.config.MmuConfig` that one machine can have either way.
_UNIT = (
    Switch("unit.maxphyaddr",     "bits of a physical address", "the preset's", 32, 52),
    Switch("unit.tlb_entries",    "translations of the TLB, level 1", "the preset's", 2, 1 << 12),
    Switch("unit.block_ram",      "that level in block RAM", "the preset's"),
    Switch("unit.second_entries", "pages in its second level", "the preset's", 0, 1 << 15),
    Switch("unit.directory_entries", "page-directory entries there", "the preset's", 2, 1 << 15),
    Switch("unit.reference_entries", "entries of each level above", "the preset's", 2, 1 << 15),
    Switch("unit.outstanding",    "physical transfers in flight", "the preset's", 1, 1 << 8),
    Switch("unit.long_mode",      "4-level paging", "the preset's"),
    Switch("unit.gigabyte_pages", "pages of 1 GiB", "the preset's"),
    Switch("unit.pse",            "pages of 4 MiB, CR4.PSE", "the preset's"),
    Switch("unit.pge",            "global translations, CR4.PGE", "the preset's"),
    Switch("unit.nx",             "execute-disable, EFER.NXE", "the preset's"),
    Switch("unit.smep",           "CR4.SMEP", "the preset's"),
    Switch("unit.smap",           "CR4.SMAP, STAC and CLAC", "the preset's"),
    Switch("unit.pae",            "PAE paging, CR4.PAE without EFER.LME", "the preset's"),
    Switch("unit.la57",           "5-level paging, CR4.LA57", "the preset's"),
    Switch("unit.pcid",           "process-context identifiers, CR4.PCIDE", "the preset's"),
    Switch("unit.invpcid",        "INVPCID", "the preset's"),
    Switch("unit.pku",            "keys of user pages, CR4.PKE", "the preset's"),
    Switch("unit.pks",            "keys of supervisor pages, CR4.PKS", "the preset's"),
)

_MACHINE = (
    Switch("machine.latency", "cycles from a transfer to its response", "1", 1, 5000),
    Switch("machine.ram",     "bytes of memory, such as 8MiB", "16MiB", 1 << 18, 1 << 36, True),
    Switch("machine.highmem", "of it out of the linear map, 32bit or pae",
           "half of it", 0, 1 << 32, True),
    Switch("machine.cpus",    "processors; some stories leave them idle", "1", 1, 32),
)

_KERNEL = (
    Switch("kernel.wp",      "the kernel sets CR0.WP", "1"),
    Switch("kernel.smep",    "it uses SMEP; 0: nosmep, clearcpuid=smep", "1"),
    Switch("kernel.smap",    "it uses SMAP; 0: nosmap, clearcpuid=smap", "1"),
    Switch("kernel.nx",      "it uses XD; 0: noexec=off, clearcpuid=nx", "1"),
    Switch("kernel.pge",     "it uses global pages; 0: clearcpuid=pge", "1"),
    Switch("kernel.pse",     "it uses pages of 4 MiB; 0: clearcpuid=pse", "1"),
    Switch("kernel.pcid",    "it uses PCIDs; 0: nopcid", "1"),
    Switch("kernel.invpcid", "it uses INVPCID; 0: noinvpcid", "1"),
    Switch("kernel.gbpages", "it uses pages of 1 GiB; 0: nogbpages", "1"),
)

#: All switches by name, in the order of the help.
SWITCHES: Mapping[str, Switch] = {
    switch.name: switch for switch in (*_UNIT, *_MACHINE, *_KERNEL)}


@dataclass(frozen=True)
class Switches:
    """Values of some switches, by name; what is not named stays as it is."""

    values: tuple[tuple[str, int], ...] = ()

    @classmethod
    def parse(cls, words: Iterable[str]) -> "Switches":
        """Values from words such as "unit.smap=0", of which the last of a name counts.

        Raises :class:`ValueError`, whose message is one line for whoever wrote them.
        """
        values: dict[str, int] = {}
        for word in words:
            name, equals, text = word.partition("=")
            switch = SWITCHES.get(name)
            if switch is None or not equals:
                raise ValueError(f'"{word[:40]}" is no switch: write NAME=VALUE, with a name '
                                 "that --set help lists")
            values[name] = switch.read(text)
        return cls(tuple(values.items()))

    def __str__(self) -> str:
        return " ".join(f"{name}={value}" for name, value in self.values)

    def of(self, group: str) -> dict[str, int]:
        """Values of one group, "unit", "machine" or "kernel", by the names within it."""
        return {name.removeprefix(f"{group}."): value for name, value in self.values
                if name.startswith(f"{group}.")}

    def unit(self, config: MmuConfig) -> MmuConfig:
        """The configuration with these values. Raises :class:`ValueError` if there is none."""
        kinds = {field.name: field.type for field in fields(MmuConfig)}
        return replace(config, **{name: bool(value) if kinds[name] is bool else value
                                  for name, value in self.of("unit").items()})

    def kernel(self) -> dict[str, Any]:
        """Parameters of :class:`sw.vmlinux.Kernel`."""
        given = self.of("kernel")
        clear = sum(feature for name, feature in FEATURES.items() if given.get(name) == 0)
        found: dict[str, Any] = {"clearcpuid": clear} if clear else {}
        return found | ({"write_protect": False} if given.get("wp") == 0 else {})
