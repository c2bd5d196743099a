"""Mutants of the unit and of the kernel, and the checks that must notice them.

A mutant is the project with one small change that nobody wanted. A check that fails on it has
killed it. One that nothing kills shows what no check looks at, unless it is equivalent: then it
does what the project does.

====================================  ===========================================================
:mod:`sim.mutation.results`           what has become of a mutant
:mod:`sim.mutation.forked`            a check in a process of its own, which may hang or crash
:mod:`sim.mutation.suite`             tests of the project as checks
:mod:`sim.mutation.run`               checks on many mutants, on workers, with a journal
:mod:`sim.mutation.report`            results as text and as JSON
:mod:`sim.mutation.survivors`         what is known of mutants that nothing kills
:mod:`sim.mutation.parts`             the parts that there are mutants of
:mod:`sim.mutation.unit.mutants`      mutants of the unit, drawn by Yosys in its RTLIL
:mod:`sim.mutation.unit.machine`      ... all in one compiled design
:mod:`sim.mutation.unit.sequences`    random sequences with one right outcome
:mod:`sim.mutation.unit.suite`        the tests of the unit, on a mutant
:mod:`sim.mutation.unit.proof`        proofs that a mutant is equivalent
:mod:`sim.mutation.unit.run`          the checks
:mod:`sim.mutation.kernel.operators`  changes of a syntax tree
:mod:`sim.mutation.kernel.mutants`    mutants of the kernel, as other code of its functions
:mod:`sim.mutation.kernel.touched`    the functions of the kernel that something calls
:mod:`sim.mutation.kernel.scripts`    the kernel scripts, on a mutant
:mod:`sim.mutation.kernel.suite`      the tests of the kernel, on a mutant
:mod:`sim.mutation.kernel.run`        the checks
====================================  ===========================================================
"""
