"""The machine: an x86 memory-management unit in Amaranth. Imports nothing else of this project.

======================= ==================================================================
:mod:`hw.config`        sizes and features of one unit
:mod:`hw.layout`        registers, paging-structure entries, error code, as packed layouts
:mod:`hw.bus`           ports towards the processor: accesses, control operations, events
:mod:`hw.wishbone`      ports towards physical memory
:mod:`hw.physical`      width of physical addresses (pure functions)
:mod:`hw.linear`        linear addresses: canonical or not, indices, pages
:mod:`hw.permission`    access rights to a page (pure functions)
:mod:`hw.reserved`      leaves, and bits of an entry that must be zero (pure functions)
:mod:`hw.translation`   types that pass between the blocks below
:mod:`hw.tlb`           translation lookaside buffer
:mod:`hw.updater`       locked compare-and-update of one entry
:mod:`hw.verdict`       verdict on an entry, and what a walk that ends at it responds
:mod:`hw.walker`        the walk from CR3 to a leaf
:mod:`hw.pdpte`         loading of the PDPTE registers of PAE paging
:mod:`hw.legality`      writes of control registers that are forbidden (pure functions)
:mod:`hw.invalidation`  translations that a control operation makes the TLB forget
:mod:`hw.control`       control registers
:mod:`hw.translator`    accesses in, physical addresses or faults out
:mod:`hw.signals`       local signals that belong together
:mod:`hw.lanes`         bytes in words of memory (pure functions)
:mod:`hw.queue`         queues in the kind of memory that the FPGA has
:mod:`hw.transfer`      physical transfers of an access, and its response
:mod:`hw.mmu`           the whole
:mod:`hw.presets`       configurations by name
:mod:`hw.arbiter`       one memory for several units
:mod:`hw.interrupts`    interrupts that processors send each other
:mod:`hw.adapters`      other buses towards memory: 32 bits wide, classic
:mod:`hw.demo`          a unit, its memory and a link to a computer, for an FPGA
:mod:`hw.boards`        FPGA boards, and that system on their pins
======================= ==================================================================
"""


#: Tells this package from others of its name: see :func:`dragoncage.activate`.
DISTRIBUTION = "dragoncage"
