"""Switches: parts of a machine and its kernel that one may want otherwise, by name.

``unit.smap=0 machine.latency=20 kernel.wp=0`` is a unit without SMAP, a memory that takes 20 cycles
for each transfer, and a kernel that leaves CR0.WP clear. What Linux has as a sysctl has its name.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from hw.config import MmuConfig
from sw.arch.x86.include.asm.cpufeatures import (
    X86_FEATURE_GBPAGES, X86_FEATURE_INVPCID, X86_FEATURE_NX, X86_FEATURE_PCID, X86_FEATURE_PGE,
    X86_FEATURE_PSE, X86_FEATURE_SMAP, X86_FEATURE_SMEP,)

from .output.names import others


__all__ = ["GROUPS", "PARAMETERS", "SWITCHES", "Switch", "Switches"]


#: All groups of switches.
GROUPS = ("unit", "machine", "kernel", "vm")

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
    words : :class:`tuple` of :class:`str`
        Words that it can have instead of a number.
    """

    name:    str
    meaning: str
    default: str
    least:   int  = 0
    most:    int  = 1
    size:    bool = False
    words:   tuple[str, ...] = ()

    def read(self, text: str) -> int | str:
        """The value in a text. Raises :class:`ValueError`."""
        if text in self.words:
            return text
        if self.words:
            raise ValueError(f'{self.name} is {" or ".join(self.words)}, not "{text[:40]}"')
        found = re.fullmatch(r"(\d{1,15})(KiB|MiB|GiB|)", text)
        value = int(found[1]) * UNITS[found[2]] if found else -1
        if not found or found[2] and not self.size or not self.least <= value <= self.most:
            numbers = "0 or 1" if self.most == 1 else f"a number from {self.least} to {self.most}"
            raise ValueError(f'{self.name} is {numbers}, not "{text[:40]}"')
        return value


#: The fields of :class:`hw.config.MmuConfig` that one machine can have either way.
_UNIT = (
    Switch("unit.maxphyaddr",     "bits of a physical address", "preset's", 32, 52),
    Switch("unit.tlb_entries",    "translations of the TLB, level 1", "preset's", 2, 1 << 12),
    Switch("unit.block_ram",      "that level in block RAM", "preset's"),
    Switch("unit.second_entries", "pages in its second level", "preset's", 0, 1 << 15),
    Switch("unit.directory_entries", "page-directory entries there", "preset's", 2, 1 << 15),
    Switch("unit.reference_entries", "entries of each level above", "preset's", 2, 1 << 15),
    Switch("unit.outstanding",    "physical transfers in flight", "preset's", 1, 1 << 8),
    Switch("unit.long_mode",      "4-level paging", "preset's"),
    Switch("unit.gigabyte_pages", "pages of 1 GiB", "preset's"),
    Switch("unit.pse",            "pages of 4 MiB, CR4.PSE", "preset's"),
    Switch("unit.pge",            "global translations, CR4.PGE", "preset's"),
    Switch("unit.nx",             "execute-disable, EFER.NXE", "preset's"),
    Switch("unit.smep",           "CR4.SMEP", "preset's"),
    Switch("unit.smap",           "CR4.SMAP, STAC and CLAC", "preset's"),
    Switch("unit.pae",            "PAE paging, CR4.PAE, no EFER.LME", "preset's"),
    Switch("unit.la57",           "5-level paging, CR4.LA57", "preset's"),
    Switch("unit.pcid",           "process-context ids, CR4.PCIDE", "preset's"),
    Switch("unit.invpcid",        "INVPCID", "preset's"),
    Switch("unit.pku",            "keys of user pages, CR4.PKE", "preset's"),
    Switch("unit.pks",            "keys of supervisor pages, CR4.PKS", "preset's"),
)

_MACHINE = (
    Switch("machine.latency", "cycles from transfer to response", "1", 1, 5000),
    Switch("machine.ram",     "bytes of memory, such as 8MiB", "16MiB", 1 << 18, 1 << 36, True),
    Switch("machine.highmem", "outside the linear map, 32bit or pae",
           "half of it", 0, 1 << 32, True),
    Switch("machine.cpus",    "processors; some may have no work", "1", 1, 32),
)

_KERNEL = (
    Switch("kernel.wp",      "it sets CR0.WP", "1"),
    Switch("kernel.smep",    "SMEP; 0: nosmep, clearcpuid=smep", "1"),
    Switch("kernel.smap",    "SMAP; 0: nosmap, clearcpuid=smap", "1"),
    Switch("kernel.nx",      "XD; 0: noexec=off, clearcpuid=nx", "1"),
    Switch("kernel.pge",     "global pages; 0: clearcpuid=pge", "1"),
    Switch("kernel.pse",     "pages of 4 MiB; 0: clearcpuid=pse", "1"),
    Switch("kernel.pcid",    "PCIDs; 0: nopcid", "1"),
    Switch("kernel.invpcid", "INVPCID; 0: noinvpcid", "1"),
    Switch("kernel.gbpages", "pages of 1 GiB; 0: nogbpages", "1"),
    Switch("kernel.vdso",    "programs get a vDSO; vdso=", "0"),
    Switch("kernel.transparent_hugepage", "mappings with huge pages", "madvise",
           words=("always", "madvise", "never")),
    Switch("kernel.fault_around_bytes", "what a read of a file maps", "4KiB", 1 << 12, 1 << 22,
           True),
    Switch("kernel.yama.ptrace_scope", "who may trace, by Yama", "no Yama", 0, 3),
)

_VM = (
    Switch("vm.overcommit_memory", "how much memory is promised", "uncounted", 0, 2),
    Switch("vm.overcommit_ratio",  "percent of all, if that is 2", "50", 0, 1000),
    Switch("vm.nr_hugepages",      "pages of 2 MiB for MAP_HUGETLB", "0", 0, 1 << 15),
)

#: Parameters of the kernel that have a switch's value, by the switches.
PARAMETERS: Mapping[str, str] = {
    "kernel.vdso": "vdso", "kernel.transparent_hugepage": "transparent_hugepage",
    "kernel.fault_around_bytes": "fault_around_bytes",
    "kernel.yama.ptrace_scope": "yama_ptrace_scope",
    "vm.overcommit_memory": "overcommit_memory", "vm.overcommit_ratio": "overcommit_ratio",
    "vm.nr_hugepages": "hugepages",
}

#: All switches by name, in the order of the help.
SWITCHES: Mapping[str, Switch] = {
    switch.name: switch for switch in (*_UNIT, *_MACHINE, *_KERNEL, *_VM)}


@dataclass(frozen=True)
class Switches:
    """Values of some switches, by name; what is not named stays as it is."""

    values: tuple[tuple[str, int | str], ...] = ()

    @classmethod
    def parse(cls, words: Iterable[str], groups: Sequence[str] = GROUPS, *,
              where: str = "--set help lists all") -> "Switches":
        """Values from words such as "unit.smap=0", of which the last of a name counts.

        Raises :class:`ValueError`, whose message is one line for whoever wrote them. It names
        switches of ``groups``, and ``where`` all can be found.
        """
        values: dict[str, int | str] = {}
        for word in words:
            name, equals, text = word.partition("=")
            switch = SWITCHES.get(name)
            if switch is None:
                known = [one for one in SWITCHES if one.partition(".")[0] in groups]
                raise ValueError(f'there is no switch "{name[:40]}"; {others(name, known, where)}')
            if not equals:
                raise ValueError(f"{name} has no value: write {name}=VALUE")
            values[name] = switch.read(text)
        return cls(tuple(values.items()))

    def __str__(self) -> str:
        return " ".join(f"{name}={value}" for name, value in self.values)

    def over(self, below: "Switches") -> "Switches":
        """These values, and those of ``below`` that are not among them."""
        return Switches(tuple((dict(below.values) | dict(self.values)).items()))

    def of(self, group: str) -> dict[str, Any]:
        """Values of one group by the names within it."""
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
        if given.get("wp") == 0:
            found["write_protect"] = False
        return found | {PARAMETERS[name]: value for name, value in self.values
                        if name in PARAMETERS}
