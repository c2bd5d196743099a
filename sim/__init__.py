"""Ties the machine and the kernel together, runs them, and judges what the signals show.

From the ground up; each room knows only those above it in this table:

=======================  ==============================================================
:mod:`sim.errors`        errors of a machine that every room can meet
:mod:`sim.memory`        physical memory
:mod:`sim.schedule`      time slices of several processors
:mod:`sim.golden`        the machine in plain Python: a second reading of the manual
:mod:`sim.output`        files that appear whole or not at all, and progress
:mod:`sim.toolchain`     programs of others: compilers, Yosys, Verilator; the cache
:mod:`sim.verilog`       the design as Verilog
:mod:`sim.record`        what happened on the ports: trace, claims, waveforms
:mod:`sim.paging`        translations as of any cycle: entries, rights, the TLB
:mod:`sim.abstract`      an abstract MMU, and whether a recorded run is one of its runs
:mod:`sim.engines`       ways of making the machine run
:mod:`sim.machine`       memory, unit, processor and kernel together
:mod:`sim.switches`      parts of a machine that one may want otherwise, by name
:mod:`sim.boards`        bitstreams, and simulated boards
:mod:`sim.vectors`       access vectors: what is done on a machine that a line describes
:mod:`sim.oracles`       processors of others, on which vectors are run and compared
:mod:`sim.benchmark`     measurements of the engines
:mod:`sim.coverage`      the conditions of each rule of paging, and which were met
:mod:`sim.verification`  testbenches of Verilog under cocotb, and the unit's regression
:mod:`sim.scenario`      stories played on a machine, and the claims that they make
:mod:`sim.scenarios`     those that come with the project
:mod:`sim.explore`       races, and searches of their schedules for a bad outcome
:mod:`sim.litmus`        litmus tests of page tables on several processors
:mod:`sim.sweep`         every combination of the bits that decide an access
:mod:`sim.proofs`        formal properties of the unit, and their proofs
:mod:`sim.script`        kernel scripts, played on our kernel and on a real Linux
:mod:`sim.mutation`      mutants of the unit and of the kernel, and what kills them
:mod:`sim.matrix`        every way to write, against every kind of memory
:mod:`sim.perfetto`      a run as a file for Perfetto, the viewer of traces
:mod:`sim.page`          the page of a run, in which a reader sees what happened
:mod:`sim.lab`           a page in which a visitor plays scenarios
:mod:`sim.cli`           the command line, one module a subcommand
=======================  ==============================================================
"""


#: Tells this package from others of its name: see :func:`dragoncage.activate`.
DISTRIBUTION = "dragoncage"
