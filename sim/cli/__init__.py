"""The command line, one module a subcommand.

A module of a subcommand has ``add(commands)``, which adds its arguments to the command line, and a
function ``NAME_command(args) -> int``, whose docstring is its help, and whose value is the exit
status.

=============================  ====================================="""
