"""An audit of a kernel that has come to rest: every reference has a holder, and no lock has one.

It looks at the kernel's own records, which costs the machine nothing. Whoever holds a reference on
a frame either maps it, which the frame counts, or is an object that the kernel's variables lead to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from sw.arch.x86.include.asm.page import virt_to_page
from sw.arch.x86.mm.highmem_32 import highmem_areas
from sw.include.linux.cpumask import cpu_online_mask
from sw.include.linux.fs import file, files_struct
from sw.include.linux.mm_types import folio_pages, mm_struct, page
from sw.include.linux.sched import task_struct
from sw.kconfig import kconfig
from sw.kernel.locking.rwsem import rw_semaphore
from sw.kernel.locking.spinlock import spinlock_t
from sw.kernel.pid import init_pid_ns
from sw.kernel.sched.sched import runqueues
from sw.mm.init_mm import init_mm
from sw.mm.memory.mem_map import mem_map
from sw.processor.cpu import Cpu
from sw.variables import per_cpu_ptr


__all__ = ["audit", "is_at_rest"]


T = TypeVar("T")

#: What leads to no object of the kernel's.
_ENDS = (Cpu, str, bytes, int, float, bool, type(None), type)


def is_at_rest(cpu: Cpu) -> bool:
    """Tell whether no processor but ``cpu`` executes anything, so that nothing is half done."""
    others = [per_cpu_ptr(runqueues, other) for other in cpu_online_mask(cpu) if other is not cpu]
    return all(work.sleeping and not work.programs for work in others)


def _parts(thing: Any) -> Iterator[Any]:
    """Objects that an object leads to at once."""
    if isinstance(thing, dict):
        yield from thing.keys()
        yield from thing.values()
    elif isinstance(thing, list | tuple | set | frozenset):
        yield from thing
    elif is_dataclass(thing):
        # Tables that are put by for the splits of huge pages are among those of their root.
        yield from (getattr(thing, part.name) for part in fields(thing)
                    if part.name != "pmd_huge_pte")
    elif type(thing).__module__.startswith("sw."):
        yield from vars(thing).values()


class _Records:
    """All objects that the variables of a kernel lead to; and how often each page is named.

    The records of the frames are no holders, neither of the frames nor of what owns these.
    """

    def __init__(self, cpu: Cpu):
        variables = [value for variable, value in cpu.gs_base.image.items()
                     if variable is not mem_map]
        areas  = [value for other in cpu_online_mask(cpu) for value in other.gs_base.values()]
        self.named: Counter[page] = Counter()
        self._seen: dict[int, Any] = {}
        waiting = variables + areas
        while waiting:
            thing = waiting.pop()
            if isinstance(thing, page):
                self.named[thing] += 1
            elif not isinstance(thing, _ENDS) and id(thing) not in self._seen:
                self._seen[id(thing)] = thing
                waiting += _parts(thing)

    def of(self, kind: type[T]) -> list[T]:
        """Objects of one kind."""
        return [thing for thing in self._seen.values() if isinstance(thing, kind)]


def _complain(what: str, refs: int, holders: int) -> str:
    return f"{what}: {refs} references, {holders} holders"


def _locks(records: _Records) -> Iterator[str]:
    for lock in records.of(spinlock_t):
        if lock.holder is not None:
            yield f"a spinlock is held by processor {lock.holder.number}"
    for sem in records.of(rw_semaphore):
        if sem.readers or sem.writer is not None:
            yield "a semaphore is held"


def _windows(records: _Records) -> Iterator[str]:
    for task in records.of(task_struct):
        if task.kmap_ctrl.pteval:
            yield f"a page is mapped locally for task {task.pid}"
    for areas in records.of(highmem_areas):
        if any(count > 1 for count in areas.pkmap_count):
            yield "a page is mapped in the pkmap window"


def _frames(cpu: Cpu, records: _Records) -> Iterator[str]:
    """Complaints about frames. The roots of address spaces are known by their linear addresses."""
    if not kconfig(cpu).paging.X86_PAE:
        for mm in records.of(mm_struct):
            if mm is not init_mm(cpu) and mm.mm_count:
                records.named[virt_to_page(cpu, mm.pgd)] += 1
    for frame in mem_map(cpu).values():
        if frame.compound_head is not None:
            continue  # the first one counts
        holders = frame.entire_mapcount + sum(pg.mapcount + records.named[pg]
                                              for pg in folio_pages(frame))
        if frame.refcount != holders:
            yield _complain(f"frame {frame.pfn:#x}", frame.refcount, holders)


def _address_spaces(cpu: Cpu, records: _Records) -> Iterator[str]:
    tasks = records.of(task_struct)
    # A file of /proc has an address space for its data, or in them.
    data   = [filp.private_data for filp in records.of(file) if filp.f_count]
    opened = data + [part for thing in data if is_dataclass(thing) for part in _parts(thing)
                     if not isinstance(thing, mm_struct)]
    for mm in records.of(mm_struct):
        if mm is init_mm(cpu):
            continue
        users   = sum(task.mm is mm for task in tasks)
        lazy    = sum(task.mm is None and task.active_mm is mm for task in tasks)
        holders = bool(mm.mm_users) + lazy + sum(part is mm for part in opened)
        names   = ", ".join(str(task.pid) for task in tasks if task.mm is mm) or "none that lives"
        if mm.mm_users != users:
            yield _complain(f"memory of tasks {names}", mm.mm_users, users)
        if mm.mm_count != holders:
            yield _complain(f"address space of tasks {names}", mm.mm_count, holders)


def _files(cpu: Cpu, records: _Records) -> Iterator[str]:
    tasks   = init_pid_ns(cpu).tasks.values()
    tables  = records.of(files_struct)
    holders = Counter(id(filp) for table in tables for filp in table.fdt.values())
    holders.update(id(vma.vm_file) for mm in records.of(mm_struct) for vma in mm.mmap)
    for table in tables:
        users = sum(task.files is table for task in tasks)
        if table.count != users:
            yield _complain("a table of descriptors", table.count, users)
    for filp in records.of(file):
        if filp.f_count != holders[id(filp)]:
            yield _complain("an open file", filp.f_count, holders[id(filp)])


def audit(cpu: Cpu) -> None:
    """Check a kernel that is at rest. Raises :class:`AssertionError` with the first complaints."""
    records    = _Records(cpu)
    complaints = [*_locks(records), *_windows(records), *_frames(cpu, records),
                  *_address_spaces(cpu, records), *_files(cpu, records)]
    assert not complaints, "BUG: left over: " + "; ".join(complaints[:4])
