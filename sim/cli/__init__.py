"""The subcommands, one module each.

A module has ``add(commands)``, which adds its grammar to the command line, and a function
``NAME_command(args) -> int``, whose docstring is its help, and whose value is the exit status.

=============================  ===========================================
:mod:`sim.cli.main`            what all commands have in common
:mod:`sim.cli.usage`           mistakes in a command
:mod:`sim.cli.run`             ``run``: play scenarios
:mod:`sim.cli.listing`         ``list``: scenarios and presets
:mod:`sim.cli.access`          ``access``: do access vectors
:mod:`sim.cli.bench`           ``bench``: measure the engines
:mod:`sim.cli.verilog`         ``verilog``: write the design as Verilog
:mod:`sim.cli.boards`          ``boards``: list the boards
:mod:`sim.cli.build`           ``build``: make a bitstream
:mod:`sim.cli.program`         ``program``: load it
:mod:`sim.cli.simulate_board`  ``simulate-board``: a board without a board
=============================  ===========================================
"""
