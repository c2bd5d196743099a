"""Golden model: a second reading of the manual's paging chapter, in plain Python.

It shares no constant and no logic with the gateware, so that a mistake must be made twice to pass.

===============================  ==============================================================
:mod:`sim.golden.state`          control registers, and the features of a machine
:mod:`sim.golden.memory`         sparse physical memory
:mod:`sim.golden.reserved`       form of the entries: levels, leaves, reserved bits
:mod:`sim.golden.pdpte`          the four PDPTE registers of PAE paging, and their loads
:mod:`sim.golden.keys`           protection keys, and the registers that give them rights
:mod:`sim.golden.permission`     rights of a page, and the error code of a fault
:mod:`sim.golden.walk`           one walk, as a pure function
:mod:`sim.golden.control`        writes of control registers: legal or not, and what they flush
:mod:`sim.golden.invpcid`        INVPCID: legal operands, and what they flush
:mod:`sim.golden.tlb`            cached translations, with no limit
:mod:`sim.golden.mmu`            the golden machine: all of these, and whole accesses
:mod:`sim.golden.possibilities`  every way in which an access may end, by what may be cached
:mod:`sim.golden.stale`          all outcomes that are allowed while translations may be stale
:mod:`sim.golden.permitted`      ... step by step, by what was seen of the steps before alone
:mod:`sim.golden.bus`            a golden machine as the kernel sees it
:mod:`sim.golden.processors`     several of them on one memory
:mod:`sim.golden.stepwise`       ... whose page walks can be interrupted
===============================  ==============================================================
"""
