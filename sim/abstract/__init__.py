"""An abstract x86 MMU, and the question whether a recorded run is one of its runs.

The abstract machine is a third reading of the manual: it knows neither the gateware nor the golden
model, but the signals that were recorded. It is made of steps that it may do at any time: read an
entry, set A and D in a locked access, keep what was read, forget it. So it has all the runs that
the manual allows, and none that it forbids.

===========================  ====================================================================
:mod:`sim.abstract.paging`   paging modes and entries, as a walk comes by them
:mod:`sim.abstract.rights`   accesses that a translation allows
:mod:`sim.abstract.kept`     translations and tables that a processor may have kept
:mod:`sim.abstract.memory`   contents of memory, as far as they are known
:mod:`sim.abstract.mmu`      the abstract MMU of one processor, and its steps
:mod:`sim.abstract.check`    recorded runs, step by step
===========================  ====================================================================

Ref: Intel SDM Vol. 3A, chapter 4; after the abstract MMUs of Degenbaev, "Formal Specification of
the x86 Instruction Set Architecture", 2012, and of Kovalev, "TLB Virtualization in the Context of
Hypervisor Verification", 2013.
"""
