"""Adapters between the unit's port towards memory and other forms of Wishbone.

==========================  ======================================================
:mod:`hw.adapters.width`    64 bits wide to 32
:mod:`hw.adapters.classic`  pipelined mode to standard mode
:mod:`hw.adapters.unit`     the unit behind those that a bus needs
==========================  ======================================================

The members of all buses are called as in amaranth-soc: ``wiring.connect`` takes a port of
:class:`hw.wishbone.ClassicSignature` together with one of ``amaranth_soc.wishbone.Signature`` with
the features ``err`` and ``lock`` and a granularity of 8, and a pipelined one with ``stall`` too.
"""
