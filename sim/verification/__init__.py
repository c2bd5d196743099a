"""A bench for the unit as Verilog, under cocotb. Most of it fits other designs as well.

=================  ==========================================================
on the buses
:mod:`.ports`      streams and Wishbone, sampled once a cycle
:mod:`.drivers`    stream sources and sinks, a Wishbone target with memory
:mod:`.monitors`   what went over them
:mod:`.rules`      what must not happen there, as pure functions
of the unit
:mod:`.payloads`   requests and responses as integers
:mod:`.testbench`      the unit with all this around it
random scenes
:mod:`.tables`     paging structures
:mod:`.stimulus`  operations
:mod:`.sequence`     operations played on the golden machine in advance
:mod:`.burst`      the same on the unit, back to back, scored
:mod:`.stale`      one access at a time, with edits that nobody flushes
coverage
:mod:`.coverage`   bins, what is missing, the report
:mod:`.coverpoints` the bins of the unit
:mod:`.walks`      what decides an access, as memory has it
:mod:`.collector`   from what happens to the bins
runs
:mod:`.rounds`      what cocotb runs
:mod:`.flaws`      a unit with flaws; :mod:`.flaw_rounds` runs it
:mod:`.simulation` building and running, from the host
:mod:`.runs`    what a run tells its host
:mod:`.texts`      accesses and cycles in words
:mod:`.campaign`   a command for long runs
=================  ==========================================================
"""
