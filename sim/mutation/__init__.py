"""Mutants of the unit and of the kernel, and the checks that must notice them.

A mutant is the project with one small change that nobody wanted. A check that fails on it has
killed it. One that nothing kills shows what no check looks at, unless it is equivalent: then it
does what the project does.

=============================  ================================================================
:mod:`sim.mutation.mutant`     a mutant of any part, and a draw of several
:mod:`sim.mutation.results`    the result of one mutant
:mod:`sim.mutation.forked`     a check in a process of its own, which may hang or crash
:mod:`sim.mutation.suite`      tests of the project as checks
:mod:`sim.mutation.run`        checks on many mutants, on workers, with a journal
:mod:`sim.mutation.survivors`  sentences about mutants that nothing kills
:mod:`sim.mutation.report`     results as text and as JSON
:mod:`sim.mutation.unit`       mutants of the unit, and checks of them
:mod:`sim.mutation.kernel`     mutants of the kernel, and checks of them
:mod:`sim.mutation.parts`      the parts that there are mutants of
=============================  ================================================================
"""
