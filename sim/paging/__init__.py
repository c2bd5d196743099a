"""Translations as of any cycle of a run: walks, and what the TLB thinks instead.

===========================  ================================================
:mod:`sim.paging.walk`       one address: its entries, rights, verdicts and TLB
:mod:`sim.paging.versions`   how it changes in the course of a run
:mod:`sim.paging.decision`   the bits that decide a refusal
:mod:`sim.paging.flags`      the bits of an entry in words
:mod:`sim.paging.text`       a walk as text
:mod:`sim.paging.json`       a walk as JSON
===========================  ================================================
"""
