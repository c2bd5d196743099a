"""Sentences of the manual, part by part.

They are written from the manual alone: neither the gateware nor the golden model was consulted.

================================  ==============================================================
:mod:`sim.proofs.manual.rights`   access rights, protection keys, error codes
:mod:`sim.proofs.manual.entries`  reserved bits, and entries that map a page
:mod:`sim.proofs.manual.linear`   canonical addresses, and where the entry of one is
:mod:`sim.proofs.manual.control`  writes of control registers, and INVPCID: faults, loads
================================  ==============================================================
"""
