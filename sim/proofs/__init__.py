"""Formal properties of the gateware, and their proofs: `dragoncage prove`.

Yosys translates a part of the gateware into a formula, beside sentences about it, and a solver
looks for values with which a sentence is not true. It needs the extra ``proofs``.

==================================  ==============================================================
:mod:`sim.proofs.design`            designs as formulas, and the solver
:mod:`sim.proofs.proof`             sentences, proofs of them, counterexamples
:mod:`sim.proofs.property`          a property: what is proven, how, and what came of it
:mod:`sim.proofs.registry`          all properties, by name
:mod:`sim.proofs.report`            outcomes as text and as JSON
:mod:`sim.proofs.waves`             counterexamples as waveforms
:mod:`sim.proofs.manual`            sentences of the manual
:mod:`sim.proofs.accesses`          accesses in the words of the manual
:mod:`sim.proofs.rights`            properties of ``hw/permission.py``
:mod:`sim.proofs.entries`           of ``hw/reserved.py``
:mod:`sim.proofs.linear`            of ``hw/linear.py``
:mod:`sim.proofs.legality`          of ``hw/legality.py``
:mod:`sim.proofs.current_pcid`      of ``hw/control.py``
:mod:`sim.proofs.pdpte`             of ``hw/pdpte.py``
:mod:`sim.proofs.updater`           of ``hw/updater.py``
:mod:`sim.proofs.walker_watch`      a walker, and the walk that it does
:mod:`sim.proofs.walker_kept`       ... and what it keeps of that
:mod:`sim.proofs.walker`            of ``hw/walker.py``
:mod:`sim.proofs.translator`        of ``hw/translator.py``
:mod:`sim.proofs.places`            ... where accesses go
:mod:`sim.proofs.first_level`       of ``hw/tlb/first.py`` and ``block.py``
:mod:`sim.proofs.first_level_ways`  ... that it has one translation of a page, whatever it was told
:mod:`sim.proofs.second_level`      of ``hw/tlb/second.py``
:mod:`sim.proofs.rows`              memories whose rows sentences can be about
:mod:`sim.proofs.stamp_use`         the user of a bank of stamps
:mod:`sim.proofs.stamps`            of ``hw/tlb/stamps.py``
:mod:`sim.proofs.stamp_promises`    of ``hw/tlb/tlb.py``: how it uses that bank
:mod:`sim.proofs.tlb`               of ``hw/tlb/tlb.py``: what it has forgotten
:mod:`sim.proofs.tlb_contents`      ... and what it has
:mod:`sim.proofs.opened`            the inside of components
:mod:`sim.proofs.streams`           streams on which what is offered stays
:mod:`sim.proofs.wishbone`          rules of the bus
:mod:`sim.proofs.transfers`         of ``hw/transfer.py``
:mod:`sim.proofs.responses`         ... what it responds
:mod:`sim.proofs.unit_watch`        the unit as a whole, with its blocks opened
:mod:`sim.proofs.unit`              of ``hw/mmu.py``
:mod:`sim.proofs.refinement`        ... that a hit is what a walk has found
==================================  ==============================================================
"""
