"""The command line, one module a subcommand.

A module of a subcommand has ``add(commands)``, which adds its arguments to the command line, and a
function ``NAME_command(args) -> int``, whose docstring is its help, and whose value is the exit
status.

=============================  ==============================================
:mod:`sim.cli.main`            what all subcommands have in common
:mod:`sim.cli.usage`           readers of arguments, and errors of one line
:mod:`sim.cli.parser`          a parser of the words of a command
:mod:`sim.cli.choice`          choice of a scenario and of a machine
:mod:`sim.cli.switches`        the option ``--set``, which several have
:mod:`sim.cli.workers`         options of work that several do
:mod:`sim.cli.again`           commands that show again what a run showed
:mod:`sim.cli.duration`        length of a run, from the same one before
:mod:`sim.cli.telling`         a report, told as the run goes on
:mod:`sim.cli.watching`        progress of a run of which nothing is told before its end
:mod:`sim.cli.moment`          a moment of a run, played up to and looked at
:mod:`sim.cli.run`             ``run``: plays scenarios
:mod:`sim.cli.listing`         ``list``: scenarios, and presets of the unit
:mod:`sim.cli.walk`            ``walk``: page tables, in any cycle of a run
:mod:`sim.cli.matrix`          ``matrix``: plays every way to write
:mod:`sim.cli.script`          ``script``: plays kernel scripts, and compares with Linux
:mod:`sim.cli.explore`         ``explore``: searches the schedules of a race
:mod:`sim.cli.litmus`          ``litmus``: plays litmus tests of page tables
:mod:`sim.cli.conform`         ``conform``: compares recorded runs with an abstract MMU
:mod:`sim.cli.lab`             ``lab``: makes a page in which scenarios are played
:mod:`sim.cli.prompt`          ... in it, a prompt for ``walk``
:mod:`sim.cli.requests`        ... and all that it asks for
:mod:`sim.cli.access`          ``access``: runs access vectors
:mod:`sim.cli.compare`         ``compare``: runs them on processors of others
:mod:`sim.cli.sweep`           ``sweep``: compares unit and rules in every combination
:mod:`sim.cli.coverage`        ``coverage``: counts the conditions of each rule that were met
:mod:`sim.cli.mutate`          ``mutate``: tries small changes that a check must notice
:mod:`sim.cli.prove`           ``prove``: proves formal properties of the unit
:mod:`sim.cli.bench`           ``bench``: measures the engines
:mod:`sim.cli.machines`        ``machines``: compiles machines for other computers
:mod:`sim.cli.verilog`         ``verilog``: writes the design as Verilog
:mod:`sim.cli.boards`          ``boards``: lists the boards
:mod:`sim.cli.build`           ``build``: makes a bitstream
:mod:`sim.cli.program`         ``program``: loads a bitstream into a board
:mod:`sim.cli.simulate_board`  ``simulate-board``: simulates a board
=============================  ==============================================
"""
