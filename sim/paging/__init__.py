"""Translations as of any cycle of a run: walks, and what the TLB thinks instead.

==========================  ===================================================
:mod:`sim.paging.kernel`    the kernel's records of an address: mapping, frame
:mod:`sim.paging.walk`      one address: its entries, rights, verdicts and TLB
:mod:`sim.paging.map`       all addresses: what is mapped, in regions
:mod:`sim.paging.versions`  how a walk changes in the course of a run
:mod:`sim.paging.decision`  the bits that decide a refusal
:mod:`sim.paging.flags`     the bits of an entry in words
:mod:`sim.paging.text`      walks and maps as text
:mod:`sim.paging.json`      walks and maps as JSON
==========================  ===================================================
"""
