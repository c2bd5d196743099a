"""Litmus tests of page tables: small programs on several processors, in all schedules.

What a test may end in is known twice: by axioms, which know of no machine, and by the units, which
know of no axioms.

=============================  ====================================================================
:mod:`sim.litmus.test`         tests: instructions, what is in memory at first, conditions
:mod:`sim.litmus.text`         tests as text
:mod:`sim.litmus.parser`       ... and read
:mod:`sim.litmus.playable`     tests that can be played: what is refused of others
:mod:`sim.litmus.library`      tests that come with the project
:mod:`sim.litmus.shape`        tests without names
:mod:`sim.litmus.enumeration`  all small tests, up to names
:mod:`sim.litmus.runs`         runs of one processor, whatever it may have read
:mod:`sim.litmus.candidates`   candidate executions: who may have read what
:mod:`sim.litmus.axioms`       which of them the axioms allow, and to which machine
:mod:`sim.litmus.layout`       places in memory
:mod:`sim.litmus.program`      a test as programs on buses
:mod:`sim.litmus.step`         steps of a run, and which commute
:mod:`sim.litmus.schedules`    all schedules, up to commuting steps
:mod:`sim.litmus.examine`      a test in all schedules, compared with the axioms
:mod:`sim.litmus.golden`       tests on golden processors
:mod:`sim.litmus.units`        tests on units
:mod:`sim.litmus.machines`     machines by name, with a flaw or without
:mod:`sim.litmus.campaign`     many tests
:mod:`sim.litmus.report`       what they have shown, as text and as JSON
=============================  ====================================================================
"""
