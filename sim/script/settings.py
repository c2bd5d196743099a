"""Settings of a kernel that a script may want otherwise, and those of this machine's Linux."""

from collections.abc import Mapping
from pathlib import Path

from sim.switches import SWITCHES, Switches


__all__ = ["GROUPS", "another", "read_settings"]


#: Groups of switches that scripts have.
GROUPS = ("kernel", "vm")

#: Where Linux tells them.
_PLACES: Mapping[str, Path] = {
    "kernel.yama.ptrace_scope": Path("/proc/sys/kernel/yama/ptrace_scope"),
    "kernel.transparent_hugepage": Path("/sys/kernel/mm/transparent_hugepage/enabled"),
    "kernel.fault_around_bytes": Path("/sys/kernel/debug/fault_around_bytes"),
    "vm.overcommit_memory": Path("/proc/sys/vm/overcommit_memory"),
    "vm.overcommit_ratio": Path("/proc/sys/vm/overcommit_ratio"),
    "vm.nr_hugepages": Path("/proc/sys/vm/nr_hugepages"),
}

#: Those that a script names among its needs.
_NEEDS: Mapping[str, str] = {"kernel.vdso": "vdso", "vm.nr_hugepages": "hugetlb"}


def read_settings(table: Mapping[str, object]) -> Switches:
    """Settings in a table of a script. Raises :class:`ValueError`."""
    flat = dict(_flat("", table))
    for name in flat:
        if name in SWITCHES and name.partition(".")[0] not in GROUPS:
            raise ValueError(f"{name} is none of the kernel's; a script has those alone")
        if name in _NEEDS:
            raise ValueError(f'{name}: write needs = ["{_NEEDS[name]}"] instead')
    return Switches.parse((f"{name}={value}" for name, value in flat.items()), GROUPS)


def _flat(prefix: str, table: Mapping[str, object]) -> list[tuple[str, object]]:
    """Values of a table and of those in it, by their names with dots."""
    found: list[tuple[str, object]] = []
    for key, value in table.items():
        name   = prefix + key
        found += _flat(f"{name}.", value) if isinstance(value, dict) else [(name, value)]
    return found


def another(switches: Switches) -> str:
    """Tell what this machine's Linux has otherwise than ``switches``; "" if nothing."""
    for name, value in switches.values:
        found = _here(name)
        if found is None:
            return f"{name}={value}, which this machine does not tell"
        if found != str(value):
            return f"{name}={value}, and this machine has {found}"
    return ""


def _here(name: str) -> str | None:
    """This machine's value."""
    try:
        text = _PLACES[name].read_text(encoding="utf-8").strip()
    except (KeyError, OSError):
        return None
    # A choice is told as "always [madvise] never".
    return text.partition("[")[2].partition("]")[0] or text
