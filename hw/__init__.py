"""The machine: an x86 memory-management unit in Amaranth. Imports nothing else of this project.

====================  ==================================================================
:mod:`hw.config`      sizes and features of one unit
:mod:`hw.layout`      registers, paging-structure entries, error code, as packed layouts
:mod:`hw.bus`         ports towards the processor: accesses, control operations, events
:mod:`hw.wishbone`    port towards physical memory
:mod:`hw.physical`    physical addresses: how wide they are (pure functions)
:mod:`hw.linear`      linear addresses: canonical or not, indices, pages
:mod:`hw.permission`  who may access a page (pure functions)
:mod:`hw.reserved`    which bits of an entry must be zero (pure functions)
:mod:`hw.tlb`         translations remembered
:mod:`hw.updater`     locked compare-and-update of one entry
:mod:`hw.walker`      the walk from CR3 to a leaf
:mod:`hw.control`     control registers and what may be written to them
:mod:`hw.translator`  accesses in, physical addresses or faults out
:mod:`hw.lanes`       bytes in words of memory (pure functions)
:mod:`hw.transfer`    the physical transfers of an access, and its response
:mod:`hw.mmu`         the whole
:mod:`hw.presets`     configurations by name
:mod:`hw.arbiter`     one memory for several units
:mod:`hw.interrupts`  interrupts that processors send each other
:mod:`hw.demo`        a unit, its memory and a link to a computer, for an FPGA
====================  ==================================================================
"""


#: Tells this package from others of its name: see :func:`dragoncage.activate`.
DISTRIBUTION = "dragoncage"
