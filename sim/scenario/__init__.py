"""Scenarios: stories played on a machine, and the claims that they make.

All that the author of a scenario needs is imported from here; docs/scenarios.md says how to write
one. The names are of these kinds:

- the stage and what is on it: :class:`Stage`, :class:`User`, :class:`Act`, :class:`Claim`,
  :class:`Step`, :class:`Cpu`, :class:`TimeSlice`;
- what claims are judged on: :class:`Trace` with its :class:`AccessFilter`, :class:`Interval`,
  :class:`AccessRecord`, :class:`TransferRecord`, :class:`State`;
- judges, and what they return and raise: :class:`Verdict`, :class:`Unproven`; :func:`all_of` joins
  verdicts;
- what ``stage.walk`` and ``stage.address_map`` return, as text: :func:`as_text` and
  :func:`map_as_text`;
- words for verdicts of one's own: :func:`describe`, :func:`addresses`, :func:`wanted`,
  :func:`when`;
- what ends a system call or an instruction otherwise than by success: :class:`KernelError` with
  its :class:`Errno`, :class:`Signal`, :class:`Killed`, :class:`KernelOops`;
- constants of the unit (:class:`AccessKind`, :class:`Fault`, :class:`ControlOp`,
  :class:`Register`) and of the kernel, by the names that Linux gives them.

============================  ====================================================
:mod:`sim.scenario.runner`    runs, each in the process where its engine can run
:mod:`sim.scenario.scenario`  scenarios, from a module to a run
:mod:`sim.scenario.assembly`  the machine for one: wanted, chosen, and switched
:mod:`sim.scenario.run`       the result of a run
:mod:`sim.scenario.listener`  who hears how a run goes
:mod:`sim.scenario.export`    files that are made of a run
:mod:`sim.scenario.module`    the form of such a module
:mod:`sim.scenario.acts`      acts, steps and claims
:mod:`sim.scenario.stage`     what a scenario plays on, which takes them down
:mod:`sim.scenario.checks`    checks of what a scenario gives to its stage
:mod:`sim.scenario.look`      page walks and maps of the machine on the stage
:mod:`sim.scenario.watch`     what a scenario awaits while it plays
:mod:`sim.scenario.failure`   how a run ends before its time
:mod:`sim.scenario.mistakes`  what the author of a scenario has to mend, and where
:mod:`sim.scenario.report`    a run as text, act by act
:mod:`sim.scenario.json`      runs as JSON
============================  ====================================================
"""

from hw.bus import ControlOp, Register
from hw.layout import AccessKind, Fault
from sim.paging.text import as_text, map_as_text
from sim.record.claims import (
    ac_brackets, both_in_tlb, control_done, each, each_under, executed, faulted, loaded, no_event,
    no_fault, no_request, not_executed, set_by_walker, state_throughout, stored_through,
)
from sim.record.coherence import interrupted, no_stale_access, nothing_lost, updates, written_back
from sim.record.interval import ALWAYS, Interval
from sim.record.records import AccessRecord, State, TransferRecord
from sim.record.trace import AccessFilter, Trace
from sim.record.verdict import Unproven, Verdict, all_of
from sim.record.words import addresses, describe, wanted, when
from sim.schedule import TimeSlice
from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.errno import Errno, KernelError
from sw.include.linux.fs import (
    O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY, SEEK_CUR, SEEK_END, SEEK_SET,
)
from sw.include.linux.mman import (
    MAP_ANONYMOUS, MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_GROWSDOWN, MAP_PRIVATE, MAP_SHARED,
    PROT_EXEC, PROT_NONE, PROT_READ, PROT_WRITE,
)
from sw.include.linux.ptrace import PTRACE_ATTACH, PTRACE_DETACH, PTRACE_SEIZE
from sw.include.linux.signal_types import (
    BUS_ADRERR, SEGV_ACCERR, SEGV_MAPERR, SIGBUS, SIGKILL, SIGSEGV, SIGTERM, Killed, Signal,
)
from sw.kernel.fork.clone import CLONE_FILES, CLONE_SIGHAND, CLONE_THREAD, CLONE_VM
from sw.kernel.panic import KernelOops
from sw.processor.cpu import Cpu
from sw.user import User

from .acts import Act, Claim, Step
from .stage import Stage


__all__ = [
    "ALWAYS", "BUS_ADRERR", "CLONE_FILES", "CLONE_SIGHAND", "CLONE_THREAD", "CLONE_VM",
    "MAP_ANONYMOUS", "MAP_FIXED", "MAP_FIXED_NOREPLACE", "MAP_GROWSDOWN", "MAP_PRIVATE",
    "MAP_SHARED", "O_APPEND", "O_CREAT", "O_EXCL", "O_RDONLY", "O_RDWR", "O_TRUNC", "O_WRONLY",
    "PAGE_SIZE", "PROT_EXEC", "PROT_NONE", "PROT_READ", "PROT_WRITE", "PTRACE_ATTACH",
    "PTRACE_DETACH", "PTRACE_SEIZE", "SEEK_CUR", "SEEK_END", "SEEK_SET", "SEGV_ACCERR",
    "SEGV_MAPERR", "SIGBUS", "SIGKILL", "SIGSEGV", "SIGTERM",
    "AccessFilter", "AccessKind", "AccessRecord", "Act", "Claim", "ControlOp", "Cpu", "Errno",
    "Fault", "Interval", "KernelError", "KernelOops", "Killed", "Register", "Signal", "Stage",
    "State", "Step", "TimeSlice", "Trace", "TransferRecord", "Unproven", "User", "Verdict",
    "ac_brackets", "addresses", "all_of", "as_text", "both_in_tlb", "control_done", "describe",
    "each", "each_under", "executed", "faulted", "interrupted", "loaded", "map_as_text",
    "no_event", "no_fault", "no_request", "no_stale_access", "not_executed", "nothing_lost",
    "set_by_walker", "state_throughout", "stored_through", "updates", "wanted", "when",
    "written_back",
]
