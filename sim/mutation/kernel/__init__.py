"""Mutants of the kernel: a function has the code of a changed source.

====================================  =========================================================
:mod:`sim.mutation.kernel.operators`  changes of syntax trees
:mod:`sim.mutation.kernel.mutants`    mutants, and how they become active
:mod:`sim.mutation.kernel.touched`    the functions of the kernel that something calls
:mod:`sim.mutation.kernel.scripts`    the kernel scripts
:mod:`sim.mutation.kernel.suite`      the tests of the kernel
:mod:`sim.mutation.kernel.run`        the checks
====================================  =========================================================
"""
