"""Mutants of the unit: single bits of its logic are changed, all in one compiled design.

===================================  ==========================================================
:mod:`sim.mutation.unit.mutants`     mutants, which Yosys draws in the unit's RTLIL
:mod:`sim.mutation.unit.machine`     the compiled unit with its mutants
:mod:`sim.mutation.unit.cases`       cases of the sweep, by walks and by hits
:mod:`sim.mutation.unit.sequences`   random sequences with one right outcome
:mod:`sim.mutation.unit.regression`  the regression under cocotb, on a compiled unit
:mod:`sim.mutation.unit.suite`       the tests of the unit
:mod:`sim.mutation.unit.proof`       proofs that a mutant changes nothing
:mod:`sim.mutation.unit.run`         the checks
===================================  ==========================================================
"""
