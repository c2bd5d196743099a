"""A kernel on a golden machine whose memory holds rubbish at reset."""

from collections.abc import Collection, Coroutine, Sequence
from typing import Any, NamedTuple

import pytest

from sim.golden.bus import GoldenBus
from sw.arch.x86.include.asm.current import pcpu_hot
from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.arch.x86.include.asm.pgtable_types import (
    PAGING_32, PAGING_64, PAGING_64_L5, PAGING_PAE, Paging, vm_get_page_prot,
)
from sw.arch.x86.include.asm.tlbflush import tlb_context
from sw.arch.x86.kernel.setup_percpu import setup_per_cpu_areas
from sw.arch.x86.mm.pgtable import pgd_alloc
from sw.arch.x86.mm.tlb import (
    cpu_tlbstate, cpu_tlbstate_shared, init_new_context, switch_mm,
)
from sw.bus import BURST_LENGTH, Access, Fault, Kind, Register, Response
from sw.era import ERA_6_X
from sw.include.linux.mm import VM_MAYEXEC, VM_MAYREAD, VM_MAYWRITE
from sw.include.linux.mm_types import mm_struct, vm_area_struct
from sw.include.linux.sched import task_struct
from sw.include.linux.signal_types import SIG_HANDLER, SIGSEGV
from sw.init.main import start_kernel
from sw.kconfig import kconfig
from sw.kernel.cred import cred
from sw.kernel.pid import init_pid_ns
from sw.kernel.sched.sched import runqueues
from sw.processor.cpu import Cpu
from sw.variables import per_cpu_ptr, this_cpu_ptr
from sw.vmlinux import Kernel


__all__ = [
    "EACH_PAGING", "FRAMES", "ROOT", "TABLE", "RecordingBus", "add_vma", "booted", "executing",
    "features_for", "flat", "idle_task", "is_lazy", "loaded_context", "loaded_mm", "memory",
    "new_mm", "page_in", "paged", "processor", "run", "user_task",
]


EACH_PAGING = pytest.mark.parametrize(
    "paging", [PAGING_64, PAGING_32, PAGING_PAE, PAGING_64_L5], ids=lambda paging: paging.name)


#: Tables in low memory: a root, one table, and frames for its pages. 32-bit, pages 0 to 15.
ROOT, TABLE, FRAMES = 0x1000, 0x2000, 0x10
PRESENT, WRITABLE, USER = 1, 2, 4


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Result of a coroutine that never waits: the golden machine answers at once."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("the golden machine made its processor wait")


class String(NamedTuple):
    """A string that was loaded or stored, as far as it came before a fault."""

    linear: int
    data:   bytes
    kind:   Kind
    user:   bool


class RecordingBus(GoldenBus):
    """A golden bus that remembers what was asked of it.

    Attributes
    ----------
    log : :class:`list` of :class:`tuple`
        Control operations: ``("invlpg", linear)``, ``("invpcid", kind, descriptor)`` or
        ``("write", register, value)``.
    done : :class:`list` of :class:`Access` and :class:`String`
        Accesses and strings, the faulting ones too.
    marks : :class:`list` of :class:`tuple`
        Stacks of functions.
    """

    def __init__(self, **features: Any) -> None:
        super().__init__(**features)
        self.log:   list[tuple[Any, ...]] = []
        self.done:  list[Access | String]  = []
        self.marks: list[tuple[str, ...]] = []

    def note(self, operation: Access | String) -> None:
        """Remember what has been done."""
        self.done.append(operation)

    def do(self, access: Access) -> Response:
        response = super().do(access)
        self.note(access)
        return response

    async def load_string(self, linear: int, count: int, *,
                          user: bool) -> tuple[bytes, Fault | None]:
        assert 0 < count <= BURST_LENGTH
        data, fault = await super().load_string(linear, count, user=user)
        self.note(String(linear, data, Kind.READ, user))
        return data, fault

    async def store_string(self, linear: int, data: bytes, *,
                           user: bool) -> tuple[int, Fault | None]:
        assert 0 < len(data) <= BURST_LENGTH
        done, fault = await super().store_string(linear, data, user=user)
        self.note(String(linear, data[:done], Kind.WRITE, user))
        return done, fault

    async def write_control(self, register: Register, value: int) -> None:
        self.log.append(("write", register, value))
        await super().write_control(register, value)

    async def invlpg(self, linear: int) -> None:
        self.log.append(("invlpg", linear))
        await super().invlpg(linear)

    async def invpcid(self, kind: int, descriptor: int) -> None:
        self.log.append(("invpcid", kind, descriptor))
        await super().invpcid(kind, descriptor)

    def mark(self, stack: Sequence[str]) -> None:
        self.marks.append(tuple(stack))


def features_for(paging: Paging) -> dict[str, bool]:
    """Features of the golden machine without which a kernel does not start.

    With 5-level paging comes INVPCID, as on all processors that have it.
    """
    if paging.X86_PAE:
        return {"pae": True}
    five = len(paging.shifts) == 5
    return dict.fromkeys(("la57", "invpcid"), True) if five else {}


def processor(paging: Paging = PAGING_64, ram_bytes: int = 1 << 20, *, era: Any = ERA_6_X,
              highmem_bytes: int | None = None, proc_mem_force_override: str = "always",
              transparent_hugepage: str = "madvise", hugepages: int = 0, clearcpuid: int = 0,
              write_protect: bool = True, yama_ptrace_scope: int | None = None,
              fault_around_bytes: int = PAGE_SIZE, vdso: bool = False,
              overcommit_memory: int | None = None, **features: Any) -> Cpu:
    """Make a processor out of reset, with a kernel that has not started."""
    bus = RecordingBus(**features_for(paging) | features)
    for frame in range(64):
        bus.mmu.memory.page(frame)[:] = b"\xa5" * PAGE_SIZE
    kernel = Kernel(paging, ram_bytes, era, highmem_bytes=highmem_bytes,
                    proc_mem_force_override=proc_mem_force_override,
                    transparent_hugepage=transparent_hugepage, hugepages=hugepages,
                    clearcpuid=clearcpuid,
                    write_protect=write_protect, yama_ptrace_scope=yama_ptrace_scope,
                    fault_around_bytes=fault_around_bytes, vdso=vdso,
                    overcommit_memory=overcommit_memory)
    return executing(kernel, Cpu(bus))


def executing(kernel: Kernel, cpu: Cpu) -> Cpu:
    """Give a processor the variables of a kernel, as :meth:`Kernel.boot` begins by doing."""
    setup_per_cpu_areas(kernel.image, [cpu])
    return cpu


def booted(paging: Paging = PAGING_64, ram_bytes: int = 1 << 20, **options: Any) -> Cpu:
    """Make a processor on which the kernel has started. What it did until then is forgotten."""
    cpu = processor(paging, ram_bytes, **options)
    run(start_kernel(cpu))
    cpu.bus.log.clear()
    cpu.bus.done.clear()
    cpu.bus.marks.clear()
    return cpu


def loaded_mm(cpu: Cpu) -> mm_struct | None:
    """Address space in CR3, as the kernel has noted it."""
    return per_cpu_ptr(cpu_tlbstate, cpu).loaded_mm


def loaded_context(cpu: Cpu) -> tlb_context:
    """Address space in CR3 as the TLB code numbers it, and the flushes done of it."""
    tlbstate = per_cpu_ptr(cpu_tlbstate, cpu)
    return tlbstate.ctxs[tlbstate.loaded_mm_asid]


def is_lazy(cpu: Cpu) -> bool:
    """True if the processor has borrowed that address space."""
    return per_cpu_ptr(cpu_tlbstate_shared, cpu).is_lazy


def idle_task(cpu: Cpu) -> task_struct:
    """Task of a processor that has nothing to do."""
    idle = per_cpu_ptr(runqueues, cpu).idle
    assert idle is not None
    return idle


def new_mm(cpu: Cpu) -> mm_struct:
    """Make an empty address space."""
    mm = mm_struct(run(pgd_alloc(cpu)))
    init_new_context(cpu, mm)
    return mm


def user_task(cpu: Cpu) -> mm_struct:
    """Make a task with an empty address space the current one. Returns the address space.

    It has a handler for SIGSEGV.
    """
    mm   = new_mm(cpu)
    task = task_struct(pid=1, tgid=1, comm="test", cred=cred(), mm=mm, active_mm=mm)
    task.sighand.action = {SIGSEGV: SIG_HANDLER}
    task.on_cpu = cpu
    init_pid_ns(cpu).tasks[1] = task
    this_cpu_ptr(cpu, pcpu_hot).current_task = task
    run(switch_mm(cpu, loaded_mm(cpu), mm))
    return mm


def add_vma(cpu: Cpu, mm: mm_struct, start: int, end: int, flags: int) -> vm_area_struct:
    """Add a private anonymous mapping."""
    flags |= VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC
    vma = vm_area_struct(mm, start, end, flags, vm_get_page_prot(kconfig(cpu).paging, flags))
    mm.mmap.append(vma)
    mm.mmap.sort(key=lambda other: other.vm_start)
    return vma


def flat() -> Cpu:
    """A processor with paging off."""
    return executing(Kernel(PAGING_32, 1 << 20, ERA_6_X), Cpu(RecordingBus()))


def paged(absent: Collection[int] = ()) -> Cpu:
    """A processor whose pages 0 to 15 are mapped to frames 16 to 31, but for ``absent``."""
    cpu = flat()
    run(cpu.store(ROOT, 4, TABLE | PRESENT | WRITABLE | USER))
    for number in range(16):
        entry = (FRAMES + number) << 12 | PRESENT | WRITABLE | USER
        run(cpu.store(TABLE + 4 * number, 4, 0 if number in absent else entry))
    run(cpu.write_cr(Register.CR3, ROOT))
    run(cpu.write_cr(Register.CR0, 1 << 31 | 1 << 16 | 1))
    return cpu


def memory(cpu: Cpu, linear: int, count: int) -> bytes:
    """Bytes behind linear addresses of ``paged``, or of physical ones of ``flat``."""
    shift = FRAMES if run(cpu.bus.read_control(Register.CR0)) >> 31 else 0
    return bytes(cpu.bus.mmu.memory.read((shift << 12) + linear + i, 1) for i in range(count))


def page_in(cpu: Cpu, number: int) -> None:
    """Map an absent page, behind the processor's back."""
    cpu.bus.mmu.memory.write(TABLE + 4 * number, 4,
                             (FRAMES + number) << 12 | PRESENT | WRITABLE | USER)
