"""Every combination of the bits that decide an access, on the unit and by the rules.

From the ground up:

=========================  ========================================================================
:mod:`sim.sweep.spaces`    the cases, and their numbers
:mod:`sim.sweep.tables`    the paging structures of a case, and the case as an access vector
:mod:`sim.sweep.rules`     outcomes by the manual, of thousands of cases at once, on arrays
:mod:`sim.sweep.sample`    the same by the golden model, case by case, to compare
:mod:`sim.sweep.pins`      the unit as a sweep uses it
:mod:`sim.sweep.netlist`   the unit as gates, and as C++ that computes many units with a word
:mod:`sim.sweep.unit`      these units compiled, and what they do with a block of cases
:mod:`sim.sweep.block`     a block of cases on the units and by the rules, and the differences
:mod:`sim.sweep.smallest`  a difference made smaller
:mod:`sim.sweep.state`     results in a file, so that a sweep goes on where it was
:mod:`sim.sweep.run`       a sweep: its parts, and what workers have found in them
:mod:`sim.sweep.report`    what a sweep has found, as text and as JSON
=========================  ========================================================================
"""
