"""A bench for the unit as Verilog, under cocotb. Most of it fits other designs as well.

=================  ==========================================================
on the buses
:mod:`.ports`      streams and Wishbone, sampled once a cycle
:mod:`.drivers`    stream sources and sinks, a Wishbone target with memory
:mod:`.monitors`   what went over them
:mod:`.rules`      what must not happen there, as pure functions
of the unit
:mod:`.payloads`   requests and responses as integers
:mod:`.bench`      the unit with all this around it
random scenes
:mod:`.spaces`     paging structures
:mod:`.sequences`  operations
:mod:`.script`     operations played on the golden machine in advance
:mod:`.burst`      the same on the unit, back to back, scored
:mod:`.stale`      one access at a time, with edits that nobody flushes
coverage
:mod:`.coverage`   bins, what is missing, the report
:mod:`.conditions` the bins of the unit
:mod:`.looks`      what decides an access, as memory has it
:mod:`.observer`   from what happens to the bins
runs
:mod:`.cases`      what cocotb runs
:mod:`.flaws`      a unit with flaws; :mod:`.flaw_cases` runs it
:mod:`.simulators` building and running, from the host
:mod:`.reports`    what a run tells its host
:mod:`.texts`      accesses and cycles in words
:mod:`.campaign`   a command for long runs
=================  ==========================================================
"""
